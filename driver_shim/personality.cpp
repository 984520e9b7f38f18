#include "driver_shim/personality.h"

namespace tlsnic::driver {

const char* to_string(Personality personality) {
  static constexpr const char* names[] = {"mlx5", "nfp", "nfp_stream_scan", "funeth", "chelsio"};
  static_assert(sizeof names / sizeof names[0] == personalities.size());
  return names[static_cast<std::size_t>(personality)];
}

std::optional<Personality> personality_from(std::string_view name) {
  for (const Personality each : personalities)
    if (name == to_string(each)) return each;
  return std::nullopt;
}

}  // namespace tlsnic::driver
