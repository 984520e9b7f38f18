#include "scenarios/run/run.h"

#include <fmt/format.h>

#include <optional>

#include "scenarios/run/applications.h"
#include "scenarios/run/host_events.h"
#include "scenarios/run/link_events.h"
#include "scenarios/run/values.h"
#include "scenarios/world.h"

namespace tlsnic::scenarios {
namespace {

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

void attach(Machine& machine, Monitor& monitor, bool is_server) {
  machine.host.set_probe(&monitor.host(is_server));
  monitor.link(is_server ? Direction::client_to_server : Direction::server_to_client).chip =
      [&machine] { return &machine.device() == &machine.first ? 0u : 1u; };
  machine.first.nic.probe = &monitor.chip(is_server, 0);
  if (machine.second) machine.second->nic.probe = &monitor.chip(is_server, 1);
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

  World world(scenario);
  attach(world.client, monitor, false);
  attach(world.server, monitor, true);
  LinkEvents events_to_server(scenario, Direction::client_to_server, monitor);
  LinkEvents events_to_client(scenario, Direction::server_to_client, monitor);
  world.to_server.observer = &monitor.link(Direction::client_to_server);
  world.to_client.observer = &monitor.link(Direction::server_to_client);
  if (!events_to_server.empty()) world.to_server.judge = &events_to_server;
  if (!events_to_client.empty()) world.to_client.judge = &events_to_client;
  HostEvents host_events(scenario, world.client, world.server, monitor, world.clock);
  Applications applications("applications", scenario, world.client, world.server, flows, content,
                            result.failures);
  const Watch watch("watch", options, flows, applications, monitor);

  const std::uint64_t deltas_before = sc_core::sc_delta_count();
  world.run();

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
  add_values({world, monitor, flows, applications.finished_ns(),
              sc_core::sc_delta_count() - deltas_before},
             result);
  world.client.host.set_probe(nullptr);
  world.server.host.set_probe(nullptr);
  if (capture) capture->close();
  return result;
}

}  // namespace tlsnic::scenarios
