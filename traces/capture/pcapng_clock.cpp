#include "traces/capture/pcapng_clock.h"

#include <limits>

namespace tlsnic::traces {
namespace {

constexpr std::uint64_t ns_per_second = 1'000'000'000;
constexpr unsigned ns_digits = 9;
constexpr unsigned uint64_digits = 19;  // 10^19 is the highest power of ten in 64 bits

std::uint64_t power_of_ten(unsigned exponent) {
  std::uint64_t power = 1;
  for (unsigned i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

PcapngClock::PcapngClock(std::uint8_t resolution, std::int64_t offset_s) : offset_s_(offset_s) {
  const unsigned exponent = resolution & 0x7fu;
  if ((resolution & 0x80u) != 0) {
    multiplier_ = ns_per_second;
    shift_ = exponent;
  } else if (exponent <= ns_digits) {
    multiplier_ = power_of_ten(ns_digits - exponent);
  } else if (exponent - ns_digits <= uint64_digits) {
    divisor_ = power_of_ten(exponent - ns_digits);
  } else {
    multiplier_ = 0;  // 2^64 such ticks are less than a nanosecond
  }
}

std::optional<std::int64_t> PcapngClock::to_ns(std::uint64_t ticks) const {
  // Below 2^94 after the multiplication, so the offset (below 2^93) cannot make it overflow.
  __int128 ns = static_cast<__int128>(divisor_ == 1 ? ticks : ticks / divisor_) * multiplier_;
  ns >>= shift_;
  ns += static_cast<__int128>(offset_s_) * ns_per_second;
  if (ns < 0 || ns > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return static_cast<std::int64_t>(ns);
}

}  // namespace tlsnic::traces
