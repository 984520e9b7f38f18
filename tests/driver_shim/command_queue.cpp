// The driver's command queue on the real chip, without the rest of the driver.
#include "driver_shim/command_queue.h"

#include <catch2/catch.hpp>

#include "hw_model/nic.h"
#include "scenarios/host_bus.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

struct QueueWorld : sc_core::sc_module {
  explicit QueueWorld(const hw::NicParameters& parameters = {},
                      sc_core::sc_module_name name = "world")
      : sc_module(name),
        msix("msix"),
        nic("nic", parameters),
        registers("registers"),
        bus("bus", memory),
        queue(memory, registers) {
    nic.dma.socket.bind(bus.target);
    nic.msix.socket.bind(msix);
    registers.socket.bind(nic.registers);
    msix.register_b_transport(this, &QueueWorld::interrupt);
  }
  void start_of_simulation() override {
    queue.configure();
    registers.write(TLSNIC_REG_RX_RING_ADDRESS, memory.allocate(64));
    registers.write(TLSNIC_REG_RX_RING_ENTRIES, std::uint32_t{2});
    registers.write(TLSNIC_REG_RX_CQ_ADDRESS, memory.allocate(64));
    registers.write(TLSNIC_REG_RX_CQ_ENTRIES, std::uint32_t{2});
    registers.write(TLSNIC_DB_CONTROL, std::uint32_t{1});
  }
  void interrupt(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    queue.poll();
  }
  void settle() {
    sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_SEC), sc_core::SC_EXIT_ON_STARVATION);
    CHECK_FALSE(sc_core::sc_pending_activity());
  }

  netdev::DmaMemory memory;
  tlm_utils::simple_target_socket<QueueWorld> msix;
  hw::Nic nic;
  driver::RegisterPort registers;
  scenarios::HostBus bus;
  driver::CommandQueue queue;
};

tlsnic_command context_command(std::uint32_t opcode, std::uint32_t id) {
  tlsnic_command command{};
  command.opcode = static_cast<std::uint8_t>(opcode);
  command.object = id;
  return command;
}

}  // namespace

TEST_CASE("a thousand commands at once are run and answered in order") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.firmware_command = 1000;
    QueueWorld world(parameters);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    std::vector<int> done;
    // Each creates what the one before has destroyed: any other order fails.
    for (int i = 0; i < 1000; ++i) {
      const bool create = i % 2 == 0;
      if (i < static_cast<int>(driver::CommandQueue::entries)) CHECK(world.queue.has_room());
      if (i >= static_cast<int>(driver::CommandQueue::entries)) CHECK_FALSE(world.queue.has_room());
      world.queue.post(
          context_command(create ? TLSNIC_CMD_RX_CONTEXT_CREATE : TLSNIC_CMD_RX_CONTEXT_DESTROY, 1),
          [&done, i](std::uint8_t status) { done.push_back(status == TLSNIC_STATUS_OK ? i : -1); });
    }
    CHECK(done.empty());
    world.settle();
    REQUIRE(done.size() == 1000);
    for (int i = 0; i < 1000; ++i) CHECK(done[static_cast<std::size_t>(i)] == i);
    CHECK(world.queue.has_room());
  });
}

TEST_CASE("an answer may post further commands, also when the ring is full") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.firmware_command = 1000;
    QueueWorld world(parameters);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    int creates = 0, destroys = 0, failures = 0;
    for (std::uint32_t i = 0; i < 400; ++i) {
      world.queue.post(context_command(TLSNIC_CMD_RX_CONTEXT_CREATE, i), [&, i](std::uint8_t s) {
        ++creates;
        failures += s == TLSNIC_STATUS_OK ? 0 : 1;
        world.queue.post(context_command(TLSNIC_CMD_RX_CONTEXT_DESTROY, i), [&](std::uint8_t t) {
          ++destroys;
          failures += t == TLSNIC_STATUS_OK ? 0 : 1;
        });
      });
    }
    world.settle();
    CHECK(creates == 400);
    CHECK(destroys == 400);
    CHECK(failures == 0);
  });
}

TEST_CASE("a command that fails tells its status to whoever posted it") {
  in_child([] {
    QueueWorld world;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    int status = -1;
    world.queue.post(context_command(TLSNIC_CMD_RX_CONTEXT_DESTROY, 5));  // nobody asks
    world.queue.post(context_command(TLSNIC_CMD_KEY_DESTROY, 5),
                     [&](std::uint8_t s) { status = s; });
    world.settle();
    CHECK(status == TLSNIC_STATUS_BAD_OBJECT);
  });
}
