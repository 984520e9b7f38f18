// One end of the captured connections: a host and its NIC.
#pragma once

#include "scenarios/device.h"

namespace tlsnic::scenarios {

class End : public sc_core::sc_module {
 public:
  // offload: whether the device's TLS receive offload is switched on.
  End(sc_core::sc_module_name name, const Parameters& parameters, bool offload)
      : sc_module(name),
        host(parameters.host),
        device_("device", parameters, driver::Personality::mlx5, memory_, host.netdev(), host) {
    host.netdev().hw_tls_rx = offload;
  }

  // Connections are taken out of the device while there still is a driver.
  ~End() override { host.device_down(); }

 private:
  netdev::DmaMemory memory_;

 public:
  host::Host host;

 private:
  Device device_;

 public:
  hw::Nic& nic = device_.nic;
  driver::Driver& driver = device_.driver;
};

}  // namespace tlsnic::scenarios
