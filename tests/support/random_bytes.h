#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/random.h"

namespace tlsnic::testing {

// Each seed has its own, the same on every machine.
inline std::vector<std::uint8_t> random_bytes(std::size_t size, std::uint64_t seed = 1) {
  Random random(seed);
  std::vector<std::uint8_t> out(size);
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random.next());
  return out;
}

}  // namespace tlsnic::testing
