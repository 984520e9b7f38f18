#include "scenarios/world.h"

#include <stdexcept>
#include <utility>

#include "host_stack/syscalls/run_simulation.h"

// SystemC's library refers to it. Weak: a program's own takes its place.
extern "C" __attribute__((weak)) int sc_main(int, char**) {
  return 0;
}

namespace tlsnic::scenarios {
namespace {

bool was_built = false;  // a world, in this program

sc_core::sc_time nanoseconds(std::uint64_t ns) {
  return sc_core::sc_time::from_value(ns * 1000);
}

// `last`: of both addresses.
EndSettings with_addresses(EndSettings settings, std::uint8_t last) {
  host::HostSettings& host = settings.parameters.host;
  host.ipv4.bytes = {10, 0, 0, last};
  host.ipv6.bytes = {0xfd};
  host.ipv6.bytes[15] = last;
  host.ipv6.is_ipv6 = true;
  return settings;
}

void set_wire(Machine& machine, LinkDirection& link) {
  machine.first.nic.wire = &link;
  if (machine.second) machine.second->nic.wire = &link;
}

}  // namespace

World::OnlyOne::OnlyOne() {
  if (was_built || sc_core::sc_start_of_simulation_invoked())
    throw std::logic_error(
        "a second World in one program: SystemC's kernel cannot be started again; use the first "
        "one for all connections, or fork() before each World");
  was_built = true;
}

World::World(const Scenario& scenario)
    : clock("clock"),
      client("client", with_addresses(scenario.ends[0], 1), clock),
      server("server", with_addresses(scenario.ends[1], 2), clock),
      client_receiver_(client),
      server_receiver_(server),
      to_server("to_server", scenario.link[0], scenario.seed * 2,
                scenario.ends[0].parameters.nic.wire_per_byte, server_receiver_),
      to_client("to_client", scenario.link[1], scenario.seed * 2 + 1,
                scenario.ends[1].parameters.nic.wire_per_byte, client_receiver_),
      limit_ns_(scenario.limit_ns),
      wakeup_ns_{scenario.ends[0].parameters.reader.wakeup_ns,
                 scenario.ends[1].parameters.reader.wakeup_ns} {
  set_wire(client, to_server);
  set_wire(server, to_client);
  // Standard output is the caller's.
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_DO_NOTHING);
}

World::Running& World::add_process(Machine& on) {
  return processes_.emplace_back(on, wakeup_ns_[&on == &server ? 1 : 0]);
}

void World::spawn(Machine& on, Application application) {
  Running& running = add_process(on);
  sc_core::sc_spawn_options options;
  options.set_stack_size(application_stack_bytes);
  sc_core::sc_spawn(
      [this, &running, application = std::move(application)] {
        run_application(running, application);
      },
      sc_core::sc_gen_unique_name("application"), &options);
}

void World::run_application(Running& running, const Application& application) {
  try {
    application(running.process);
  } catch (const sc_core::sc_unwind_exception&) {
    throw;  // SystemC's own, for its kill()
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
    sc_core::sc_pause();
  }
  processes_.remove_if([&running](const Running& each) { return &each == &running; });
}

host::Process& World::outside_process(Machine& on, Running*& running) {
  // Drivers start with the simulation; without them nothing can be sent.
  if (!sc_core::sc_start_of_simulation_invoked()) host::run_simulation(sc_core::SC_ZERO_TIME);
  if (running == nullptr) running = &add_process(on);
  return running->process;
}

bool World::run() {
  const sc_core::sc_time limit = nanoseconds(limit_ns_);
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  if (now < limit) host::run_simulation(limit - now, sc_core::SC_EXIT_ON_STARVATION);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return !sc_core::sc_pending_activity();
}

}  // namespace tlsnic::scenarios
