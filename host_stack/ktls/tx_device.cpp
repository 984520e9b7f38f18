#include "host_stack/ktls/tx_device.h"

#include <cerrno>
#include <utility>

#include "protocol/tcp_sequence.h"

namespace tlsnic::host {

using netdev::TlsDirection;
using netdev::TxSkb;

int TxDevice::check(const TrafficKeys& keys, bool tls13_offload) const {
  if (installed_) return -EEXIST;
  if (netdev_ == nullptr) return -EINVAL;
  if (!netdev_->hw_tls_tx || netdev_->tlsdev_ops == nullptr) return -EOPNOTSUPP;
  if (keys.version != TlsVersion::tls12 && !tls13_offload) return -EOPNOTSUPP;
  return is_offloadable(keys.cipher) && netdev_->is_up ? 0 : -EINVAL;
}

int TxDevice::add(const netdev::TlsCryptoInfo& crypto_info, bool tls13_offload) {
  if (const int error = check(crypto_info.keys, tls13_offload); error != 0) return error;
  // The driver is told of write_seq, not snd_nxt: what is queued below may still pass through it.
  const std::uint32_t start = tcp_.write_seq();
  tcp_.fence();
  records_.start(start, crypto_info.record_number);
  fallback_.emplace(crypto_info.keys);
  resync_pending_ = false;
  records_forgotten_ = false;
  records_end_.reset();
  connection_.tx = this;
  const int result =
      netdev_->tlsdev_ops->tls_dev_add(connection_, TlsDirection::tx, crypto_info, start);
  installed_ = result == 0;
  if (!installed_) connection_.tx = nullptr;
  if (probes_.probe != nullptr)
    probes_.probe->device_tx_offload_set(connection_, start, crypto_info.record_number, result);
  return result;
}

void TxDevice::remove() {
  if (!installed_) return;
  installed_ = false;
  netdev::NetDevice* device = netdev_;
  device->tlsdev_ops->tls_dev_del(connection_, TlsDirection::tx);
  connection_.tx = nullptr;
  if (probes_.probe != nullptr) probes_.probe->device_tx_offload_removed(connection_);
}

void TxDevice::degrade() {
  remove();
  netdev_ = nullptr;
}

void TxDevice::push_record(std::uint64_t record_number, std::vector<netdev::TxPiece> pieces) {
  records_.push(tcp_.write_seq(), std::move(pieces));
  if (resync_pending_) resync(record_number);
}

void TxDevice::resync_request(std::uint32_t got_sequence, std::uint32_t expected_sequence) {
  if (probes_.probe != nullptr)
    probes_.probe->device_tx_resync_request(connection_, got_sequence, expected_sequence,
                                            resync_pending_);
  resync_pending_ = true;
}

void TxDevice::resync(std::uint64_t record_number) {
  const std::uint32_t sequence = tcp_.write_seq();
  tcp_.fence();
  int result = 0;
  // Without the device the request is moot, and done with.
  if (installed_)
    result =
        netdev_->tlsdev_ops->tls_dev_resync(connection_, sequence, record_number, TlsDirection::tx);
  if (result == 0) resync_pending_ = false;
  if (probes_.probe != nullptr)
    probes_.probe->device_tx_resync_send(connection_, sequence, record_number, result);
}

void TxDevice::forget_records() {
  records_end_.reset();
  records_forgotten_ = true;
}

bool TxDevice::is_past_records(std::uint32_t sequence) const {
  return records_forgotten_ || (records_end_ && !sequence_before(sequence, *records_end_));
}

std::optional<TxSkb> TxDevice::validate_xmit_skb(TxSkb skb, const netdev::NetDevice& out_device) {
  skb.connection = nullptr;
  const bool is_for_driver = installed_ && netdev_ == &out_device;
  skb.sealed = skb.payload_size != 0 && is_past_records(skb.sequence);
  if (skb.sealed && skb.decrypted) return std::nullopt;
  if (is_for_driver)
    skb.connection = &connection_;
  else if (!skb.sealed)
    return encrypt_skb(std::move(skb));
  return skb;
}

std::optional<TxSkb> TxDevice::encrypt_skb(TxSkb skb) {
  const std::uint32_t sequence = skb.sequence;
  const std::uint32_t size = skb.payload_size;
  FallbackResult result = fallback_->encrypt(std::move(skb), records_);
  if (probes_.probe != nullptr)
    probes_.probe->tx_fallback(connection_, sequence, size, result.outcome);
  return std::move(result.skb);
}

}  // namespace tlsnic::host
