// What chance does to frames. Without time: what is drawn depends on the seed and on how many
// frames came before, on nothing else.
#pragma once

#include <optional>

#include "protocol/random.h"
#include "scenarios/link/link_observer.h"
#include "scenarios/link/link_settings.h"

namespace tlsnic::scenarios {

// Begins in the good state.
class GilbertElliottLoss {
 public:
  GilbertElliottLoss(const GilbertElliott& model, std::uint64_t seed_of_states,
                     std::uint64_t seed_of_losses);

  // The chain's next step, and whether the frame that comes then is lost.
  bool next_is_lost();

 private:
  GilbertElliott model_;
  Random states_;
  Random losses_;
  bool bad_ = false;
};

struct Impairment {
  std::optional<LossCause> lost;
  std::optional<std::uint64_t> inverted_bit;  // of the payload
  bool duplicated = false;
  bool reordered = false;
};

// Every impairment has random numbers of its own, and all are drawn for every frame, lost or not:
// to change one probability leaves the others' choices as they were.
class Impairments {
 public:
  Impairments(const LinkSettings& settings, std::uint64_t seed);

  bool any() const { return any_; }
  // For the next frame with TCP payload. payload_length: bytes, at least 1.
  Impairment draw(std::uint32_t payload_length);

 private:
  double loss_;
  double corrupt_;
  double duplicate_;
  double reorder_;
  bool bursts_used_;
  bool any_;
  Random losses_;
  GilbertElliottLoss bursts_;
  Random corruptions_;
  Random duplications_;
  Random reorderings_;
};

}  // namespace tlsnic::scenarios
