#include "tests/scenarios/run/random_scenario.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/random.h"

using namespace tlsnic::scenarios;

namespace tlsnic::testing {
namespace {

template <typename T, std::size_t n>
T one_of(Random& random, const T (&values)[n]) {
  return values[random.between(0, n - 1)];
}

void make_chip(Random& random, hw::NicParameters& nic) {
  nic.rx.scan_start = one_of(random, {hw::ScanStart::after_max_record, hw::ScanStart::immediate});
  nic.rx.header_test =
      one_of(random, {hw::HeaderTest::version, hw::HeaderTest::version_length,
                      hw::HeaderTest::type_version_length, hw::HeaderTest::application_data});
  nic.rx.rescan_after_records = one_of(random, {0u, 1u, 4u, 64u});
  nic.cached_contexts = one_of(random, {1u, 2u, 20'000u});
  if (random.chance(0.2)) nic.max_contexts = 2;
  if (random.chance(0.1)) nic.buffer_packets = 8;
}

void make_end(Random& random, EndSettings& end) {
  end.personality = one_of(random, {driver::Personality::mlx5, driver::Personality::mlx5,
                                    driver::Personality::nfp, driver::Personality::nfp_stream_scan,
                                    driver::Personality::funeth, driver::Personality::chelsio});
  end.tls_tx = random.chance(0.9);
  end.tls_rx = random.chance(0.9);
  end.tso = random.chance(0.7);
  end.gro = random.chance(0.7);
  Parameters& p = end.parameters;
  make_chip(random, p.nic);
  p.interrupt_latency_ns = random.between(0, 50'000);
  p.reader.wakeup_ns = random.between(0, 100'000);
  if (random.chance(0.2)) p.reader.pause_ns = random.between(1, 100'000);
  p.host.zerocopy_ro = random.chance(0.3);
  p.host.tls13_offload = random.chance(0.9);
  host::TcpSettings& tcp = p.host.tcp;
  tcp.mtu = static_cast<std::uint32_t>(
      one_of(random, {random.between(576, 1500), std::uint64_t{1500}, random.between(1500, 9000)}));
  tcp.congestion =
      one_of(random, {host::CongestionAlgorithm::cubic, host::CongestionAlgorithm::new_reno});
  tcp.nagle = one_of(random, {host::Nagle::off, host::Nagle::on, host::Nagle::minshall});
  tcp.sack = random.chance(0.85);
  tcp.timestamps = random.chance(0.8);
  tcp.window_scaling = random.chance(0.9);
  if (random.chance(0.2)) tcp.receive_buffer = random.between(20'000, 200'000);
  if (random.chance(0.2)) tcp.send_buffer = random.between(5'000, 200'000);
}

void make_flow(Random& random, FlowSettings& flow) {
  flow.count = static_cast<std::uint32_t>(random.between(1, 3));
  flow.version = one_of(random, {TlsVersion::tls12, TlsVersion::tls13});
  flow.cipher = one_of(random, {TlsCipher::aes_gcm_128, TlsCipher::aes_gcm_128,
                                TlsCipher::aes_gcm_256, TlsCipher::chacha20_poly1305});
  flow.sender = one_of(random, {Sender::server, Sender::client, Sender::both});
  flow.bytes = random.between(1, 400'000);
  flow.record_size = static_cast<std::uint32_t>(
      one_of(random, {std::uint64_t{16384}, random.between(64, 16384), random.between(64, 300)}));
  if (flow.record_size < 300) flow.bytes = random.between(1, 40'000);
  flow.writes.clear();
  for (std::uint64_t i = random.between(1, 3); i > 0; --i)
    flow.writes.push_back(static_cast<std::uint32_t>(one_of(
        random, {random.between(1, 100), random.between(100, 20'000), std::uint64_t{262144}})));
  if (*std::min_element(flow.writes.begin(), flow.writes.end()) < 100)
    flow.bytes = std::min<std::uint64_t>(flow.bytes, 20'000);
  flow.random_writes = random.chance(0.3);
  flow.more_every = one_of(random, {0u, 0u, 1u, 2u, 5u});
  flow.eor = random.chance(0.2);
  flow.sendfile = random.chance(0.2);
  flow.start_ns = random.between(0, 2'000'000);
  flow.pause_ns = one_of(random, {std::uint64_t{0}, std::uint64_t{1'000'000}});
  if (random.chance(0.2)) flow.rx_install_delay_ns = random.between(0, 500'000);
  if (flow.version == TlsVersion::tls13 && random.chance(0.3))
    flow.key_updates = static_cast<std::uint32_t>(random.between(1, 3));
}

void make_link(Random& random, LinkSettings& link) {
  link.ps_per_byte = one_of(random, {80u, 320u, 800u, 8000u});
  link.delay_ns = random.between(0, 200'000);
  if (random.chance(0.2)) link.queue_frames = static_cast<std::uint32_t>(random.between(5, 100));
  if (random.chance(0.5)) link.loss = random.fraction() * 0.05;
  if (random.chance(0.15)) link.bursts = {0.005, 0.3, 0, 0.8};
  if (random.chance(0.4)) {
    link.reorder = random.fraction() * 0.05;
    link.reorder_kind = one_of(random, {ReorderKind::jump_ahead, ReorderKind::delayed});
    link.reorder_delay_ns = random.between(0, 500'000);
  }
  if (random.chance(0.2)) link.duplicate = random.fraction() * 0.03;
  if (random.chance(0.2)) link.corrupt = random.fraction() * 0.02;
}

HostEvent host_event(Random& random, HostEvent::Action action, std::uint64_t at_ns) {
  HostEvent event;
  event.at_server = random.chance(0.5);
  event.at_ns = at_ns;
  event.action = action;
  return event;
}

void make_events(Random& random, Scenario& scenario) {
  const std::uint64_t when = random.between(1'000'000, 6'000'000);
  using Action = HostEvent::Action;
  if (random.chance(0.1)) {
    scenario.host_events.push_back(host_event(random, Action::device_down, when));
    if (random.chance(0.5)) {
      scenario.host_events.push_back(scenario.host_events.back());
      scenario.host_events.back().action = Action::device_up;
      scenario.host_events.back().at_ns += random.between(1, 1'000'000);
    }
  }
  if (random.chance(0.1)) {
    HostEvent event = host_event(random, Action::features, when);
    event.tls_tx = random.chance(0.5);
    event.tls_rx = random.chance(0.5);
    scenario.host_events.push_back(event);
  }
  if (random.chance(0.1))
    scenario.host_events.push_back(host_event(random, Action::local_drop, when));
  if (random.chance(0.05))
    scenario.host_events.push_back(host_event(random, Action::rewrite_ports, when));
  if (random.chance(0.1)) {
    HostEvent away = host_event(random, Action::reroute, when);
    scenario.ends[away.at_server ? 1 : 0].second_device = true;
    scenario.host_events.push_back(away);
    if (random.chance(0.5)) {
      away.action = Action::reroute_back;
      away.at_ns += random.between(1, 2'000'000);
      scenario.host_events.push_back(away);
    }
  }
}

}  // namespace

Scenario random_scenario(std::uint64_t seed) {
  Random random(seed);
  Scenario scenario;
  scenario.path = scenario.title = fmt::format("random scenario {}", seed);
  scenario.seed = seed;
  // A day: bursts that overflow a small buffer, without SACK and timestamps, cost one time-out of
  // 120 s after the other (RFC 6298, section 5, and Karn's rule).
  scenario.limit_ns = 86'400'000'000'000;
  for (EndSettings& end : scenario.ends) make_end(random, end);
  scenario.flows.resize(random.between(1, 2));
  for (FlowSettings& flow : scenario.flows) make_flow(random, flow);
  for (LinkSettings& link : scenario.link) make_link(random, link);
  make_events(random, scenario);
  for (EndSettings& end : scenario.ends) end.lro = random.chance(0.3);
  // OpenSSL updates no keys here.
  for (FlowSettings& flow : scenario.flows)
    if (flow.key_updates == 0 && random.chance(0.25)) flow.handshake = Handshake::openssl;
  return scenario;
}

}  // namespace tlsnic::testing
