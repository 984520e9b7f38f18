// One direction of a link: its speed, and what it does to frames.
#pragma once

#include <cstdint>

namespace tlsnic::scenarios {

// Loss that comes in bursts (Gilbert 1960, Elliott 1963; netem's "gemodel"): a chain of two states
// that may change before each frame.
struct GilbertElliott {
  double to_bad = 0;   // probability of good -> bad, per frame; 0: the model is not used
  double to_good = 1;  // bad -> good
  double loss_good = 0;
  double loss_bad = 1;
};

enum class ReorderKind : std::uint8_t {
  jump_ahead,  // netem's: every frame waits reorder_delay_ns, those that are chosen do not
  delayed,     // those that are chosen wait reorder_delay_ns longer than the others
};

struct LinkSettings {
  std::uint64_t ps_per_byte = 80;  // 100 Gb/s
  std::uint64_t delay_ns = 5'000;
  std::uint32_t queue_frames = 1000;  // before the link; what comes when it is full is lost

  double loss = 0;  // probabilities, per frame with TCP payload
  GilbertElliott bursts;
  double reorder = 0;
  ReorderKind reorder_kind = ReorderKind::jump_ahead;
  std::uint64_t reorder_delay_ns = 0;
  double duplicate = 0;
  double corrupt = 0;  // one bit of the payload is inverted; the checksum stays
};

}  // namespace tlsnic::scenarios
