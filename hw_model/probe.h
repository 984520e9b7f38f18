// What the chip lets others watch. Watching changes nothing: no time, no state.
#pragma once

#include "hw_model/packet.h"

namespace tlsnic::hw {

class NicProbe {
 public:
  virtual ~NicProbe() = default;
  // A packet is complete in host memory; called in the order in which packets came.
  virtual void packet_received(const Packet& packet) { (void)packet; }
  // A context was confirmed by the stack, or an answer came for a candidate that is no longer
  // tracked.
  virtual void resync_answered(std::uint32_t context, std::uint32_t sequence, bool accepted) {
    (void)context, (void)sequence, (void)accepted;
  }
};

}  // namespace tlsnic::hw
