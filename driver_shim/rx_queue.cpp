#include "driver_shim/rx_queue.h"

#include <algorithm>

#include "driver_shim/completion.h"

namespace tlsnic::driver {
namespace {

constexpr std::uint32_t refill_batch = 64;  // pages per doorbell

}  // namespace

RxQueue::~RxQueue() {
  for (const netdev::DmaAddress page : pages_) memory_.free_page(page);
}

void RxQueue::configure() {
  ring_ = memory_.allocate(entries * sizeof(tlsnic_rx_descriptor));
  completions_ = memory_.allocate(entries * sizeof(tlsnic_rx_completion));
  registers_.write(TLSNIC_REG_RX_RING_ADDRESS, ring_);
  registers_.write(TLSNIC_REG_RX_RING_ENTRIES, entries);
  registers_.write(TLSNIC_REG_RX_CQ_ADDRESS, completions_);
  registers_.write(TLSNIC_REG_RX_CQ_ENTRIES, entries);
}

bool RxQueue::refill() {
  if (entries - pages_.size() < refill_batch) return true;
  while (pages_.size() < entries) {
    const auto page = memory_.allocate_page();
    if (!page) break;
    const tlsnic_rx_descriptor descriptor{
        *page, static_cast<std::uint32_t>(netdev::DmaMemory::page_size), 0};
    const std::uint64_t slot = producer_++ % entries;
    std::memcpy(memory_.at(ring_ + slot * sizeof descriptor, sizeof descriptor).data(), &descriptor,
                sizeof descriptor);
    pages_.push_back(descriptor.address);
  }
  registers_.write(TLSNIC_DB_RX_PRODUCER, producer_);
  return pages_.size() == entries;
}

std::optional<ReceivedFrame> RxQueue::next() {
  const auto completion =
      read_completion<tlsnic_rx_completion>(memory_, completions_, entries, completion_index_);
  if (!completion) return std::nullopt;
  ++completion_index_;
  ReceivedFrame frame{*completion, {}};
  frame.skb.length = frame.completion.byte_count;
  if (frame.completion.segments > 1) {
    ++statistics_.lro_packets;
    statistics_.lro_bytes += frame.skb.length;
  }
  if (frame.completion.buffers == 1) {
    frame.skb.buffer = netdev::PacketBuffer(memory_, pages_.front());
    pages_.pop_front();
    return frame;
  }
  // Larger than a page: gathered into one piece, since the stack reads frames as one run of bytes.
  frame.skb.buffer = netdev::PacketBuffer(frame.skb.length);
  std::size_t done = 0;
  for (std::uint16_t i = 0; i < frame.completion.buffers; ++i) {
    const netdev::DmaAddress page = pages_.front();
    pages_.pop_front();
    const std::size_t n =
        std::min<std::size_t>(netdev::DmaMemory::page_size, frame.skb.length - done);
    std::memcpy(frame.skb.buffer.data() + done,
                memory_.at(page, netdev::DmaMemory::page_size).data(), n);
    done += n;
    memory_.free_page(page);
  }
  return frame;
}

}  // namespace tlsnic::driver
