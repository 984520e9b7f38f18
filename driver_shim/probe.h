// What the driver lets others watch: its ethtool counters.
#pragma once

#include "host_stack/netdev/ethtool.h"

namespace tlsnic::driver {

// In the order in which `ethtool -S` prints them.
using EthtoolCounters = netdev::EthtoolStats;

}  // namespace tlsnic::driver
