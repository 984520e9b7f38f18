#include "scenarios/replay.h"

#include <fmt/format.h>

#include "scenarios/replay/device_counters.h"
#include "scenarios/replay/keys.h"
#include "scenarios/replay_source.h"
#include "traces/input_error.h"

namespace tlsnic::scenarios {
namespace {

using traces::Direction;

void finish_direction(Connection& connection, Direction direction, bool offload_selected) {
  ReceiveSide& side = connection.side(direction);
  observe::DirectionSummary& summary = side.summary;
  if (side.socket != nullptr) summary.cut = cut_of(side);
  summary.plaintext_bytes = side.plaintext->size();
  const traces::Obstacle* obstacle = connection.follower->obstacle(direction);
  if (obstacle != nullptr)
    summary.reason = obstacle->text;
  else if (!offload_selected)
    summary.reason = "offload not selected at this end";
  else if (!summary.in_hardware && summary.reason.empty())
    summary.reason = "the handshake was not read to its end";
}

observe::FlowSummary finish(Connection& connection, Side side) {
  connection.follower->end_of_capture();
  observe::FlowSummary flow;
  flow.stream = connection.stream;
  flow.client = to_string(connection.client_tuple.source);
  flow.server = to_string(connection.client_tuple.destination);
  flow.version = connection.follower->session().version_name;
  flow.cipher = connection.follower->session().cipher_suite_name;
  finish_direction(connection, Direction::client_to_server, side != Side::client);
  finish_direction(connection, Direction::server_to_client, side != Side::server);
  for (const Direction direction : {Direction::server_to_client, Direction::client_to_server}) {
    ReceiveSide& receive = connection.side(direction);
    flow.offloaded |= receive.summary.in_hardware;
    if (flow.reason.empty()) flow.reason = receive.summary.reason;
    // Files are for what could be decrypted; a hash of nothing would look like a result.
    if (connection.follower->encryption_start(direction) != nullptr)
      receive.summary.plaintext_sha256 = receive.plaintext->finish();
    flow.directions[traces::index_of(direction)] = receive.summary;
  }
  if (flow.offloaded) flow.reason.clear();
  return flow;
}

void add_counters(observe::RunSummary& summary, const End& end) {
  add_device(summary, end.name(), end.driver, end.nic);
  const auto& stat = end.host.tls_stat();
  summary.tls_stat.resize(host::tls_counter_count);
  for (std::size_t i = 0; i < host::tls_counter_count; ++i) {
    const auto counter = static_cast<host::TlsCounter>(i);
    summary.tls_stat[i].first = host::tls_counter_name(counter);
    summary.tls_stat[i].second += stat[counter];
  }
  summary.context_hits += end.nic.contexts().hits();
  summary.context_misses += end.nic.contexts().misses();
}

// Directions most of whose packets with payload have a wrong checksum.
bool is_mostly_bad(const observe::PacketCounts& packets) {
  const std::uint64_t rest = packets.decrypted + packets.passed + packets.not_tls;
  return packets.bad_checksum >= 3 && packets.bad_checksum >= rest;
}

void add_hints(observe::RunSummary& summary, bool has_keys, const ReplayOptions& options) {
  bool by_client = false;
  bool by_server = false;
  for (const observe::FlowSummary& flow : summary.flows) {
    by_client |= is_mostly_bad(flow.directions[0].packets);
    by_server |= is_mostly_bad(flow.directions[1].packets);
  }
  if (by_client || by_server)
    summary.hints.push_back(fmt::format(
        "most packets from the {} have a wrong TCP checksum, as in captures taken on a host whose "
        "device fills checksums in; with --checksum repair they count as right",
        by_client && by_server ? "client and the server"
        : by_client            ? "client"
                               : "server"));
  if (!has_keys) summary.hints.push_back(no_keys_hint(options));
}

}  // namespace

observe::RunSummary run_replay(const ReplayOptions& options, observe::PacketLog& packets,
                               observe::PlaintextFiles& plaintext) {
  observe::RunSummary summary;
  summary.capture = options.capture;
  summary.seed = options.what_if.seed;
  const traces::KeyLog keys = read_keys(options, summary.warnings);
  End client("client", options.parameters, options.side != Side::server);
  End server("server", options.parameters, options.side != Side::client);
  ReplayReader client_reader("client_reader", client.host, Direction::server_to_client,
                             options.parameters);
  ReplayReader server_reader("server_reader", server.host, Direction::client_to_server,
                             options.parameters);
  ReplaySource source("source", options, keys, {client, client_reader}, {server, server_reader},
                      packets, plaintext);
  source.run_simulation(summary);

  bool any_tls = false;
  for (Connection& connection : source.connections()) {
    summary.flows.push_back(finish(connection, options.side));
    any_tls |= connection.is_tls && connection.has_payload;
  }
  if (!any_tls)
    throw traces::input_error(options.capture, fmt::format("{} frames", summary.frames),
                              "no TLS connection", "at least one");
  add_counters(summary, client);
  add_counters(summary, server);
  summary.answers_ignored = source.answers_ignored();
  add_hints(summary, !keys.empty(), options);
  return summary;
}

}  // namespace tlsnic::scenarios
