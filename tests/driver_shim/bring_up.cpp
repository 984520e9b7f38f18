// Probing: what the driver does with a device that is not its own.
#include <catch2/catch.hpp>

#include "tests/driver_shim/world.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

// A device of which only the identity can be read.
struct OtherDevice : sc_core::sc_module {
  OtherDevice(sc_core::sc_module_name name, std::uint32_t id, std::uint32_t version)
      : sc_module(name), target("target"), id_(id), version_(version) {
    target.register_b_transport(this, &OtherDevice::transport);
  }
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
    const std::uint32_t value = payload.get_address() == TLSNIC_REG_ID            ? id_
                                : payload.get_address() == TLSNIC_REG_ABI_VERSION ? version_
                                                                                  : 16;
    if (payload.is_read())
      std::memcpy(payload.get_data_ptr(), &value, sizeof value);
    else
      ++writes;
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  tlm_utils::simple_target_socket<OtherDevice> target;
  int writes = 0;

 private:
  std::uint32_t id_, version_;
};

struct NoStack : netdev::NetworkStack {
  void netif_receive_skb(netdev::SkBuff) override {}
  netdev::TlsConnection* find_tls_connection(const FourTuple&) override { return nullptr; }
};

struct Interrupter : sc_core::sc_module {
  explicit Interrupter(sc_core::sc_module_name name) : sc_module(name), socket("socket") {}
  tlm_utils::simple_initiator_socket<Interrupter> socket;
};

}  // namespace

TEST_CASE("the driver takes no device with another identity or programming interface") {
  struct {
    std::uint32_t id, version;
    bool is_ours;
  } const devices[] = {{TLSNIC_ID, TLSNIC_ABI_VERSION, true},
                       {TLSNIC_ID + 1, TLSNIC_ABI_VERSION, false},
                       {0, 0, false},
                       {0xffffffff, 0xffffffff, false},
                       {TLSNIC_ID, TLSNIC_ABI_VERSION + 1, false}};
  for (const auto& each : devices) {
    in_child([&] {
      netdev::DmaMemory memory;
      NoStack stack;
      OtherDevice device("device", each.id, each.version);
      Interrupter interrupter("interrupter");
      driver::Driver driver("driver", memory, stack, sc_core::sc_time(1, sc_core::SC_US));
      driver.registers.socket.bind(device.target);
      interrupter.socket.bind(driver.msix);
      sc_core::sc_start(sc_core::SC_ZERO_TIME);
      if (each.is_ours) {
        CHECK_NOTHROW(driver.probe_device());
        CHECK(device.writes > 0);
      } else {
        CHECK_THROWS_AS(driver.probe_device(), std::logic_error);
        CHECK(device.writes == 0);
      }
    });
  }
}
