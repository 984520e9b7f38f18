// One end of the captured connections: a chip, its driver and the host above it.
#pragma once

#include <memory>
#include <systemc>

#include "driver_shim/driver.h"
#include "host_stack/host.h"
#include "hw_model/nic.h"
#include "scenarios/host_bus.h"
#include "scenarios/parameters.h"

namespace tlsnic::scenarios {

class End : public sc_core::sc_module {
 public:
  // offload: whether the device's TLS receive offload is switched on.
  End(sc_core::sc_module_name name, const Parameters& parameters, bool offload)
      : sc_module(name),
        host(parameters.host),
        nic("nic", parameters.nic),
        driver(
            "driver", memory_, host,
            sc_core::sc_time(static_cast<double>(parameters.interrupt_latency_ns), sc_core::SC_NS)),
        bus_("bus", memory_) {
    nic.dma.socket.bind(bus_.target);
    nic.msix.socket.bind(driver.msix);
    driver.registers.socket.bind(nic.registers);
    host.netdev().name = std::string(this->name());
    host.netdev().hw_tls_rx = offload;
  }

  // Connections are taken out of the device while there still is a driver.
  ~End() override { host.device_down(); }

  void start_of_simulation() override {
    driver.probe_device();
    host.netdev().tlsdev_ops = &driver.tlsdev_ops();
  }

 private:
  netdev::DmaMemory memory_;

 public:
  host::Host host;
  hw::Nic nic;
  driver::Driver driver;

 private:
  HostBus bus_;
};

}  // namespace tlsnic::scenarios
