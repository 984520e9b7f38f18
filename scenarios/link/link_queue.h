// The queue before a link, and the time that a frame takes to go onto it. Without SystemC: all
// times are given.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "hw_model/timing/stage.h"

namespace tlsnic::scenarios {

class LinkQueue {
 public:
  // capacity: frames that may wait; the one that is being sent does not count.
  LinkQueue(hw::Picoseconds link_per_byte, hw::Picoseconds chip_per_byte, std::uint32_t capacity)
      : link_per_byte_(link_per_byte), chip_per_byte_(chip_per_byte), capacity_(capacity) {}

  // A frame whose last bit leaves the chip now; now never runs backwards. When its last bit is on
  // the link; nothing if the queue is full. Bits go on as they come: where the link is idle and no
  // slower than the chip, that is now.
  std::optional<hw::Picoseconds> pass(hw::Picoseconds now, std::size_t bytes);

  std::uint32_t most_waiting() const { return most_waiting_; }

 private:
  hw::Picoseconds link_per_byte_;
  hw::Picoseconds chip_per_byte_;
  std::uint32_t capacity_;
  std::uint32_t most_waiting_ = 0;
  hw::Picoseconds free_ = 0;  // when the link has sent all that it was given
  // When the frames that wait will begin to be sent, in order, from starts_[head_] on.
  std::vector<hw::Picoseconds> starts_;
  std::size_t head_ = 0;
};

}  // namespace tlsnic::scenarios
