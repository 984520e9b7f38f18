// The wire behind the chip's MAC: a link, or whoever stands in its place.
#pragma once

#include "protocol/bytes.h"

namespace tlsnic::hw {

class WireOutput {
 public:
  virtual ~WireOutput() = default;
  // A frame whose last bit leaves the chip now (simulated time). frame: valid during the call.
  virtual void frame_transmitted(Bytes frame) = 0;
};

}  // namespace tlsnic::hw
