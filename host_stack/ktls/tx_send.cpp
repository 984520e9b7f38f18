// From what an application sends to records in TCP (facts 1.6; the kernel's tls_push_data).
#include <algorithm>
#include <cerrno>
#include <limits>

#include "host_stack/ktls/tx.h"

namespace tlsnic::host {
namespace {

constexpr std::size_t max_skb_frags = 17;  // MAX_SKB_FRAGS
// One is kept for the tag.
constexpr std::size_t max_fragments_hardware = max_skb_frags - 1;
// In software only plaintext counts; here the header is the first.
constexpr std::size_t max_fragments_software = max_skb_frags + 1;
}  // namespace

SendResult Tx::send(gsl::span<const Bytes> parts, SendFlags flags) {
  return transmit(TxSource<Bytes>(parts, false), record_application_data, flags);
}

SendResult Tx::send_pages(gsl::span<const netdev::TxPiece> pages, SendFlags flags) {
  // Software reads a page when it encrypts the record; to copy it first would change nothing.
  const bool may_refer = settings_.zerocopy_ro || aead_.has_value();
  return transmit(TxSource<netdev::TxPiece>(pages, may_refer), record_application_data, flags);
}

SendResult Tx::send_control(std::uint8_t type, gsl::span<const Bytes> parts, SendFlags flags) {
  if (flags.more) return {EINVAL, 0};
  if (open_.is_open()) {
    if (const int error = send_error(); error != 0) return {error, 0};
    if (!close_record(false, false)) return {EBADMSG, 0};
    outgoing_.push(tcp_);
  }
  return transmit(TxSource<Bytes>(parts, false), type, flags);
}

SendResult Tx::splice_eof() {
  if (!open_.is_open() && outgoing_.empty()) return {};
  if (hardware_) return send(Bytes{});
  if (const int error = send_error(); error != 0) return {error, 0};
  if (open_.is_open() && !close_record(false, false)) return {EBADMSG, 0};
  outgoing_.push(tcp_);
  return {};
}

int Tx::send_error() const {
  if (const int error = tcp_.send_error(); error != 0) return error;
  if (closed_at_) return EPIPE;
  return numbers_used_up_ ? EBADMSG : 0;
}

bool Tx::is_full() const {
  const std::size_t max_fragments = aead_ ? max_fragments_software : max_fragments_hardware;
  return open_.plaintext_size() >= max_payload_ || open_.fragments() >= max_fragments;
}

template <typename Part>
SendResult Tx::transmit(TxSource<Part> source, std::uint8_t type, SendFlags flags) {
  if (flags.more && flags.eor) return {EINVAL, 0};
  if (source.left() == 0 && !flags.faulty && !hardware_) return {};
  if (const int error = send_error(); error != 0) return {error, 0};
  if (!outgoing_.push(tcp_)) return {EAGAIN, 0};
  use_device_again();

  SendResult result;
  do {
    // TLS_SW asks for room before it begins a record, TLS_HW only TCP does, afterwards.
    if (!hardware_ && tcp_.writable() == 0) {
      if (result.taken == 0) result.error = EAGAIN;
      return result;
    }
    const std::size_t before = open_bytes();
    if (const int error = fill(source, type, flags); error != 0)
      return give_up(error, before, flags, result);
    const std::size_t added = open_.plaintext_size() - before;
    const bool is_last = source.left() == 0 && !flags.faulty;
    const bool stays_open = is_last && flags.more && !is_full();
    if (!stays_open && !close_record(!is_last || flags.more, is_last && flags.eor)) {
      if (result.taken == 0) result.error = EBADMSG;
      return result;
    }
    result.taken += added;
  } while (outgoing_.push(tcp_) && (source.left() > 0 || flags.faulty));
  return result;
}

// Puts what is left into the record, until it is full. 0, ENOMEM, EFAULT.
template <typename Part>
int Tx::fill(TxSource<Part>& source, std::uint8_t type, SendFlags flags) {
  if (!open_.is_open() && !open_.open(type, framing_)) return ENOMEM;
  while (source.left() > 0 && !is_full())
    if (source.fill(open_, max_payload_ - open_.plaintext_size()) == 0) return ENOMEM;
  return flags.faulty && source.left() == 0 && !is_full() ? EFAULT : 0;
}

// fill() failed in a record that has `before` bytes of earlier calls.
SendResult Tx::give_up(int error, std::size_t before, SendFlags flags, SendResult result) {
  result.error = error;
  if (error == ENOMEM || !hardware_) {
    if (open_.is_open()) open_.trim(before);
  } else if (open_.type() != record_application_data) {
    open_.discard();
    result.taken = 0;
  } else if (open_.plaintext_size() == 0) {
    open_.discard();
  } else {
    const std::size_t added = open_.plaintext_size() - before;
    if (flags.more) {
      result.taken += added;
    } else if (close_record(false, flags.eor)) {
      result.taken += added;
      outgoing_.push(tcp_);
    }
  }
  return result;
}

// False if there is no number left for the record, which is lost then. The last of all is not used:
// the number after it would be 0 again (facts 2.3).
bool Tx::close_record(bool more, bool eor) {
  if (number_ == std::numeric_limits<std::uint64_t>::max()) {
    open_.discard();
    numbers_used_up_ = true;
    tcp_.report_error(EBADMSG);
    return false;
  }
  OpenRecord::Pieces& pieces = outgoing_.fill(!aead_, more, eor);
  if (aead_)
    open_.close_sealed(framing_, *aead_, number_, pieces);
  else
    open_.close(framing_, pieces);
  if (probes_.probe != nullptr) {
    const auto length =
        static_cast<std::uint32_t>(open_.plaintext_size() + framing_.format().overhead());
    probes_.probe->record_sent(connection_, {number_, tcp_.write_seq(), length, open_.type()},
                               aead_.has_value());
  }
  if (!aead_) device_.push_record(number_, pieces);
  ++number_;
  return true;
}

}  // namespace tlsnic::host
