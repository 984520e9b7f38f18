#include "traces/stream/stream_assembler.h"

#include <algorithm>

#include "protocol/tcp_sequence.h"

namespace tlsnic::traces {

StreamAssembler::StreamAssembler(std::uint32_t first_sequence, std::size_t limit)
    : first_sequence_(first_sequence), limit_(limit) {}

bool StreamAssembler::add(std::uint32_t sequence, Bytes payload) {
  const auto here = static_cast<std::uint32_t>(first_sequence_ + offset_);
  const std::int32_t distance = sequence_distance(sequence, here);
  std::size_t at = 0;  // of payload, counted from offset_
  if (distance < 0) {
    const auto old = static_cast<std::size_t>(-std::int64_t{distance});
    if (old >= payload.size()) return true;
    payload = payload.subspan(old);
  } else {
    at = static_cast<std::size_t>(distance);
  }
  if (payload.empty()) return true;
  if (at >= limit_) return false;
  const bool fits = payload.size() <= limit_ - at;
  if (!fits) payload = payload.first(limit_ - at);

  const std::size_t begin = begin_ + at;
  const std::size_t end = begin + payload.size();
  if (begin == data_.size() && begin == ready_end_) {  // in order: the usual case
    data_.insert(data_.end(), payload.begin(), payload.end());
    present_.resize(end, true);
    ready_end_ = end;
    return fits;
  }
  if (end > data_.size()) {
    data_.resize(end);
    present_.resize(end, false);
  }
  for (std::size_t i = begin; i < end; ++i) {
    if (present_[i]) continue;
    data_[i] = payload[i - begin];
    present_[i] = true;
  }
  while (ready_end_ < data_.size() && present_[ready_end_]) ++ready_end_;
  return fits;
}

void StreamAssembler::consume(std::size_t count) {
  count = std::min(count, ready_end_ - begin_);
  begin_ += count;
  offset_ += count;
  // Moving the rest to the front only when it is the smaller part keeps the cost linear.
  if (begin_ < data_.size() - begin_) return;
  data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(begin_));
  present_.erase(present_.begin(), present_.begin() + static_cast<std::ptrdiff_t>(begin_));
  ready_end_ -= begin_;
  begin_ = 0;
}

}  // namespace tlsnic::traces
