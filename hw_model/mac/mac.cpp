#include "hw_model/mac/mac.h"

#include <algorithm>

namespace tlsnic::hw {

Packet* Mac::receive(const Frame& frame, Picoseconds now) {
  if (free_.empty()) {
    packets_.push_back(std::make_unique<Packet>());
    free_.push_back(packets_.back().get());
  }
  Packet* packet = free_.back();
  free_.pop_back();
  ++in_use_;
  packet->id = frame.id;
  packet->size = static_cast<std::uint32_t>(frame.bytes.size());
  if (packet->wire.size() < packet->size) packet->wire.resize(packet->size);
  if (packet->size > 0) std::memcpy(packet->wire.data(), frame.bytes.data(), packet->size);
  const Picoseconds on_wire = packet->size * wire_per_byte_;
  packet->arrival = std::max(now, wire_free_ + on_wire);
  wire_free_ = packet->arrival;
  ++statistics_.packets;
  statistics_.busy += on_wire;
  statistics_.waited += packet->arrival - now;
  packet->ready = packet->arrival;
  packet->segments = 1;
  packet->joined_bytes = 0;
  packet->joined_next = nullptr;
  return packet;
}

void Mac::release(Packet* packet) {
  free_.push_back(packet);
  --in_use_;
}

}  // namespace tlsnic::hw
