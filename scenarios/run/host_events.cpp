#include "scenarios/run/host_events.h"

#include <fmt/format.h>

namespace tlsnic::scenarios {
namespace {

// What a box on the way makes of the server's port.
constexpr std::uint16_t port_outside = 8443;

const char* to_string(HostEvent::Action action) {
  switch (action) {
    case HostEvent::Action::device_down:
      return "device_down";
    case HostEvent::Action::device_up:
      return "device_up";
    case HostEvent::Action::features:
      return "features";
    case HostEvent::Action::reroute:
      return "reroute";
    case HostEvent::Action::reroute_back:
      return "reroute_back";
    case HostEvent::Action::rewrite_ports:
      return "rewrite_ports";
    case HostEvent::Action::local_drop:
      break;
  }
  return "local_drop";
}

constexpr std::size_t ethernet_header = 14;

}  // namespace

HostEvents::HostEvents(const Scenario& scenario, Machine& client, Machine& server, Monitor& monitor,
                       host::Clock& clock)
    : machines_{&client, &server}, monitor_(monitor), clock_(clock) {
  for (const HostEvent& event : scenario.host_events) events_.push_back({&event});
  if (events_.empty()) return;
  for (Pending& pending : events_)
    if (!pending.event->after_records)
      clock.call_at(pending.event->at_ns, [this, &pending] { happen(pending); });
  for (const bool server_side : {false, true}) {
    set_filters(server_side);
    monitor.host(server_side).records_sent = [this, server_side](std::uint64_t count) {
      records_sent(server_side, count);
    };
  }
}

void HostEvents::records_sent(bool by_server, std::uint64_t count) {
  for (Pending& pending : events_) {
    const HostEvent& event = *pending.event;
    if (pending.done || !event.after_records || event.at_server != by_server ||
        count < *event.after_records)
      continue;
    pending.done = true;
    // The record is not in TCP yet, and its sender is in the middle of a call.
    clock_.call_at(clock_.now_ns(), [this, &pending] { happen(pending); });
  }
}

void HostEvents::happen(Pending& pending) {
  pending.done = true;
  const HostEvent& event = *pending.event;
  Machine& machine = *machines_[event.at_server ? 1 : 0];
  netdev::NetDevice& device = *machine.host.route().device;
  monitor_.event(event.at_server, to_string(event.action), {});
  switch (event.action) {
    case HostEvent::Action::device_down:
      machine.host.device_down(device);
      break;
    case HostEvent::Action::device_up:
      device.is_up = true;
      break;
    case HostEvent::Action::features:
      device.hw_tls_tx = event.tls_tx.value_or(device.hw_tls_tx);
      device.hw_tls_rx = event.tls_rx.value_or(device.hw_tls_rx);
      break;
    case HostEvent::Action::reroute:
      machine.set_route(true);
      break;
    case HostEvent::Action::reroute_back:
      machine.set_route(false);
      break;
    case HostEvent::Action::rewrite_ports:
      ports_rewritten_ = true;
      break;
    case HostEvent::Action::local_drop:
      ++drops_[event.at_server ? 1 : 0];
      break;
  }
}

// Addresses change below the sockets and above the devices, as with BPF or NAT in a host: the wire
// and both chips see others than the sockets (tls-offload.rst, "5-tuple matching limitations").
void HostEvents::set_filters(bool server) {
  host::Route& route = machines_[server ? 1 : 0]->host.route();
  route.egress = [this, server](netdev::TxSkb& skb) { return leaves(skb, server); };
  route.ingress = [this, server](FourTuple& tuple) {
    std::uint16_t& port = server ? tuple.destination.port : tuple.source.port;
    if (port == port_outside) port = flow_tuple(0).destination.port;
  };
}

bool HostEvents::leaves(netdev::TxSkb& skb, bool server) {
  std::uint32_t& drops = drops_[server ? 1 : 0];
  if (drops > 0 && skb.payload_size > 0) {
    --drops;
    return false;
  }
  if (ports_rewritten_) {
    const std::size_t ip_header = (skb.headers[ethernet_header] & 0x0fu) * 4u;
    const std::size_t port = ethernet_header + ip_header + (server ? 0 : 2);
    store_be16(skb.headers.data() + port, port_outside);
  }
  return true;
}

std::vector<std::string> HostEvents::missed() const {
  std::vector<std::string> out;
  for (const Pending& pending : events_)
    if (!pending.done)
      out.push_back(fmt::format("{}: the event '{}' has not happened before the run ended",
                                pending.event->place, to_string(pending.event->action)));
  return out;
}

}  // namespace tlsnic::scenarios
