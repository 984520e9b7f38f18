// Error lines about scenario files.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "traces/input_error.h"

namespace tlsnic::scenarios {

// Fit for a terminal: other than printable ASCII as '?', and no longer than a line.
inline std::string printable(std::string_view text) {
  constexpr std::size_t longest = 100;
  std::string out(text.substr(0, longest));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return text.size() > longest ? out + "..." : out;
}

// "FILE:LINE: found X, expected Y".
inline traces::InputError file_error(std::string_view place, std::string_view found,
                                     std::string_view expected) {
  return traces::InputError(fmt::format("{}: found {}, expected {}", place, found, expected));
}

}  // namespace tlsnic::scenarios
