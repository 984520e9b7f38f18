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
constexpr std::size_t max_send = std::size_t{1} << 30;  // bytes in one call; so TxPiece can hold it

std::size_t total_size(gsl::span<const netdev::TxPiece> pieces) {
  std::size_t size = 0;
  for (const netdev::TxPiece& piece : pieces) size += piece.size;
  return size;
}

}  // namespace

SendResult Tx::send(Bytes data, SendFlags flags) {
  const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(data.size(), max_send));
  const netdev::TxPiece piece{nullptr, data.data(), size};
  return transmit({&piece, 1}, false, record_application_data, flags);
}

SendResult Tx::send_pages(gsl::span<const netdev::TxPiece> pages, SendFlags flags) {
  // Software reads a page when it encrypts the record; to copy it first would change nothing.
  return transmit(pages, settings_.zerocopy_ro || aead_.has_value(), record_application_data,
                  flags);
}

SendResult Tx::send_control(std::uint8_t type, Bytes data, SendFlags flags) {
  if (flags.more) return {EINVAL, 0};
  if (error_ != 0) return {error_, 0};
  if (open_.is_open() && !close_record(false, false)) return {error_, 0};
  const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(data.size(), max_send));
  const netdev::TxPiece piece{nullptr, data.data(), size};
  return transmit({&piece, 1}, false, type, flags);
}

bool Tx::is_full() const {
  const std::size_t max_fragments = aead_ ? max_fragments_software : max_fragments_hardware;
  return open_.plaintext_size() >= max_payload_ || open_.fragments() >= max_fragments;
}

SendResult Tx::transmit(gsl::span<const netdev::TxPiece> data, bool refer, std::uint8_t type,
                        SendFlags flags) {
  if (flags.more && flags.eor) return {EINVAL, 0};
  if (error_ != 0) return {error_, 0};
  if (!outgoing_.push(tcp_)) return {EAGAIN, 0};
  use_device_again();

  std::size_t left = total_size(data);
  if (left == 0 && !hardware_) return {};
  SendResult result;
  std::size_t in_record = 0;  // bytes of this call
  std::size_t offset = 0;     // in the first of data
  do {
    if (!open_.is_open()) open_.open(type, framing_);
    while (left > 0 && !is_full()) {
      const netdev::TxPiece& piece = data.front();
      std::size_t size = std::min(piece.size - offset, max_payload_ - open_.plaintext_size());
      if (refer && piece.owner != nullptr)
        open_.refer({piece.owner, piece.data + offset, static_cast<std::uint32_t>(size)});
      else
        size = open_.copy({piece.data + offset, size});
      in_record += size;
      left -= size;
      offset += size;
      if (offset == piece.size) {
        data = data.subspan(1);
        offset = 0;
      }
    }
    const bool stays_open = left == 0 && flags.more && !is_full();
    if (!stays_open && !close_record(left > 0 || flags.more, left == 0 && flags.eor)) {
      if (result.taken == 0) result.error = error_;
      return result;
    }
    result.taken += in_record;
    in_record = 0;
  } while (outgoing_.push(tcp_) && left > 0);
  return result;
}

// False if there is no number left for the record: error_ is set and the record lost.
bool Tx::close_record(bool more, bool eor) {
  if (number_ == std::numeric_limits<std::uint64_t>::max()) {
    open_.discard();
    error_ = EBADMSG;
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
