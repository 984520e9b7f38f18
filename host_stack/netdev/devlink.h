// How full a device's tables are, in the shape of devlink's resources.
//
// Limitations: no Linux driver shows its TLS tables so; the seam has devlink's form, and the
// resources' names are ours. Sizes cannot be changed, and resources have no children.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tlsnic::netdev {

struct NetDevice;

// A table of the device, in entries.
struct DevlinkResource {
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t occupancy = 0;  // now, 0 .. size
};

class DevlinkOps {
 public:
  virtual ~DevlinkOps() = default;
  // Empty before the driver has probed the device.
  virtual std::vector<DevlinkResource> resources() const = 0;
};

// Empty if the device has no driver, or one that shows none.
std::vector<DevlinkResource> devlink_resources(const NetDevice& device);
// After `devlink resource show DEVICE`: a line with the device, one for each resource. Empty if
// there is none (devlink: EOPNOTSUPP).
std::string devlink_resource_show(const NetDevice& device);

}  // namespace tlsnic::netdev
