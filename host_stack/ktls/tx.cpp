#include "host_stack/ktls/tx.h"

#include <cerrno>

#include "protocol/tcp_sequence.h"

namespace tlsnic::host {
Tx::~Tx() {
  close();
  release();
}

int Tx::install(const TxCryptoInfo& crypto_info) {
  if (!is_supported(crypto_info.base.keys)) return EINVAL;
  if (!is_available(crypto_info.base.keys.cipher)) return ENOENT;
  keys_ = crypto_info.base.keys;
  number_ = crypto_info.base.record_number;
  framing_ = RecordFraming(record_format(keys_.version, keys_.cipher), crypto_info.explicit_nonce);
  offload_result_ = device_.add(crypto_info.base, settings_.tls13_offload);
  hardware_ = offload_result_ == 0;
  if (!hardware_) aead_.emplace(keys_);
  stat_.increment(hardware_ ? TlsCounter::tx_device : TlsCounter::tx_sw);
  stat_.increment(hardware_ ? TlsCounter::curr_tx_device : TlsCounter::curr_tx_sw);
  counted_ = true;
  return 0;
}

int Tx::rekey(const TxCryptoInfo& crypto_info) {
  const TrafficKeys& keys = crypto_info.base.keys;
  const bool is_tls13 = keys_.version == TlsVersion::tls13;
  if (!is_tls13 || keys.version != keys_.version || keys.cipher != keys_.cipher) {
    stat_.increment(TlsCounter::tx_rekey_error);
    return is_tls13 ? EINVAL : EBUSY;
  }
  if (closed_at_) return EPIPE;
  if (hardware_) {
    if (open_.is_open() && !close_record(false, false)) return EBADMSG;
    if (!outgoing_.push(tcp_)) return EAGAIN;
  }
  const bool was_in_device = !aead_;
  keys_ = keys;
  number_ = crypto_info.base.record_number;
  numbers_used_up_ = false;
  aead_.emplace(keys_);
  stat_.increment(TlsCounter::tx_rekey_ok);
  if (was_in_device) {
    tcp_.fence();
    device_.end_records();
    rekeyed_at_ = tcp_.write_seq();
    rekey_to_device_ = true;
    clean_acked(tcp_.snd_una());
  }
  use_device_again();
  return 0;
}

// Completes a rekey as soon as the device is not needed for the old key any more.
void Tx::use_device_again() {
  if (!rekey_to_device_ || rekeyed_at_) return;
  rekey_to_device_ = false;
  device_.remove();
  offload_result_ = device_.add({keys_, number_}, settings_.tls13_offload);
  if (offload_result_ == 0)
    aead_.reset();
  else
    device_.forget_records();
}

int Tx::set_max_payload(std::size_t size) {
  const std::size_t least = keys_.version == TlsVersion::tls13 ? 63 : 64;
  if (!hardware_ && open_.is_open()) return EBUSY;
  if (size < least || size > max_record_plaintext) return EINVAL;
  max_payload_ = size;
  return 0;
}

bool Tx::write_space() {
  return outgoing_.push(tcp_);
}

void Tx::clean_acked(std::uint32_t snd_una) {
  device_.clean_acked(snd_una);
  if (rekeyed_at_ && sequence_at_or_before(*rekeyed_at_, snd_una)) rekeyed_at_.reset();
  if (closed_at_ && sequence_at_or_before(*closed_at_, snd_una)) device_.remove();
}

std::optional<netdev::TxSkb> Tx::validate_xmit_skb(netdev::TxSkb skb,
                                                   const netdev::NetDevice& out_device) {
  if (hardware_) return device_.validate_xmit_skb(std::move(skb), out_device);
  // Plaintext for a device that this socket does not have (facts 1.7).
  if (skb.decrypted) return std::nullopt;
  skb.connection = nullptr;
  return skb;
}

void Tx::shutdown() {
  if (closed_at_) return;
  closed_at_ = tcp_.write_seq();
  open_.discard();
  outgoing_.drop();
}

void Tx::close() {
  shutdown();
  if (counted_) stat_.decrement(hardware_ ? TlsCounter::curr_tx_device : TlsCounter::curr_tx_sw);
  counted_ = false;
}

}  // namespace tlsnic::host
