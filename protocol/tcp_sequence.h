// TCP sequence numbers: arithmetic modulo 2^32 (RFC 9293, section 3.4).
#pragma once

#include <cstdint>

namespace tlsnic {

// Signed distance from b to a; meaningful while the two are less than 2^31 apart.
inline std::int32_t sequence_distance(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b);
}
inline bool sequence_before(std::uint32_t a, std::uint32_t b) {
  return sequence_distance(a, b) < 0;
}
inline bool sequence_at_or_before(std::uint32_t a, std::uint32_t b) {
  return sequence_distance(a, b) <= 0;
}

}  // namespace tlsnic
