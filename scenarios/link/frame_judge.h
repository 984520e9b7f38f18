// Exact events: what shall happen to this very frame.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/frame.h"

namespace tlsnic::scenarios {

struct Fate {
  bool drop = false;
  bool duplicate = false;     // a copy arrives right after the frame
  std::uint32_t late_by = 0;  // frames of the same 4-tuple sent after it that arrive before it
  // Bytes of the TCP payload in which a bit is inverted; past its end: its last byte. Nothing
  // happens to a frame without payload.
  std::optional<std::uint32_t> corrupt;  // the checksum is wrong afterwards
  std::optional<std::uint32_t> tamper;   // the checksum is right afterwards
};

class FrameJudge {
 public:
  virtual ~FrameJudge() = default;
  // Asked once for every frame that the chip sends, in order, also for those that a full queue or a
  // random loss then takes. frame: valid during the call.
  virtual Fate judge(const ParsedFrame& parsed, Bytes frame) = 0;
};

}  // namespace tlsnic::scenarios
