#include "scenarios/replay/transmit.h"

#include <fmt/format.h>

#include "scenarios/device.h"
#include "scenarios/replay/device_counters.h"
#include "scenarios/replay/keys.h"
#include "scenarios/replay/transmit_source.h"
#include "traces/input_error.h"

namespace tlsnic::scenarios {
namespace {

using traces::Direction;

// The host that a driver sees; nothing arrives in a replay of the transmit side.
class SendingStack : public netdev::NetworkStack {
 public:
  void netif_receive_skb(netdev::SkBuff) override {}
  netdev::TlsConnection* find_tls_connection(const FourTuple&) override { return nullptr; }
};

// One end of the captured connections: a device, and the wire behind it.
struct SendingEnd {
  SendingEnd(const char* name, const ReplayOptions& options, driver::Personality personality,
             bool offload, observe::PacketLog& packets)
      : wire(packets), device(name, options.parameters, personality, memory, netdev, stack) {
    netdev.hw_tls_tx = offload;
    device.nic.wire = &wire;
    device.nic.probe = &wire;
  }
  TransmitSource::Sender sender() { return {netdev, wire, netdev.hw_tls_tx}; }

  SendingStack stack;
  netdev::NetDevice netdev;
  netdev::DmaMemory memory;
  WireCheck wire;
  Device device;
};

observe::FlowSummary finish(TransmitConnection& connection, std::uint64_t stream) {
  observe::FlowSummary flow;
  flow.stream = stream;
  flow.client = to_string(connection.client_tuple.source);
  flow.server = to_string(connection.client_tuple.destination);
  flow.version = connection.follower->session().version_name;
  flow.cipher = connection.follower->session().cipher_suite_name;
  for (const Direction direction : {Direction::server_to_client, Direction::client_to_server}) {
    TransmitLane& lane = connection.lane(direction);
    TransmitResult& result = lane.result;
    observe::DirectionSummary& summary = result.summary;
    summary.in_hardware = result.installs > 0;
    summary.transmit->rebuilds =
        result.placements > result.installs ? result.placements - result.installs : 0;
    if (!summary.in_hardware && summary.reason.empty()) summary.reason = "nothing to encrypt";
    flow.offloaded |= summary.in_hardware;
    if (flow.reason.empty()) flow.reason = summary.reason;
    flow.directions[traces::index_of(direction)] = summary;
  }
  if (flow.offloaded) flow.reason.clear();
  return flow;
}

void add_counters(observe::RunSummary& summary, const Device& device) {
  add_device(summary, device.name(), device.driver, device.nic);
  summary.context_hits += device.nic.tx_contexts().hits();
  summary.context_misses += device.nic.tx_contexts().misses();
}

void add_hints(observe::RunSummary& summary, bool has_keys, const ReplayOptions& options) {
  std::uint64_t damaged = 0;
  std::uint64_t dropped = 0;
  for (const observe::FlowSummary& flow : summary.flows) {
    for (const observe::DirectionSummary& direction : flow.directions) {
      damaged += direction.transmit->not_compared.bad_checksum;
      dropped += direction.transmit->packets.dropped;
    }
  }
  if (damaged != 0)
    summary.hints.push_back(
        fmt::format("{} packets have a TCP checksum that is neither right nor unfinished and count "
                    "as damaged; with --checksum repair they count as sent",
                    damaged));
  if (dropped != 0)
    summary.hints.push_back(fmt::format(
        "{} packets were dropped by the driver or the chip: see tx_tls_drop_no_sync_data",
        dropped));
  if (!has_keys) summary.hints.push_back(no_keys_hint(options));
}

}  // namespace

observe::RunSummary run_transmit_replay(const ReplayOptions& options,
                                        driver::Personality personality,
                                        observe::PacketLog& packets) {
  observe::RunSummary summary;
  summary.capture = options.capture;
  summary.transmit_driver = driver::to_string(personality);
  const traces::KeyLog keys = read_keys(options, summary.warnings);
  InFlight in_flight;
  SendingEnd client("client", options, personality, options.side != Side::server, packets);
  SendingEnd server("server", options, personality, options.side != Side::client, packets);
  TransmitSource source("source", options, keys, client.sender(), server.sender(), in_flight);
  source.run_simulation(summary);
  client.wire.finish();
  server.wire.finish();

  bool any_tls = false;
  for (TransmitConnection& connection : source.connections()) {
    summary.flows.push_back(finish(connection, summary.flows.size()));
    any_tls |= connection.is_tls && connection.has_payload;
  }
  if (!any_tls)
    throw traces::input_error(options.capture, fmt::format("{} frames", summary.frames),
                              "no TLS connection", "at least one");
  add_counters(summary, client.device);
  add_counters(summary, server.device);
  summary.stray_frames = client.wire.stray_frames() + server.wire.stray_frames();
  add_hints(summary, !keys.empty(), options);
  return summary;
}

}  // namespace tlsnic::scenarios
