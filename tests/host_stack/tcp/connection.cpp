// Opening and closing (RFC 9293, sections 3.5, 3.6 and 3.10).
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::uint64_t> lost(const WireFrame&) {
  return {};
}

// Times in ms of the frames of a side.
std::vector<double> times(const World& world, Side from) {
  std::vector<double> out;
  for (const WireFrame& frame : world.wire)
    if (frame.from == from) out.push_back(static_cast<double>(frame.time_ns) / ns_per_ms);
  return out;
}

TEST_CASE("Three segments open a connection, three or four close it") {
  World world;
  world.connect();
  CHECK(world.client.tcp().state() == TcpState::established);
  CHECK(world.server.tcp().state() == TcpState::established);
  CHECK(world.client.tcp().mss() == 1448);
  CHECK(world.timeline() == Lines{"0.0 C S 0+0", "5.0 S S. 0+0 ack 1", "10.0 C . 1+0 ack 1"});

  world.client.tcp().close();
  CHECK(world.client.tcp().state() == TcpState::fin_wait_1);
  world.clock.run_until(30 * ns_per_ms);
  CHECK(world.server.tcp().state() == TcpState::last_ack);
  CHECK(world.client.tcp().state() == TcpState::time_wait);
  CHECK(world.timeline() ==
        Lines{"20.0 C FP. 1+0 ack 1", "25.0 S FP. 1+0 ack 2", "30.0 C . 2+0 ack 2"});
  REQUIRE(world.clock.run());
  CHECK(world.server.closed_with == 0);
  CHECK(world.client.closed_with == 0);
  CHECK(world.clock.now_ns() == 30 * ns_per_ms + world.client_settings.time_wait_ns);
}

TEST_CASE("Half closed, the other direction goes on") {
  World world;
  world.server.closes_with_peer = false;
  world.connect();
  world.client.tcp().close();
  world.clock.run_until(ns_per_s);
  CHECK(world.client.tcp().state() == TcpState::fin_wait_2);
  CHECK(world.server.tcp().state() == TcpState::close_wait);
  const auto down = pattern(200'000);
  world.server.write(down);
  world.clock.run_until(2 * ns_per_s);
  CHECK((world.client.received == down));
  CHECK(world.client.tcp().send_copy(down) == 0);
  world.server.tcp().close();
  REQUIRE(world.clock.run());
  CHECK(world.client.closed_with == 0);
  CHECK(world.server.closed_with == 0);
}

TEST_CASE("Both close at once") {
  World world;
  world.connect();
  world.timeline();
  world.client.tcp().close();
  world.server.tcp().close();
  world.clock.run_until(25 * ns_per_ms);
  CHECK(world.client.tcp().state() == TcpState::closing);
  CHECK(world.server.tcp().state() == TcpState::closing);
  world.clock.run_until(30 * ns_per_ms);
  CHECK(world.client.tcp().state() == TcpState::time_wait);
  CHECK(world.server.tcp().state() == TcpState::time_wait);
  CHECK(world.timeline() == Lines{"20.0 C FP. 1+0 ack 1", "20.0 S FP. 1+0 ack 1",
                                  "25.0 S . 2+0 ack 2", "25.0 C . 2+0 ack 2"});
  REQUIRE(world.clock.run());
  CHECK(world.client.closed_with == 0);
  CHECK(world.server.closed_with == 0);
}

TEST_CASE("Both call at once") {
  World world;
  world.client.tcp().connect();
  world.server.tcp().connect();
  const auto up = pattern(10'000, 1);
  const auto down = pattern(20'000, 2);
  world.client.write(up);
  world.server.write(down);
  world.clock.run_until(ns_per_s);
  CHECK(world.client.tcp().state() == TcpState::established);
  CHECK(world.server.tcp().state() == TcpState::established);
  CHECK((world.server.received == up));
  CHECK((world.client.received == down));
  CHECK(world.client.tcp().sender().statistics().retransmitted_segments == 0);
}

TEST_CASE("A SYN is repeated at 1, 3, 7, ... s and given up after 127 s, as Linux does") {
  World world;
  world.fate = lost;
  world.server.tcp().listen();
  world.client.tcp().connect();
  REQUIRE(world.clock.run());
  CHECK(times(world, Side::client) ==
        std::vector<double>{0, 1000, 3000, 7000, 15000, 31000, 63000});
  CHECK(world.client.closed_with == ETIMEDOUT);
  CHECK(world.clock.now_ns() == 127 * ns_per_s);
}

TEST_CASE("A lost SYN/ACK is repeated, and leaves a window of one segment and an RTO of 3 s") {
  World world;
  world.fate = [&](const WireFrame& frame) {
    const bool first_answer = frame.from == Side::server && frame.number == 0;
    return first_answer ? std::vector<std::uint64_t>{} : std::vector<std::uint64_t>{world.delay_ns};
  };
  world.server.tcp().listen();
  world.client.tcp().connect();
  world.clock.run_until(2 * ns_per_s);
  CHECK(times(world, Side::server)[1] == 1005.0);
  REQUIRE(world.server.tcp().state() == TcpState::established);
  const Sender& server = world.server.tcp().sender();
  CHECK(server.congestion()->cwnd() == world.server.tcp().mss());
  CHECK(server.rtt().rto() == 3 * ns_per_s);  // RFC 6298, section 5.7
}

TEST_CASE("The last ACK of the handshake may be lost") {
  World world;
  world.fate = [&](const WireFrame& frame) {
    const bool handshake_ack = frame.from == Side::client && frame.number == 1;
    return handshake_ack ? std::vector<std::uint64_t>{}
                         : std::vector<std::uint64_t>{world.delay_ns};
  };
  world.connect();
  CHECK(world.server.tcp().state() == TcpState::syn_received);
  world.clock.run_until(2 * ns_per_s);
  CHECK(world.server.tcp().state() == TcpState::established);
}

TEST_CASE("Nobody listens") {
  World world;
  world.client.tcp().connect();
  REQUIRE(world.clock.run());
  CHECK(world.client.closed_with == ECONNREFUSED);
  CHECK(world.timeline() ==
        Lines{"0.0 C S 0+0", "5.0 S R. 4294967295+0 ack 1"});  // number 0 of the RFC; SYNs have 1
}

TEST_CASE("abort() resets the peer") {
  World world;
  world.connect();
  world.client.tcp().abort();
  CHECK(world.client.tcp().state() == TcpState::closed);
  REQUIRE(world.clock.run());
  CHECK(world.server.closed_with == ECONNRESET);
  CHECK_FALSE(world.client.closed_with.has_value());
}

TEST_CASE("Only a RST with the exact sequence number ends a connection") {
  World world;
  world.connect();
  std::vector<std::uint8_t> reset = world.wire.back().bytes;
  const ParsedFrame parsed = parse_frame(reset);
  reset[parsed.l4_offset + 13] = tcp_rst;
  const auto send_reset = [&](std::uint32_t sequence) {
    store_be32(reset.data() + parsed.l4_offset + 4, sequence);
    world.inject(Side::server, reset);
  };
  world.timeline();
  send_reset(parsed.sequence + 1000);  // in the window: RFC 5961, section 3
  CHECK(world.timeline() == Lines{"20.0 S . 1+0 ack 1"});
  send_reset(parsed.sequence - 1);
  send_reset(parsed.sequence + 0x40000000);
  CHECK(world.timeline().empty());
  CHECK(world.server.tcp().state() == TcpState::established);
  send_reset(parsed.sequence);
  CHECK(world.server.closed_with == ECONNRESET);
}

TEST_CASE("A SYN inside a connection changes nothing") {
  World world;
  world.connect();
  world.timeline();
  world.inject(Side::server, world.wire.front().bytes);
  CHECK(world.server.tcp().state() == TcpState::established);
  CHECK(world.timeline() == Lines{"20.0 S . 1+0 ack 1"});
  CHECK(world.server.tcp().statistics().paws_drops == 1);
}

TEST_CASE("Sequence numbers wrap, in both directions and in the middle of a segment") {
  TcpSettings settings;
  settings.initial_sequence = 0xffffff00;
  World world(settings, settings);
  const auto bytes = pattern(100'000);
  world.client.write({});
  world.connect();
  world.client.write(bytes);
  world.server.write(bytes);
  world.clock.run_until(ns_per_s);
  CHECK((world.server.received == bytes));
  CHECK((world.client.received == bytes));
  CHECK(world.client.tcp().write_seq() == 0xffffff00 + 100'001);
  CHECK(world.client.tcp().snd_una() == world.client.tcp().snd_nxt());
  REQUIRE_FALSE(world.client.clean_acks.empty());
  CHECK(world.client.clean_acks.back() == world.client.tcp().write_seq());
}

TEST_CASE("The answer to a FIN that comes again restarts TIME-WAIT") {
  World world;
  world.connect();
  world.fate = [&](const WireFrame& frame) {
    const bool last_ack = frame.from == Side::client && frame.number == 3;
    return last_ack ? std::vector<std::uint64_t>{} : std::vector<std::uint64_t>{world.delay_ns};
  };
  world.client.tcp().close();
  REQUIRE(world.clock.run());
  CHECK(world.server.closed_with == 0);
  // FIN of the server at 25, again at 225.
  CHECK(world.clock.now_ns() == 230 * ns_per_ms + world.client_settings.time_wait_ns);
}

}  // namespace
}  // namespace tlsnic::host::test
