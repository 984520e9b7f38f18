#include "host_stack/netdev/ethtool.h"

#include <fmt/format.h>

#include <iterator>

#include "host_stack/netdev/net_device.h"

namespace tlsnic::netdev {

EthtoolStats ethtool_stats(const NetDevice& device) {
  return device.ethtool_ops == nullptr ? EthtoolStats() : device.ethtool_ops->get_ethtool_stats();
}

std::optional<std::uint64_t> ethtool_stat(const NetDevice& device, std::string_view name) {
  for (const auto& [each, value] : ethtool_stats(device))
    if (each == name) return value;
  return std::nullopt;
}

std::string ethtool_text(const NetDevice& device) {
  const EthtoolStats stats = ethtool_stats(device);
  if (stats.empty()) return "no stats available\n";
  std::string text = "NIC statistics:\n";
  for (const auto& [name, value] : stats)
    fmt::format_to(std::back_inserter(text), "     {}: {}\n", name, value);
  return text;
}

}  // namespace tlsnic::netdev
