#include "driver_shim/tx_queue.h"

#include <utility>

#include "driver_shim/completion.h"
#include "driver_shim/tx_segment.h"
#include "protocol/tcp_sequence.h"

namespace tlsnic::driver {
namespace {

constexpr std::size_t max_headers = 4096;
constexpr std::uint32_t max_payload = TLSNIC_TX_MAX_PACKET - max_headers;

tlsnic_tx_descriptor make_descriptor(std::uint8_t opcode, bool fence,
                                     std::uint32_t context = TLSNIC_NO_CONTEXT) {
  tlsnic_tx_descriptor out{};
  out.opcode = opcode;
  out.flags = fence ? TLSNIC_TX_FENCE : 0;
  out.context = context;
  return out;
}

bool is_packet(const netdev::TxSkb& skb) {
  std::uint64_t size = 0;
  for (const netdev::TxPiece& piece : skb.payload) size += piece.size;
  return skb.headers.size() >= TLSNIC_TX_MIN_PACKET && skb.headers.size() <= max_headers &&
         size == skb.payload_size && size <= max_payload;
}

}  // namespace

void TxQueue::configure() {
  ring_ = memory_.allocate(entries * sizeof(tlsnic_tx_descriptor));
  completions_ = memory_.allocate(entries * sizeof(tlsnic_tx_completion));
  slots_.resize(entries);
  registers_.write(TLSNIC_REG_TX_RING_ADDRESS, ring_);
  registers_.write(TLSNIC_REG_TX_RING_ENTRIES, entries);
  registers_.write(TLSNIC_REG_TX_CQ_ADDRESS, completions_);
  registers_.write(TLSNIC_REG_TX_CQ_ENTRIES, entries);
}

void TxQueue::stop() {
  while (consumer_ != producer_) retire_operation();
  slots_.clear();
}

bool TxQueue::has_passed(std::uint32_t position) const {
  return sequence_at_or_before(position, consumer_);
}

bool TxQueue::send(netdev::TxSkb skb, std::uint32_t context) {
  if (!is_packet(skb)) {
    ++statistics_.dropped;
    return false;
  }
  if (skb.payload.size() > max_pieces && skb.payload_size > 0)
    skb.payload.assign(1, *copy_pieces(skb.payload, 0, skb.payload_size));

  std::uint32_t descriptors = 1;
  for (const netdev::TxPiece& piece : skb.payload) descriptors += piece.size != 0 ? 1 : 0;
  const std::uint32_t first = producer_;
  tlsnic_tx_descriptor descriptor = make_descriptor(TLSNIC_TX_OP_SEND, false, context);
  const auto add = [&](Bytes bytes) {
    if (producer_ + 1 == first + descriptors) descriptor.flags |= TLSNIC_TX_LAST;
    descriptor.body.fragment.address = memory_.map(bytes);
    descriptor.body.fragment.length = static_cast<std::uint32_t>(bytes.size());
    Slot& slot = post(descriptor, producer_ == first ? descriptors : 0);
    slot.mapping = descriptor.body.fragment.address;
    descriptor.flags = 0;
    descriptor.body.fragment.mss = 0;
  };
  descriptor.flags = TLSNIC_TX_FIRST | TLSNIC_TX_CHECKSUM;
  if (context != TLSNIC_NO_CONTEXT) descriptor.flags |= TLSNIC_TX_TLS;
  if (frame_count(skb) > 1) {
    descriptor.flags |= TLSNIC_TX_SEGMENT;
    descriptor.body.fragment.mss = skb.gso_size;
  }
  add(skb.headers);
  for (const netdev::TxPiece& piece : skb.payload)
    if (piece.size != 0) add(piece.bytes());
  // Moving it leaves the bytes that are mapped where they are.
  slots_[first % entries].packet = std::move(skb);
  ++statistics_.packets;
  return true;
}

void TxQueue::static_params(std::uint32_t context, const tlsnic_tx_static_params& params,
                            bool fence) {
  tlsnic_tx_descriptor out = make_descriptor(TLSNIC_TX_OP_STATIC_PARAMS, fence, context);
  out.body.static_params = params;
  post(out, 1);
}

void TxQueue::progress_params(std::uint32_t context, const tlsnic_tx_progress_params& params,
                              bool fence) {
  tlsnic_tx_descriptor out = make_descriptor(TLSNIC_TX_OP_PROGRESS_PARAMS, fence, context);
  out.body.progress = params;
  post(out, 1);
}

void TxQueue::nop(bool fence) {
  post(make_descriptor(TLSNIC_TX_OP_NOP, fence), 1);
}

void TxQueue::dump(std::uint32_t context, std::uint32_t tcp_sequence, netdev::TxPiece piece) {
  tlsnic_tx_descriptor out = make_descriptor(TLSNIC_TX_OP_DUMP, false, context);
  out.body.dump.address = memory_.map(piece.bytes());
  out.body.dump.length = piece.size;
  out.body.dump.tcp_sequence = tcp_sequence;
  Slot& slot = post(out, 1);
  slot.mapping = out.body.dump.address;
  slot.piece = std::move(piece);
}

TxQueue::Slot& TxQueue::post(const tlsnic_tx_descriptor& descriptor, std::uint32_t descriptors) {
  const std::uint32_t index = producer_++ % entries;
  std::memcpy(memory_.at(ring_ + index * sizeof descriptor, sizeof descriptor).data(), &descriptor,
              sizeof descriptor);
  slots_[index].descriptors = descriptors;
  return slots_[index];
}

void TxQueue::flush() {
  if (rung_ == producer_) return;
  rung_ = producer_;
  registers_.write(TLSNIC_DB_TX_PRODUCER, producer_);
}

void TxQueue::poll() {
  while (is_running() && consumer_ != rung_) {
    const auto completion =
        read_completion<tlsnic_tx_completion>(memory_, completions_, entries, completion_index_);
    if (!completion) return;
    ++completion_index_;
    if (completion->status != TLSNIC_TX_OK) ++statistics_.errors;
    if (const std::uint32_t size = slots_[consumer_ % entries].piece.size; size != 0) {
      ++statistics_.dump_packets;
      statistics_.dump_bytes += size;
    }
    retire_operation();
  }
}

void TxQueue::retire_operation() {
  const std::uint32_t end = consumer_ + slots_[consumer_ % entries].descriptors;
  for (; consumer_ != end; ++consumer_) {
    Slot& slot = slots_[consumer_ % entries];
    if (slot.mapping != 0) memory_.unmap(slot.mapping);
    slot = {};
  }
}

void TxQueue::arm() {
  if (is_running()) registers_.write(TLSNIC_DB_TX_ARM, completion_index_);
}

}  // namespace tlsnic::driver
