#include "host_stack/tcp/range_set.h"

#include <algorithm>

namespace tlsnic::host {

std::vector<Range>::const_iterator RangeSet::first_ending_after(std::uint64_t offset) const {
  return std::upper_bound(ranges_.begin(), ranges_.end(), offset,
                          [](std::uint64_t o, const Range& range) { return o < range.end; });
}

RangeSet::Added RangeSet::add(Range range) {
  if (range.start >= range.end) return {};
  const auto new_part = gap(range.start, range.end);
  if (!new_part) return {};

  // Those that overlap or touch become one.
  const auto at =
      std::lower_bound(ranges_.begin(), ranges_.end(), range.start,
                       [](const Range& old, std::uint64_t start) { return old.end < start; });
  auto past = at;
  std::uint64_t known = 0;
  Range merged = range;
  for (; past != ranges_.end() && past->start <= range.end; ++past) {
    known += past->size();
    merged.start = std::min(merged.start, past->start);
    merged.end = std::max(merged.end, past->end);
  }
  if (at == past) {
    if (ranges_.size() >= max_ranges_) return {};
    ranges_.insert(at, merged);
  } else {
    *at = merged;
    ranges_.erase(at + 1, past);
  }
  bytes_ += merged.size() - known;
  return {merged.size() - known, new_part->start};
}

void RangeSet::remove_below(std::uint64_t offset) {
  std::size_t gone = 0;
  for (; gone < ranges_.size() && ranges_[gone].end <= offset; ++gone)
    bytes_ -= ranges_[gone].size();
  ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(gone));
  if (!ranges_.empty() && ranges_.front().start < offset) {
    bytes_ -= offset - ranges_.front().start;
    ranges_.front().start = offset;
  }
}

void RangeSet::remove(Range range) {
  if (range.start >= range.end) return;
  auto at = ranges_.begin() + (first_ending_after(range.start) - ranges_.cbegin());
  if (at != ranges_.end() && at->start < range.start && at->end > range.end) {
    // At the limit the far part goes, too: it was there, and that is all that is forgotten.
    const Range rest{range.end, at->end};
    bytes_ -= at->end - range.start;
    at->end = range.start;
    if (ranges_.size() < max_ranges_) {
      bytes_ += rest.size();
      ranges_.insert(at + 1, rest);
    }
    return;
  }
  if (at != ranges_.end() && at->start < range.start) {
    bytes_ -= at->end - range.start;
    at->end = range.start;
    ++at;
  }
  auto past = at;
  for (; past != ranges_.end() && past->end <= range.end; ++past) bytes_ -= past->size();
  if (past != ranges_.end() && past->start < range.end) {
    bytes_ -= range.end - past->start;
    past->start = range.end;
  }
  ranges_.erase(at, past);
}

void RangeSet::clear() {
  ranges_.clear();
  bytes_ = 0;
}

std::uint64_t RangeSet::bytes_below(std::uint64_t offset) const {
  if (highest() <= offset) return bytes_;
  std::uint64_t sum = 0;
  for (const Range& range : ranges_) {
    if (range.start >= offset) break;
    sum += std::min(range.end, offset) - range.start;
  }
  return sum;
}

std::optional<Range> RangeSet::find(std::uint64_t offset) const {
  const auto at = first_ending_after(offset);
  if (at == ranges_.end() || at->start > offset) return std::nullopt;
  return *at;
}

std::optional<Range> RangeSet::gap(std::uint64_t from, std::uint64_t limit) const {
  auto at = first_ending_after(from);
  if (at != ranges_.end() && at->start <= from) {
    from = at->end;
    ++at;
  }
  const std::uint64_t end = at != ranges_.end() ? std::min(at->start, limit) : limit;
  if (from >= end) return std::nullopt;
  return Range{from, end};
}

}  // namespace tlsnic::host
