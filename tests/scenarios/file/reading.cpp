#include <catch2/catch.hpp>

#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

TEST_CASE("an empty file is the default scenario") {
  const Scenario scenario = scenario_of("");
  CHECK(scenario.path == "x.toml");
  CHECK(scenario.flows.size() == 1);
  CHECK(scenario.seed == Scenario().seed);
  CHECK(scenario.limit_ns == Scenario().limit_ns);
  CHECK_FALSE(scenario.sweep);
}

TEST_CASE("top-level keys") {
  const Scenario scenario = scenario_of(R"(
title = "A title"
source = "facts"
seed = 42
limit_ms = 1.5
)");
  CHECK(scenario.title == "A title");
  CHECK(scenario.source == "facts");
  CHECK(scenario.seed == 42);
  CHECK(scenario.limit_ns == 1'500'000);
}

TEST_CASE("texts keep what is beyond ASCII, and what is written as an escape") {
  const std::string letters = "\xc2\xbc \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbd";
  const Scenario scenario =
      scenario_of("# " + letters + "\ntitle = \"" + letters + "\"\nsource = '" + letters +
                  "'\nexpect." + '"' + letters + "\" = 1\n");
  CHECK(scenario.title == letters);
  CHECK(scenario.source == letters);
  CHECK(scenario.expectations.at(0).name == letters);
  CHECK(scenario_of("title = \"\\u00e4\"").title == "\xc3\xa4");
}

TEST_CASE("an end's keys go to that end, those of no table to both") {
  const Scenario scenario = scenario_of(R"(
personality = "nfp"
tso = false
[client]
personality = "chelsio"
tls_rx = "off"
second_device = true
nic.tls.latency_cycles = 21
[server]
gro = false
tls_tx = false
tcp.sack = false
[nic]
tls.latency_cycles = 7
contexts.max = 5
)");
  const EndSettings& client = scenario.ends[0];
  const EndSettings& server = scenario.ends[1];
  CHECK(client.personality == driver::Personality::chelsio);
  CHECK(server.personality == driver::Personality::nfp);
  CHECK_FALSE(client.tso);
  CHECK_FALSE(server.tso);
  CHECK_FALSE(client.tls_rx);
  CHECK(server.tls_rx);
  CHECK(client.tls_tx);
  CHECK_FALSE(server.tls_tx);
  CHECK(client.gro);
  CHECK_FALSE(server.gro);
  CHECK(client.second_device);
  CHECK_FALSE(server.second_device);
  // What is said of one end stands, wherever in the file.
  CHECK(client.parameters.nic.tls.latency_cycles == 21);
  CHECK(server.parameters.nic.tls.latency_cycles == 7);
  CHECK(client.parameters.nic.max_contexts == 5);
  CHECK(server.parameters.nic.max_contexts == 5);
  CHECK(client.parameters.host.tcp.sack);
  CHECK_FALSE(server.parameters.host.tcp.sack);
}

TEST_CASE("[flow] sets every field") {
  const Scenario scenario = scenario_of(R"(
[flow]
count = 3
version = "1.3"
cipher = "AES_GCM_256"
handshake = "openssl"
interface = "ssl"
sender = "client"
bytes = "2 MiB"
record_size = 4096
writes = [100, "64 KiB"]
random_writes = true
more_every = 4
eor = true
sendfile = true
keys_rx = false
start_us = 2.5
rx_install_delay_us = 7
key_updates = 0
)");
  REQUIRE(scenario.flows.size() == 1);
  const FlowSettings& flow = scenario.flows[0];
  CHECK(flow.count == 3);
  CHECK(flow.version == TlsVersion::tls13);
  CHECK(flow.cipher == TlsCipher::aes_gcm_256);
  CHECK(flow.handshake == Handshake::openssl);
  CHECK(flow.interface == Interface::ssl);
  CHECK(flow.sender == Sender::client);
  CHECK(flow.bytes == 2 << 20);
  CHECK(flow.record_size == 4096);
  CHECK(flow.writes == std::vector<std::uint32_t>{100, 65536});
  CHECK(flow.random_writes);
  CHECK(flow.more_every == 4);
  CHECK(flow.eor);
  CHECK(flow.sendfile);
  CHECK_FALSE(flow.keys_rx);
  CHECK(flow.start_ns == 2500);
  CHECK(flow.rx_install_delay_ns == 7000);
  CHECK(flow.key_updates == 0);
}

TEST_CASE("[[flow]]: several, each with its own keys; a version may be a number") {
  const Scenario scenario = scenario_of(R"(
[[flow]]
version = 1.3
writes = 5
[[flow]]
cipher = "CHACHA20_POLY1305"
)");
  REQUIRE(scenario.flows.size() == 2);
  CHECK(scenario.flows[0].version == TlsVersion::tls13);
  CHECK(scenario.flows[0].writes == std::vector<std::uint32_t>{5});
  CHECK(scenario.flows[1].version == TlsVersion::tls12);
  CHECK(scenario.flows[1].cipher == TlsCipher::chacha20_poly1305);
}

TEST_CASE("[link] sets both directions, [link.to_client] and [link.to_server] one") {
  const Scenario scenario = scenario_of(R"(
[link.to_client]
loss = "2.5 %"
reorder_kind = "delayed"
reorder_delay_us = 0.5
[link]
rate_gbps = 40
delay_us = 12.5
queue_frames = 10
loss = 0.5
reorder = 0.25
duplicate = "1%"
corrupt = 1e-3
[link.bursts]
to_bad = 0.1
to_good = 0.2
loss_good = 0.3
loss_bad = 0.4
[link.to_server]
rate_gbps = 1.0
)");
  const LinkSettings& server = scenario.link[0];
  const LinkSettings& client = scenario.link[1];
  CHECK(client.ps_per_byte == 200);
  CHECK(server.ps_per_byte == 8000);
  CHECK(client.loss == Approx(0.025));
  CHECK(server.loss == 0.5);
  CHECK(client.reorder_kind == ReorderKind::delayed);
  CHECK(server.reorder_kind == ReorderKind::jump_ahead);
  CHECK(client.reorder_delay_ns == 500);
  for (const LinkSettings& link : scenario.link) {
    CHECK(link.delay_ns == 12'500);
    CHECK(link.queue_frames == 10);
    CHECK(link.reorder == 0.25);
    CHECK(link.duplicate == Approx(0.01));
    CHECK(link.corrupt == 0.001);
    CHECK(link.bursts.to_bad == 0.1);
    CHECK(link.bursts.to_good == 0.2);
    CHECK(link.bursts.loss_good == 0.3);
    CHECK(link.bursts.loss_bad == 0.4);
  }
}
