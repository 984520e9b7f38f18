#include "scenarios/run/run.h"

#include <fmt/format.h>
#ifdef __SANITIZE_ADDRESS__
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif

#include <optional>

#include "scenarios/run/applications.h"
#include "scenarios/run/host_events.h"
#include "scenarios/run/link_events.h"
#include "scenarios/run/values.h"
#include "scenarios/simulation_clock.h"

namespace tlsnic::scenarios {
namespace {

// The link's end at a host: the device that the host's route takes now.
class MachineReceiver : public FrameReceiver {
 public:
  explicit MachineReceiver(Machine& machine) : machine_(machine) {}
  bool receive(const hw::Frame& frame) override { return machine_.device().nic.receive(frame); }
  const sc_core::sc_event& resumed() const override { return machine_.device().nic.resumed(); }

 private:
  Machine& machine_;
};

// SystemC tells AddressSanitizer which thread's stack comes next, but not where the main one is.
void announce_main_stack() {
#ifdef __SANITIZE_ADDRESS__
  pthread_attr_t attributes;
  void* bottom = nullptr;
  std::size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  if (pthread_attr_getstack(&attributes, &bottom, &size) == 0) {
    __sanitizer_start_switch_fiber(nullptr, bottom, size);
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
  }
  pthread_attr_destroy(&attributes);
#endif
}

std::deque<Flow> make_flows(const Scenario& scenario) {
  std::deque<Flow> flows;
  for (const FlowSettings& settings : scenario.flows) {
    for (std::uint32_t i = 0; i < settings.count; ++i) {
      Flow& flow = flows.emplace_back();
      flow.index = static_cast<std::uint32_t>(flows.size() - 1);
      flow.settings = &settings;
      flow.tuple = flow_tuple(flow.index);
      for (std::uint32_t d = 0; d < 2; ++d) flow.directions[d].content_stream = 2 * flow.index + d;
    }
  }
  return flows;
}

// link: from this machine.
void attach(Machine& machine, Monitor& monitor, bool is_server, LinkDirection& link) {
  machine.host.set_probe(&monitor.host(is_server));
  monitor.link(is_server ? Direction::client_to_server : Direction::server_to_client).chip =
      [&machine] { return &machine.device() == &machine.first ? 0u : 1u; };
  machine.first.nic.wire = &link;
  machine.first.nic.probe = &monitor.chip(is_server, 0);
  if (!machine.second) return;
  machine.second->nic.wire = &link;
  machine.second->nic.probe = &monitor.chip(is_server, 1);
}

// Reports and stops in simulated time.
class Watch : public sc_core::sc_module {
 public:
  Watch(sc_core::sc_module_name name, const RunOptions& options, const std::deque<Flow>& flows,
        const Applications& applications, const Monitor& monitor)
      : sc_module(name),
        options_(options),
        flows_(flows),
        applications_(applications),
        monitor_(monitor) {
    if (!options_.progress) return;
    SC_HAS_PROCESS(Watch);
    SC_METHOD(report);
  }

 private:
  void report() {
    RunProgress progress;
    for (const Flow& flow : flows_)
      for (const Direction direction : {Direction::client_to_server, Direction::server_to_client}) {
        progress.bytes_done += flow.directions[traces::index_of(direction)].plaintext_read;
        if (flow.sends(direction)) progress.bytes_total += flow.settings->bytes;
      }
    for (const Direction direction : {Direction::client_to_server, Direction::server_to_client})
      progress.data_packets += monitor_.counts(direction).data_segments_sent;
    progress.simulated_ns = sc_core::sc_time_stamp().value() / 1000;
    options_.progress(progress);
    if (applications_.finished_flows() < flows_.size())
      next_trigger(sc_core::sc_time(1, sc_core::SC_MS));
  }

  const RunOptions& options_;
  const std::deque<Flow>& flows_;
  const Applications& applications_;
  const Monitor& monitor_;
};

}  // namespace

RunResult run_scenario(const Scenario& scenario, const RunOptions& options) {
  RunResult result;
  std::deque<Flow> flows = make_flows(scenario);
  const Content content(scenario.seed);
  std::optional<Rules> rules;
  if (options.check_rules) rules.emplace(flows.size(), content, result.failures);
  Monitor monitor(flows, rules ? &*rules : nullptr, result);

  std::optional<traces::PcapngWriter> capture;
  if (!options.capture.empty()) monitor.capture = &capture.emplace(options.capture);

  SimulationClock clock("clock");
  Machine client("client", scenario.ends[0], clock);
  Machine server("server", scenario.ends[1], clock);
  MachineReceiver client_receiver(client);
  MachineReceiver server_receiver(server);
  LinkDirection to_server("to_server", scenario.link[0], scenario.seed * 2,
                          scenario.ends[0].parameters.nic.wire_per_byte, server_receiver);
  LinkDirection to_client("to_client", scenario.link[1], scenario.seed * 2 + 1,
                          scenario.ends[1].parameters.nic.wire_per_byte, client_receiver);
  attach(client, monitor, false, to_server);
  attach(server, monitor, true, to_client);
  LinkEvents events_to_server(scenario, Direction::client_to_server, monitor);
  LinkEvents events_to_client(scenario, Direction::server_to_client, monitor);
  to_server.observer = &monitor.link(Direction::client_to_server);
  to_client.observer = &monitor.link(Direction::server_to_client);
  if (!events_to_server.empty()) to_server.judge = &events_to_server;
  if (!events_to_client.empty()) to_client.judge = &events_to_client;
  HostEvents host_events(scenario, client, server, monitor, clock);
  Applications applications("applications", scenario, client, server, flows, content,
                            result.failures);
  const Watch watch("watch", options, flows, applications, monitor);

  // Standard output is the caller's.
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_DO_NOTHING);
  const std::uint64_t deltas_before = sc_core::sc_delta_count();
  sc_core::sc_start(sc_core::sc_time::from_value(scenario.limit_ns * 1000),
                    sc_core::SC_EXIT_ON_STARVATION);
  announce_main_stack();

  if (applications.finished_flows() < flows.size() && result.failures.empty())
    result.failures.push_back(fmt::format(
        "{} of {} connections have not ended within {} ms of simulated time",
        flows.size() - applications.finished_flows(), flows.size(), scenario.limit_ns / 1'000'000));
  for (const LinkEvents* events : {&events_to_server, &events_to_client})
    for (std::string& line : events->missed()) result.failures.push_back(std::move(line));
  for (std::string& line : host_events.missed()) result.failures.push_back(std::move(line));
  if (rules) {
    rules->finish(flows);
    for (const Direction direction : {Direction::client_to_server, Direction::server_to_client})
      result.wire_sha256[traces::index_of(direction)] = rules->wire_digest(direction);
  }
  add_values({client, server, to_client, to_server, monitor, flows, applications.finished_ns(),
              sc_core::sc_delta_count() - deltas_before},
             result);
  client.host.set_probe(nullptr);
  server.host.set_probe(nullptr);
  if (capture) capture->close();
  return result;
}

}  // namespace tlsnic::scenarios
