// Timestamps of a pcapng interface.
#pragma once

#include <cstdint>
#include <optional>

namespace tlsnic::traces {

class PcapngClock {
 public:
  PcapngClock() : PcapngClock(6, 0) {}  // microseconds, the format's default
  // `resolution`: the option if_tsresol, a negative power of 10, or of 2 if its highest bit is set.
  // `offset_s`: the option if_tsoffset, seconds.
  PcapngClock(std::uint8_t resolution, std::int64_t offset_s);

  // Nanoseconds since 1970, rounded down; nothing for a time before 1970 or after 2262.
  std::optional<std::int64_t> to_ns(std::uint64_t ticks) const;

 private:
  std::uint64_t multiplier_ = 1;
  std::uint64_t divisor_ = 1;
  unsigned shift_ = 0;
  std::int64_t offset_s_ = 0;
};

}  // namespace tlsnic::traces
