// A set of stream offsets as disjoint ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tlsnic::host {

// [start, end)
struct Range {
  std::uint64_t start = 0;
  std::uint64_t end = 0;

  std::uint64_t size() const { return end - start; }
};

class RangeSet {
 public:
  struct Added {
    std::uint64_t bytes = 0;   // that were not in the set before
    std::uint64_t lowest = 0;  // the first of them; if there are any
  };

  // A new range beyond `max_ranges` is not taken: a peer may describe any number of them.
  explicit RangeSet(std::size_t max_ranges) : max_ranges_(max_ranges) {}

  Added add(Range range);
  void remove_below(std::uint64_t offset);
  void remove(Range range);
  void clear();

  bool empty() const { return ranges_.empty(); }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t bytes_below(std::uint64_t offset) const;
  // One past the last offset in the set; 0 if it is empty.
  std::uint64_t highest() const { return ranges_.empty() ? 0 : ranges_.back().end; }
  std::optional<Range> find(std::uint64_t offset) const;
  // The first stretch of [from, limit) that is not in the set.
  std::optional<Range> gap(std::uint64_t from, std::uint64_t limit) const;
  const std::vector<Range>& ranges() const { return ranges_; }  // ascending, never touching

 private:
  std::vector<Range>::const_iterator first_ending_after(std::uint64_t offset) const;

  std::size_t max_ranges_;
  std::uint64_t bytes_ = 0;
  std::vector<Range> ranges_;
};

}  // namespace tlsnic::host
