// Where a link ends: a host's chip, or whichever of its chips the route goes to.
#pragma once

#include <systemc>

#include "hw_model/packet.h"

namespace tlsnic::scenarios {

class FrameReceiver {
 public:
  virtual ~FrameReceiver() = default;
  // A frame whose last bit arrives now. False: paused; resumed() is notified later, and the frame
  // is offered again.
  virtual bool receive(const hw::Frame& frame) = 0;
  virtual const sc_core::sc_event& resumed() const = 0;
};

}  // namespace tlsnic::scenarios
