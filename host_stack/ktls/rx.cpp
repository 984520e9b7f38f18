#include "host_stack/ktls/rx.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "host_stack/ktls/decrypt_device.h"
#include "host_stack/ktls/reencrypt.h"

namespace tlsnic::host {
namespace {

constexpr std::uint8_t handshake_key_update = 24;  // RFC 8446, section 4.6.3

MutableBytes at_least(std::vector<std::uint8_t>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
  return MutableBytes(buffer).first(size);
}

}  // namespace

bool Rx::wants_device(TlsVersion version) const {
  return netdev_.hw_tls_rx && (version == TlsVersion::tls12 || settings_.tls13_offload);
}

int Rx::install(const netdev::TlsCryptoInfo& crypto_info) {
  if (!is_supported(crypto_info.keys)) return EINVAL;
  if (!is_available(crypto_info.keys.cipher)) return ENOENT;
  aead_.emplace(crypto_info.keys);
  parser_ = RecordParser(aead_->format());
  record_number_ = crypto_info.record_number;
  hardware_ =
      wants_device(crypto_info.keys.version) && device_.add(crypto_info, queue_.copied_seq()) == 0;
  stat_.increment(hardware_ ? TlsCounter::rx_device : TlsCounter::rx_sw);
  stat_.increment(hardware_ ? TlsCounter::curr_rx_device : TlsCounter::curr_rx_sw);
  counted_ = true;
  parse_next();
  return 0;
}

int Rx::rekey(const netdev::TlsCryptoInfo& crypto_info) {
  const TrafficKeys& installed = aead_->keys();
  const bool is_tls13 = installed.version == TlsVersion::tls13;
  if (!is_tls13 || crypto_info.keys.version != installed.version ||
      crypto_info.keys.cipher != installed.cipher) {
    stat_.increment(TlsCounter::rx_rekey_error);
    return is_tls13 ? EINVAL : EBUSY;
  }
  RecordAead aead(crypto_info.keys);
  if (hardware_) {
    device_.remove();
    rekey_.device_stopped(queue_.highest_offset());
    rekey_.retain(std::move(*aead_), record_number_);
  }
  aead_.emplace(std::move(aead));
  record_number_ = crypto_info.record_number;
  paused_ = false;
  stat_.increment(TlsCounter::rx_rekey_ok);
  add_again_after_rekey();
  parse_next();
  return 0;
}

// The connection goes back into the device once nothing that it decrypted with the old key is left,
// here or on its way.
void Rx::add_again_after_rekey() {
  if (paused_ || connection_.rx_parting->contexts != 0) return;
  if (rekey_.passed(queue_.copied_offset()))
    device_.add({aead_->keys(), record_number_}, queue_.copied_seq());
}

void Rx::close() {
  connection_.rx_parting->done = nullptr;
  device_.remove();
  if (counted_) stat_.decrement(hardware_ ? TlsCounter::curr_rx_device : TlsCounter::curr_rx_sw);
  counted_ = false;
}

void Rx::data_arrived(bool marked) {
  if (marked) rekey_.marked_data_arrived(queue_.highest_offset());
  parse_next();
}

void Rx::parse_next() {
  if (parser_.parse(queue_))
    device_.new_record(queue_.copied_seq(), parser_.record_length(), record_number_,
                       queue_.available());
  else if (parser_.stopped() && !settings_.flow_controlled)
    queue_.discard();
}

void Rx::bytes_stolen() {
  parser_.release();
  parse_next();
}

bool Rx::relieve(bool window_is_short) {
  if (parser_.stopped()) return false;
  if (queue_.aside() == 0 && (!window_is_short || record_ready())) return false;
  const std::size_t length = parser_.record_length();
  const std::size_t there = length != 0 ? std::min(length, queue_.available()) : queue_.available();
  if (there <= queue_.aside()) return false;
  queue_.set_aside(there);
  return true;
}

int Rx::take_error() {
  return parser_.error_pending() ? fail(current_record(), parser_.take_error()).error : 0;
}

RecordInfo Rx::current_record() const {
  RecordInfo info;
  info.number = record_number_;
  info.stream_offset = queue_.copied_offset();
  info.sequence = queue_.copied_seq();
  info.wire_length = static_cast<std::uint32_t>(parser_.record_length());
  info.type = parser_.record_type();
  return info;
}

ReadResult Rx::fail(const RecordInfo& info, int error) {
  if (probes_.probe != nullptr) probes_.probe->read_error(connection_, info, error);
  return {error, std::nullopt};
}

ReadResult Rx::read(std::size_t zero_copy_room) {
  if (paused_) return {EKEYEXPIRED, std::nullopt};
  if (!record_ready()) return {take_error(), std::nullopt};
  Record record;
  record.info = current_record();
  if (const int error = decrypt(record.info, zero_copy_room); error != 0)
    return fail(record.info, error);
  consume_record(&record.info);
  record.plaintext = plaintext_;
  for (const Bytes& piece : plaintext_) record.length += piece.size();
  if (probes_.probe != nullptr) probes_.probe->record_read(connection_, record.info, record.length);
  return {0, record};
}

bool Rx::skip_record() {
  if (paused_ || !parser_.ready(queue_)) return false;
  const RecordInfo info = current_record();
  plaintext_.clear();
  consume_record(nullptr);
  if (probes_.probe != nullptr) probes_.probe->record_skipped(connection_, info);
  return true;
}

int Rx::decrypt(RecordInfo& info, std::size_t zero_copy_room) {
  queue_.pieces(info.wire_length, pieces_);
  // In TLS_SW a mark means nothing: no device works for this connection.
  info.offload = hardware_ ? classify_record(pieces_) : RecordOffload::not_offloaded;
  // What the device did with the old key is no plaintext.
  if (info.offload == RecordOffload::entirely && rekey_.has_old_key())
    info.offload = RecordOffload::partially;

  if (info.offload == RecordOffload::entirely) {
    device_.record_decrypted();
    strip_framing(pieces_, aead_->format().prepend(), aead_tag_size, plaintext_);
  } else if (const int error = decrypt_in_software(info); error != 0) {
    return error;
  } else if (!plaintext_.empty()) {
    count_retry(plaintext_.front(), zero_copy_room);
  }
  if (aead_->format().is_tls13) {
    const std::optional<std::uint8_t> type = strip_padding(plaintext_);
    if (!type) return EBADMSG;
    info.type = *type;
  }
  return 0;
}

int Rx::decrypt_in_software(const RecordInfo& info) {
  if (info.offload == RecordOffload::not_offloaded)
    device_.record_not_decrypted(info.sequence, info.wire_length, info.number, queue_.available());
  else
    device_.record_decrypted();

  const MutableBytes buffer = at_least(buffer_, info.wire_length);
  Bytes record = pieces_.front().bytes;
  if (pieces_.size() > 1 || info.offload == RecordOffload::partially) {
    std::size_t filled = 0;
    for (const Piece& piece : pieces_) {
      std::memcpy(buffer.data() + filled, piece.bytes.data(), piece.bytes.size());
      filled += piece.bytes.size();
    }
    record = buffer;
  }
  if (info.offload == RecordOffload::partially) {
    const MutableBytes scratch = at_least(scratch_, info.wire_length);
    if (rekey_.has_old_key())
      reencrypt(rekey_.old_aead(), rekey_.old_record_number(), pieces_, buffer, scratch);
    else
      reencrypt(*aead_, info.number, pieces_, buffer, scratch);
  }
  const std::size_t prepend = aead_->format().prepend();
  const MutableBytes text = buffer.subspan(prepend, record.size() - prepend - aead_tag_size);
  if (!aead_->open(record, info.number, text)) {
    stat_.increment(TlsCounter::decrypt_error);
    return EBADMSG;
  }
  plaintext_.clear();
  if (!text.empty()) plaintext_.push_back(text);
  return 0;
}

// Decrypting straight to the reader leaves only the last byte to be looked at. If that is not the
// type of data the kernel decrypts once more, which has the result that is there already.
void Rx::count_retry(Bytes inner_plaintext, std::size_t zero_copy_room) {
  if (!aead_->format().is_tls13 || !expect_no_pad_ || zero_copy_room == 0 ||
      inner_plaintext.size() - 1 > zero_copy_room)
    return;
  const std::uint8_t last = inner_plaintext.data()[inner_plaintext.size() - 1];
  if (last == record_application_data) return;
  stat_.increment(TlsCounter::decrypt_retry);
  if (last == 0) stat_.increment(TlsCounter::rx_no_pad_violation);
}

bool Rx::is_key_update(const RecordInfo& info) const {
  return info.type == record_handshake && !plaintext_.empty() &&
         plaintext_.front().data()[0] == handshake_key_update;
}

// key_update_candidate: the record decrypted, null if it was not.
void Rx::consume_record(const RecordInfo* key_update_candidate) {
  if (key_update_candidate != nullptr && is_key_update(*key_update_candidate)) {
    // The kernel looks at neither the version nor the handshake messages after the first.
    paused_ = true;
    stat_.increment(TlsCounter::rx_rekey_received);
    if (hardware_ && aead_->format().is_tls13) {
      device_.remove();
      rekey_.device_stopped(queue_.highest_offset());
    }
  }
  queue_.consume(parser_.record_length());
  parser_.release();
  rekey_.record_consumed();
  if (++record_number_ == 0) parser_.stop(EBADMSG);
  add_again_after_rekey();
  parse_next();
}

}  // namespace tlsnic::host
