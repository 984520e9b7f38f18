// What the two kinds of replay tell alike about a device at their end.
#pragma once

#include <string>

#include "driver_shim/driver.h"
#include "hw_model/nic.h"
#include "observe/summary.h"

namespace tlsnic::scenarios {

// Adds the driver's counters to those of the devices before, and appends the chip's units, named
// "end.unit". The same personality drives all devices of a summary, so counters go by their place.
void add_device(observe::RunSummary& summary, const std::string& end, const driver::Driver& driver,
                const hw::Nic& nic);

}  // namespace tlsnic::scenarios
