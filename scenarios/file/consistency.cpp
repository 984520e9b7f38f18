// Settings that contradict one another.
#include <algorithm>

#include "protocol/record_aead.h"
#include "scenarios/file/message.h"
#include "scenarios/file/scenario_file.h"

namespace tlsnic::scenarios {
namespace {

using traces::Direction;

constexpr std::uint64_t max_connections = 200'000;

std::uint64_t connections(const Scenario& scenario) {
  std::uint64_t out = 0;
  for (const FlowSettings& flow : scenario.flows) out += flow.count;
  return out;
}

const FlowSettings& flow_of(const Scenario& scenario, std::uint64_t connection) {
  std::size_t i = 0;
  for (; connection >= scenario.flows[i].count; ++i) connection -= scenario.flows[i].count;
  return scenario.flows[i];
}

// libssl 3.0 leaves AES-CCM to itself in TLS 1.3, and knows no SM4; ARIA it never hands over.
bool is_handed_over(const FlowSettings& flow) {
  switch (flow.cipher) {
    case TlsCipher::aes_gcm_128:
    case TlsCipher::aes_gcm_256:
    case TlsCipher::chacha20_poly1305:
      return true;
    case TlsCipher::aes_ccm_128:
      return flow.version == TlsVersion::tls12;
    default:
      return false;
  }
}

void check_cipher(const Scenario& scenario, const FlowSettings& flow) {
  const std::string found = fmt::format("flow.cipher = '{}'", find_cipher(flow.cipher)->name);
  if (!is_supported(flow.version, flow.cipher))
    throw file_error(scenario.path, found + " with TLS 1.3", "flow.version = \"1.2\"");
  if (!is_available(flow.cipher))
    throw file_error(scenario.path, found + ", which the installed OpenSSL does not have",
                     "another cipher, or OpenSSL 3.1");
  if (flow.handshake == Handshake::openssl && !is_handed_over(flow))
    throw file_error(scenario.path, found + ", which OpenSSL does not hand over to kTLS",
                     "flow.handshake = \"none\"");
}

void check_flow(const Scenario& scenario, const FlowSettings& flow) {
  check_cipher(scenario, flow);
  const bool is_tls12 = flow.version == TlsVersion::tls12;
  if (flow.key_updates > 0 && is_tls12)
    throw file_error(scenario.path,
                     fmt::format("flow.key_updates = {} with TLS 1.2", flow.key_updates),
                     "flow.version = \"1.3\"");
  if (flow.key_updates > 0 && flow.handshake == Handshake::openssl)
    throw file_error(scenario.path,
                     fmt::format("flow.key_updates = {} with OpenSSL", flow.key_updates),
                     "flow.handshake = \"none\"");
  if (flow.interface == Interface::ssl && flow.sender == Sender::both)
    throw file_error(scenario.path, "flow.interface = 'ssl' with flow.sender = 'both'",
                     "one sender: a session is used by one thread");
  if (flow.interface == Interface::ssl && flow.handshake == Handshake::none)
    throw file_error(scenario.path, "flow.interface = 'ssl' without a handshake",
                     "flow.handshake = \"openssl\"");
}

void check_connection(const Scenario& scenario, std::uint64_t flow, const std::string& place) {
  if (const std::uint64_t count = connections(scenario); flow >= count)
    throw file_error(place, fmt::format("flow = {}", flow),
                     fmt::format("a connection from 0 to {}", count - 1));
}

void check_event(const Scenario& scenario, const LinkEvent& event) {
  check_connection(scenario, event.flow, event.place);
  const FlowSettings& flow = flow_of(scenario, event.flow);
  if (event.before_offload) {
    if (flow.handshake == Handshake::none)
      throw file_error(event.place, "before_offload in a connection without a handshake",
                       "flow.handshake = \"openssl\"");
    return;  // a handshake's messages go both ways, whoever writes
  }
  const Sender sender = flow.sender;
  const bool to_client = event.direction == Direction::server_to_client;
  if (sender == (to_client ? Sender::client : Sender::server))
    throw file_error(
        event.place,
        fmt::format("an event to the {}, to which nobody writes", to_client ? "client" : "server"),
        fmt::format("to = \"{}\"", to_client ? "server" : "client"));
}

void check_event(const Scenario& scenario, const HostEvent& event) {
  const EndSettings& end = scenario.ends[event.at_server ? 1 : 0];
  const bool is_reroute =
      event.action == HostEvent::Action::reroute || event.action == HostEvent::Action::reroute_back;
  if (is_reroute && !end.second_device)
    throw file_error(event.place, "a reroute in a host with one device",
                     fmt::format("{}.second_device = true", event.at_server ? "server" : "client"));
  const Sender sender = scenario.flows.front().sender;
  if (event.after_records && sender == (event.at_server ? Sender::client : Sender::server))
    throw file_error(event.place, "after_records in a host that does not write",
                     "at_us, or the other host");
}

}  // namespace

void check_consistency(const Scenario& scenario) {
  if (const std::uint64_t count = connections(scenario); count > max_connections)
    throw file_error(scenario.path, fmt::format("{} connections", count),
                     fmt::format("at most {}", max_connections));
  for (const FlowSettings& flow : scenario.flows) check_flow(scenario, flow);
  for (const LinkEvent& event : scenario.link_events) check_event(scenario, event);
  for (const HostEvent& event : scenario.host_events) check_event(scenario, event);
  for (const Expectation& expectation : scenario.expectations)
    if (expectation.kind == Expectation::Kind::segments ||
        expectation.kind == Expectation::Kind::records)
      check_connection(scenario, expectation.flow, expectation.place);
}

}  // namespace tlsnic::scenarios
