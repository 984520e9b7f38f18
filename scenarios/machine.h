// A host of a scenario: its stack, and the one or two devices that its route can take.
#pragma once

#include <memory>
#include <optional>

#include "scenarios/device.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

class Machine : public sc_core::sc_module {
 public:
  Machine(sc_core::sc_module_name name, const EndSettings& settings, host::Clock& clock)
      : sc_module(name),
        host(host_settings(settings), &clock),
        first("device", settings.parameters, settings.personality, memory_, host.netdev(), host) {
    set_features(host.netdev(), settings);
    if (!settings.second_device) return;
    set_features(second_netdev_, settings);
    second.emplace("device2", settings.parameters, settings.personality, second_memory_,
                   second_netdev_, host);
  }

  // Connections are taken out of the devices while there still are drivers.
  ~Machine() override {
    host.device_down(second_netdev_);
    host.device_down();
  }

  // That of the first device.
  const netdev::DmaMemory& memory() const { return memory_; }
  // The device that the route takes.
  Device& device() { return host.route().device == &second_netdev_ ? *second : first; }
  void set_route(bool to_second) {
    host.route().device = to_second ? &second_netdev_ : &host.netdev();
  }

 private:
  static host::HostSettings host_settings(const EndSettings& settings) {
    host::HostSettings out = settings.parameters.host;
    out.gro = settings.gro;
    out.tcp.tso = settings.tso;
    return out;
  }
  static void set_features(netdev::NetDevice& device, const EndSettings& settings) {
    device.hw_tls_rx = settings.tls_rx;
    device.hw_tls_tx = settings.tls_tx;
    device.lro = settings.lro;
  }

  // Address space for what many connections hold; resident only as far as it is touched.
  static constexpr std::size_t dma_bytes = std::size_t{1} << 30;

  netdev::DmaMemory memory_{dma_bytes};
  netdev::DmaMemory second_memory_{dma_bytes};
  netdev::NetDevice second_netdev_;

 public:
  host::Host host;
  Device first;
  std::optional<Device> second;
};

}  // namespace tlsnic::scenarios
