#include "host_stack/netdev/devlink.h"

#include <fmt/format.h>

#include <iterator>

#include "host_stack/netdev/net_device.h"

namespace tlsnic::netdev {

std::vector<DevlinkResource> devlink_resources(const NetDevice& device) {
  return device.devlink_ops == nullptr ? std::vector<DevlinkResource>()
                                       : device.devlink_ops->resources();
}

std::string devlink_resource_show(const NetDevice& device) {
  const std::vector<DevlinkResource> resources = devlink_resources(device);
  if (resources.empty()) return {};
  // Real handles are of the bus and its address, which this device has not.
  std::string text = fmt::format("tlsnic/{}:\n", device.name);
  for (const DevlinkResource& each : resources)
    fmt::format_to(std::back_inserter(text), "  name {} size {} occ {} unit entry\n", each.name,
                   each.size, each.occupancy);
  return text;
}

}  // namespace tlsnic::netdev
