// Puts frames on the wire, one behind the other.
//
// Accuracy: a frame occupies the wire for its bytes at the link's rate and has left when its last
// bit has. Limitations: no preamble, inter-frame gap or frame check sequence; the far end cannot
// pause it.
#pragma once

#include <algorithm>

#include "hw_model/timing/parameters.h"

namespace tlsnic::hw {

class TxMac {
 public:
  explicit TxMac(const NicParameters& parameters) : wire_per_byte_(parameters.wire_per_byte) {}

  // When the last bit of a frame has left that could start at `ready`.
  Picoseconds end_time(Picoseconds ready, std::uint32_t size) const {
    return std::max(ready, wire_free_) + size * wire_per_byte_;
  }
  // That frame has left.
  void sent(Picoseconds ready, std::uint32_t size) {
    const Picoseconds start = std::max(ready, wire_free_);
    wire_free_ = start + size * wire_per_byte_;
    ++statistics_.packets;
    statistics_.busy += wire_free_ - start;
    statistics_.waited += start - ready;
  }
  // busy: time in which bits left; waited: sum over frames of the time for which the wire was
  // taken.
  const StageStatistics& statistics() const { return statistics_; }

 private:
  Picoseconds wire_per_byte_;
  Picoseconds wire_free_ = 0;
  StageStatistics statistics_{"tx_mac", 0, 0, 0};
};

}  // namespace tlsnic::hw
