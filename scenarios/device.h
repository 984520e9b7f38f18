// A NIC in a host: the chip, its driver, and the bus between the chip and the host's memory.
#pragma once

#include <systemc>

#include "driver_shim/driver.h"
#include "host_stack/host.h"
#include "hw_model/nic.h"
#include "scenarios/host_bus.h"
#include "scenarios/parameters.h"

namespace tlsnic::scenarios {

class Device : public sc_core::sc_module {
 public:
  // memory: outlives the stack's sockets, which may hold pages of it. netdev: what the host knows
  // of the device; completed when the simulation starts.
  Device(sc_core::sc_module_name name, const Parameters& parameters,
         driver::Personality personality, netdev::DmaMemory& memory, netdev::NetDevice& netdev,
         netdev::NetworkStack& stack)
      : sc_module(name),
        nic("nic", parameters.nic),
        driver("driver", memory, stack,
               sc_core::sc_time::from_value(parameters.interrupt_latency_ns * 1000), personality),
        netdev_(netdev),
        bus_("bus", memory) {
    nic.dma.socket.bind(bus_.target);
    nic.msix.socket.bind(driver.msix);
    driver.registers.socket.bind(nic.registers);
    netdev_.name = std::string(this->name());
  }

  void start_of_simulation() override {
    driver.set_lro(netdev_.lro);
    driver.probe_device();
    netdev_.netdev_ops = &driver;
    netdev_.tlsdev_ops = &driver.tlsdev_ops();
    netdev_.ethtool_ops = &driver;
    netdev_.devlink_ops = &driver;
  }

  hw::Nic nic;
  driver::Driver driver;

 private:
  netdev::NetDevice& netdev_;
  HostBus bus_;
};

}  // namespace tlsnic::scenarios
