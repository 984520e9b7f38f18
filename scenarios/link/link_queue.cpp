#include "scenarios/link/link_queue.h"

#include <algorithm>

namespace tlsnic::scenarios {

std::optional<hw::Picoseconds> LinkQueue::pass(hw::Picoseconds now, std::size_t bytes) {
  while (head_ < starts_.size() && starts_[head_] <= now) ++head_;
  // What has left is taken out by halves, so that a frame costs the same however many wait.
  if (head_ * 2 >= starts_.size()) {
    starts_.erase(starts_.begin(), starts_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  const hw::Picoseconds first_bit = now - std::min(now, bytes * chip_per_byte_);
  const hw::Picoseconds start = std::max(first_bit, free_);
  if (start > now) {
    if (starts_.size() - head_ >= capacity_) return std::nullopt;
    starts_.push_back(start);
    most_waiting_ = std::max(most_waiting_, static_cast<std::uint32_t>(starts_.size() - head_));
  }
  free_ = std::max(now, start + bytes * link_per_byte_);
  return free_;
}

}  // namespace tlsnic::scenarios
