// Two hosts with a NIC each and a link between them: what applications, tests and scenarios run on.
//
//   World world;                                          // TLS_HW both ways, mlx5, nothing lost
//   world.spawn(world.server, [](host::Process& process) { ... });
//   world.spawn(world.client, [](host::Process& process) { ... });
//   world.run();
//
// One per program: SystemC's kernel cannot be started again, so that a second World, even after the
// first has gone, is a std::logic_error. Programs that need several fork.
//
// A program with a main() of its own needs no sc_main(): there is an empty one here, which the
// program's takes the place of.
#pragma once

#include <exception>
#include <functional>
#include <list>

#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/simulation_scheduler.h"
#include "scenarios/link/link_direction.h"
#include "scenarios/machine.h"
#include "scenarios/scenario.h"
#include "scenarios/simulation_clock.h"

namespace tlsnic::scenarios {

// Of an application that spawn() starts, in bytes: room for OpenSSL and for buffers of a few
// records. What is larger belongs on the heap.
constexpr int application_stack_bytes = 512 * 1024;

// The link's end at a host: the device that the host's route takes now.
class MachineReceiver : public FrameReceiver {
 public:
  explicit MachineReceiver(Machine& machine) : machine_(machine) {}
  bool receive(const hw::Frame& frame) override { return machine_.device().nic.receive(frame); }
  const sc_core::sc_event& resumed() const override { return machine_.device().nic.resumed(); }

 private:
  Machine& machine_;
};

class World {
  // Before anything of SystemC.
  class OnlyOne {
   public:
    OnlyOne();
  };
  OnlyOne only_one_;

 public:
  using Application = std::function<void(host::Process&)>;

  // Of the scenario: ends, link, seed, limit_ns. Its flows and events are for run_scenario().
  // Throws std::logic_error for a second world, std::invalid_argument for a link that cannot be
  // (LinkDirection).
  explicit World(const Scenario& scenario = {});
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A process of its own on one of the two machines, as a SystemC thread, from now on. When the
  // application returns, its descriptors are closed. An exception ends the run, see run(). An
  // application that has not returned when the world goes is not unwound.
  void spawn(Machine& on, Application application);

  // For calls from a plain main() or a test: each runs the simulation until it is done. Not from
  // within the simulation.
  host::Process& client_process() { return outside_process(client, client_process_); }
  host::Process& server_process() { return outside_process(server, server_process_); }

  // Until nothing happens any more (true) or the scenario's limit_ns of simulated time is over
  // (false). Throws what an application has thrown first.
  bool run();

  SimulationClock clock;
  Machine client;  // 10.0.0.1, fd00::1
  Machine server;  // 10.0.0.2, fd00::2

 private:
  MachineReceiver client_receiver_;
  MachineReceiver server_receiver_;

 public:
  LinkDirection to_server;
  LinkDirection to_client;

 private:
  struct Running {
    Running(Machine& machine, std::uint64_t wakeup_ns)
        : scheduler(wakeup_ns), process(machine.host, scheduler) {}
    host::SimulationScheduler scheduler;
    host::Process process;
  };

  Running& add_process(Machine& on);
  host::Process& outside_process(Machine& on, Running*& running);
  void run_application(Running& running, const Application& application);

  std::uint64_t limit_ns_;
  std::array<std::uint64_t, 2> wakeup_ns_;  // client, server
  std::exception_ptr failure_;
  Running* client_process_ = nullptr;
  Running* server_process_ = nullptr;
  std::list<Running> processes_;  // the last member: sockets go before hosts and drivers
};

}  // namespace tlsnic::scenarios
