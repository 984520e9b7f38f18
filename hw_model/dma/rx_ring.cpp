#include "hw_model/dma/rx_ring.h"

#include <algorithm>

#include "hw_model/lro/lro_unit.h"

namespace tlsnic::hw {
namespace {

constexpr std::uint32_t fetch_batch = 64;  // descriptors per read
constexpr std::uint32_t min_buffer = 64;
constexpr std::uint32_t max_buffer = 65536;

// Even a frame without bytes uses a buffer, so that completions never outnumber the descriptors.
std::uint32_t room_for(std::uint32_t frame_size) {
  return std::max(frame_size, 1u);
}

}  // namespace

bool RxRing::configure(const RingLocation& ring, const RingLocation& completions) {
  if (!ring.is_valid() || !completions.is_valid() || completions.entries < ring.entries)
    return false;
  state_ = {};
  state_.ring = ring;
  state_.completions = completions;
  return true;
}

void RxRing::set_producer(std::uint32_t producer) {
  // Descriptors not used up yet never exceed the ring. A producer further ahead would hand some out
  // twice, and one that goes back behind what is fetched lies too.
  const auto held = static_cast<std::uint32_t>(state_.descriptors.size());
  if (producer - state_.fetched <= state_.ring.entries - held) state_.producer = producer;
}

bool RxRing::reserve(std::uint32_t size) {
  const std::uint32_t needed = room_for(size);
  while (state_.free_bytes < needed && state_.fetched != state_.producer) fetch_descriptors();
  if (state_.free_bytes < needed) return false;
  for (std::uint32_t room = 0; room < needed; ++state_.reserved) {
    room += state_.descriptors[state_.reserved].length;
    state_.free_bytes -= state_.descriptors[state_.reserved].length;
  }
  return true;
}

void RxRing::fetch_descriptors() {
  const std::uint32_t slot = state_.fetched & (state_.ring.entries - 1);
  const std::uint32_t count =
      std::min({fetch_batch, state_.producer - state_.fetched, state_.ring.entries - slot});
  tlsnic_rx_descriptor batch[fetch_batch];
  const bool readable =
      dma_.read(state_.ring.address + slot * sizeof batch[0], batch, count * sizeof batch[0]);
  for (std::uint32_t i = 0; i < count; ++i) {
    // An impossible length would make the ring's room a lie; such a buffer holds nothing.
    if (!readable || batch[i].length < min_buffer || batch[i].length > max_buffer)
      batch[i].length = 0;
    state_.descriptors.push_back(batch[i]);
    state_.free_bytes += batch[i].length;
  }
  state_.fetched += count;
}

void RxRing::deliver(const Packet& packet) {
  Bytes left = packet.delivered();
  if (packet.segments > 1) {
    write_joined(packet, joined_);
    left = joined_;
  }
  tlsnic_rx_completion completion{};
  completion.byte_count = packet.host_size();
  completion.segments = packet.segments;
  completion.tls = packet.tls;
  completion.l4_checksum = packet.l4_checksum;
  completion.context = packet.context;
  completion.time_ns = packet.arrival / 1000;
  const std::uint32_t needed = room_for(packet.host_size());
  for (std::uint32_t room = 0; room < needed; ++completion.buffers) {
    const tlsnic_rx_descriptor buffer = state_.descriptors.front();
    state_.descriptors.pop_front();
    --state_.reserved;
    room += buffer.length;
    const std::size_t n = std::min<std::size_t>(left.size(), buffer.length);
    if (n > 0) dma_.write(buffer.address, left.data(), n);
    left = left.subspan(n);
  }
  const std::uint32_t index = state_.completion_index++;
  completion.phase = (index & state_.completions.entries) == 0 ? 1 : 0;
  const std::uint32_t slot = index & (state_.completions.entries - 1);
  dma_.write(state_.completions.address + slot * sizeof completion, &completion, sizeof completion);
}

}  // namespace tlsnic::hw
