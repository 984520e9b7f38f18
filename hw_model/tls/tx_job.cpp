#include "hw_model/tls/tx_job.h"

#include "hw_model/segmentation/segmentation.h"

namespace tlsnic::hw {
namespace {

constexpr std::uint8_t packet_flags =
    TLSNIC_TX_FIRST | TLSNIC_TX_CHECKSUM | TLSNIC_TX_SEGMENT | TLSNIC_TX_TLS;

bool has_context(const tlsnic_tx_descriptor& descriptor) {
  switch (descriptor.opcode) {
    case TLSNIC_TX_OP_SEND:
      return (descriptor.flags & TLSNIC_TX_TLS) != 0;
    case TLSNIC_TX_OP_DUMP:
    case TLSNIC_TX_OP_STATIC_PARAMS:
    case TLSNIC_TX_OP_PROGRESS_PARAMS:
      return true;
    default:
      return false;
  }
}

}  // namespace

void TxJob::reset() {
  first = {};
  reason = TxReason::ok;
  parsed = {};
  encrypted = false;
  size_ = 0;
  descriptors_ = 0;
  token_ = 0;
  is_complete_ = false;
}

TxRead TxJob::take(const tlsnic_tx_descriptor& descriptor) {
  const bool is_first = descriptors_++ == 0;
  token_ = descriptor.token;
  if (is_first) first = descriptor;
  if (!is_first && descriptor.opcode != TLSNIC_TX_OP_SEND) {
    // A packet without end: what interrupts it is refused together with it.
    fail(TxReason::bad_descriptor);
    is_complete_ = true;
    return {};
  }
  if (is_packet()) return take_fragment(descriptor);

  is_complete_ = true;
  if (descriptor.opcode == 0 || descriptor.opcode > TLSNIC_TX_OP_NOP ||
      (descriptor.flags & ~TLSNIC_TX_FENCE) != 0) {
    fail(TxReason::bad_descriptor);
    return {};
  }
  if (descriptor.opcode != TLSNIC_TX_OP_DUMP) return {};
  return read(descriptor.body.dump.address, descriptor.body.dump.length, TLSNIC_TX_MAX_DUMP);
}

TxRead TxJob::take_fragment(const tlsnic_tx_descriptor& descriptor) {
  is_complete_ = (descriptor.flags & TLSNIC_TX_LAST) != 0;
  const auto others =
      static_cast<std::uint8_t>(descriptor.flags & ~(TLSNIC_TX_LAST | TLSNIC_TX_FENCE));
  const bool is_first = descriptors_ == 1;
  const bool flags_fit =
      is_first ? (others & TLSNIC_TX_FIRST) != 0 && (others & ~packet_flags) == 0 : others == 0;
  if (!flags_fit) fail(TxReason::bad_descriptor);
  const TxRead wanted =
      read(descriptor.body.fragment.address, descriptor.body.fragment.length, TLSNIC_TX_MAX_PACKET);
  if (is_complete_ && size_ < TLSNIC_TX_MIN_PACKET) {
    fail(TxReason::bad_length);
    return {};
  }
  return wanted;
}

TxRead TxJob::read(std::uint64_t address, std::uint32_t length, std::uint32_t limit) {
  if (length == 0 || length > limit - size_) fail(TxReason::bad_length);
  if (reason != TxReason::ok) return {};
  const std::uint32_t at = size_;
  size_ += length;
  if (bytes_.size() < size_) bytes_.resize(size_);
  return {address, MutableBytes(bytes_.data() + at, length)};
}

std::uint32_t TxJob::frames() const {
  if (!is_packet() || reason != TxReason::ok) return 0;
  return is_offloaded() ? segment_count(parsed, mss()) : 1;
}

std::uint32_t TxJob::frame_size(std::uint32_t index) const {
  return is_offloaded() ? segment_size(parsed, mss(), index) : size_;
}

void TxJob::write_frame(std::uint32_t index, MutableBytes out) const {
  if (is_offloaded()) {
    write_segment(bytes(), parsed, mss(), index, out);
  } else {
    std::memcpy(out.data(), bytes_.data(), size_);
  }
}

tlsnic_tx_completion TxJob::completion() const {
  tlsnic_tx_completion out{};
  out.token = token_;
  out.descriptors = descriptors_;
  out.context = has_context(first) ? first.context : TLSNIC_NO_CONTEXT;
  out.frames = frames();
  out.opcode = first.opcode;
  out.status = static_cast<std::uint8_t>(reason);
  return out;
}

}  // namespace tlsnic::hw
