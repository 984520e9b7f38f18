#include "hw_model/dma/tx_ring.h"

#include <algorithm>

namespace tlsnic::hw {

bool TxRing::configure(const RingLocation& ring, const RingLocation& completions) {
  const bool is_used = ring.entries != 0;
  if (is_used &&
      (!ring.is_valid() || !completions.is_valid() || completions.entries < ring.entries))
    return false;
  state_ = {};
  state_.ring = ring;
  state_.completions = completions;
  return true;
}

void TxRing::set_producer(std::uint32_t producer) {
  // A slot is the driver's again when its operation is answered: a producer further ahead would
  // hand some out twice, and one behind what is fetched lies too.
  const std::uint32_t ahead = producer - state_.answered;
  if (ahead <= state_.ring.entries && ahead >= state_.fetched - state_.answered)
    state_.producer = producer;
}

bool TxRing::take(tlsnic_tx_descriptor& descriptor) {
  if (state_.waiting == 0) {
    if (state_.fetched == state_.producer) return false;
    fetch();
  }
  descriptor = batch_[state_.batch_size - state_.waiting--];
  return true;
}

void TxRing::fetch() {
  const std::uint32_t slot = state_.fetched & (state_.ring.entries - 1);
  const std::uint32_t count =
      std::min({fetch_batch, state_.producer - state_.fetched, state_.ring.entries - slot});
  const std::uint64_t address = state_.ring.address + slot * sizeof batch_[0];
  if (!dma_.read(address, batch_.data(), count * sizeof batch_[0]))
    std::fill_n(batch_.begin(), count, tlsnic_tx_descriptor{});
  state_.fetched += count;
  state_.batch_size = state_.waiting = count;
}

void TxRing::complete(tlsnic_tx_completion completion) {
  state_.answered += completion.descriptors;
  const std::uint32_t index = state_.completion_index++;
  completion.phase = (index & state_.completions.entries) == 0 ? 1 : 0;
  const std::uint32_t slot = index & (state_.completions.entries - 1);
  dma_.write(state_.completions.address + slot * sizeof completion, &completion, sizeof completion);
}

}  // namespace tlsnic::hw
