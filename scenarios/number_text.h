// Numbers of a result, as people and JSON want them.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace tlsnic::scenarios {

// Without a fraction, and small enough that all whole numbers up to it can be told apart.
inline bool is_whole(double value) {
  constexpr double exact = 9007199254740992;  // 2^53
  return std::trunc(value) == value && std::fabs(value) <= exact;
}

// 197, not 197.0.
inline std::string number_text(double value) {
  return is_whole(value) ? fmt::format("{}", static_cast<std::int64_t>(value))
                         : fmt::format("{}", value);
}

}  // namespace tlsnic::scenarios
