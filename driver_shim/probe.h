// What the driver lets others watch: its ethtool counters.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tlsnic::driver {

// In the order in which `ethtool -S` would print them.
using EthtoolCounters = std::vector<std::pair<std::string, std::uint64_t>>;

}  // namespace tlsnic::driver
