// Takes frames off the wire into the chip's packet buffer.
//
// Accuracy: a frame is there when its last bit is; frames that the link brings faster than its rate
// arrive one behind the other; a full buffer pauses the link (IEEE 802.3 annex 31B), nothing is
// dropped. Limitations: no preamble, inter-frame gap or frame check sequence; pause takes effect at
// once.
#pragma once

#include <memory>
#include <vector>

#include "hw_model/packet.h"
#include "hw_model/timing/parameters.h"

namespace tlsnic::hw {

class Mac {
 public:
  explicit Mac(const NicParameters& parameters)
      : wire_per_byte_(parameters.wire_per_byte), capacity_(parameters.buffer_packets) {}

  bool is_full() const { return in_use_ >= capacity_; }
  // The frame's copy in the packet buffer; the packet belongs to the caller until release().
  Packet* receive(const Frame& frame, Picoseconds now);
  void release(Packet* packet);
  // busy: time in which bits arrived; waited: time by which the link's rate delayed frames.
  const StageStatistics& statistics() const { return statistics_; }

 private:
  Picoseconds wire_per_byte_;
  std::uint32_t capacity_;
  std::uint32_t in_use_ = 0;
  Picoseconds wire_free_ = 0;
  StageStatistics statistics_{"mac", 0, 0, 0};
  std::vector<std::unique_ptr<Packet>> packets_;
  std::vector<Packet*> free_;
};

}  // namespace tlsnic::hw
