#include "scenarios/link/impairments.h"

namespace tlsnic::scenarios {
namespace {

std::uint64_t seed_of_stream(std::uint64_t seed, unsigned stream) {
  Random seeds(seed);
  for (unsigned i = 0; i < stream; ++i) seeds.next();
  return seeds.next();
}

}  // namespace

GilbertElliottLoss::GilbertElliottLoss(const GilbertElliott& model, std::uint64_t seed_of_states,
                                       std::uint64_t seed_of_losses)
    : model_(model), states_(seed_of_states), losses_(seed_of_losses) {}

bool GilbertElliottLoss::next_is_lost() {
  if (states_.chance(bad_ ? model_.to_good : model_.to_bad)) bad_ = !bad_;
  return losses_.chance(bad_ ? model_.loss_bad : model_.loss_good);
}

Impairments::Impairments(const LinkSettings& settings, std::uint64_t seed)
    : loss_(settings.loss),
      corrupt_(settings.corrupt),
      duplicate_(settings.duplicate),
      reorder_(settings.reorder),
      bursts_used_(settings.bursts.to_bad > 0),
      any_(loss_ > 0 || corrupt_ > 0 || duplicate_ > 0 || reorder_ > 0 || bursts_used_),
      losses_(seed_of_stream(seed, 0)),
      bursts_(settings.bursts, seed_of_stream(seed, 1), seed_of_stream(seed, 2)),
      corruptions_(seed_of_stream(seed, 3)),
      duplications_(seed_of_stream(seed, 4)),
      reorderings_(seed_of_stream(seed, 5)) {}

Impairment Impairments::draw(std::uint32_t payload_length) {
  Impairment drawn;
  // A probability of 0 needs no number: nobody else uses that stream.
  if (bursts_used_ && bursts_.next_is_lost()) drawn.lost = LossCause::burst;
  if (loss_ > 0 && losses_.chance(loss_)) drawn.lost = LossCause::random;
  if (corrupt_ > 0) {
    // Where is drawn whether or not, so that the choice of frames does not depend on the rate.
    const bool hit = corruptions_.chance(corrupt_);
    const std::uint64_t bit = corruptions_.between(0, std::uint64_t{payload_length} * 8 - 1);
    if (hit) drawn.inverted_bit = bit;
  }
  drawn.duplicated = duplicate_ > 0 && duplications_.chance(duplicate_);
  drawn.reordered = reorder_ > 0 && reorderings_.chance(reorder_);
  return drawn;
}

}  // namespace tlsnic::scenarios
