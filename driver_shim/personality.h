// The drivers that can be chosen; what each does: docs/personalities.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tlsnic::driver {

enum class Personality : std::uint8_t { mlx5, nfp, nfp_stream_scan, funeth, chelsio };

constexpr std::array<Personality, 5> personalities = {Personality::mlx5, Personality::nfp,
                                                      Personality::nfp_stream_scan,
                                                      Personality::funeth, Personality::chelsio};

const char* to_string(Personality personality);  // as the enumerators are spelled
// Nothing if the name is none of them.
std::optional<Personality> personality_from(std::string_view name);

}  // namespace tlsnic::driver
