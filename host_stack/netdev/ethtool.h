// What `ethtool -S` shows of a device: statistics by name, whatever its driver is.
//
// ethtool_ops come from the driver; the functions below are for applications, which may ask at any
// time and cost the device nothing. Counters never go back while the driver is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tlsnic::netdev {

struct NetDevice;

// Names and values, in the driver's order. Names are as the driver spells them: two drivers may
// have the same name for different things (docs/statistics.md).
using EthtoolStats = std::vector<std::pair<std::string, std::uint64_t>>;

class EthtoolOps {
 public:
  virtual ~EthtoolOps() = default;
  // get_strings(ETH_SS_STATS) and get_ethtool_stats() in one.
  virtual EthtoolStats get_ethtool_stats() const = 0;
};

// Empty if the device has no driver, or one without statistics.
EthtoolStats ethtool_stats(const NetDevice& device);
// Nothing if the device has no statistic of this name.
std::optional<std::uint64_t> ethtool_stat(const NetDevice& device, std::string_view name);
// As `ethtool -S DEVICE` prints it; "no stats available\n" if there is none.
std::string ethtool_text(const NetDevice& device);

}  // namespace tlsnic::netdev
