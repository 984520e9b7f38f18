// Acknowledgements, windows, Nagle: when something goes out that need not go at once.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {
namespace {

using Lines = std::vector<std::string>;
constexpr std::uint32_t mss = 1448;

TcpSettings no_tso() {
  TcpSettings settings;
  settings.tso = false;
  return settings;
}

// Acknowledgements wait from the first segment on.
TcpSettings delayed_acks() {
  TcpSettings settings = no_tso();
  settings.quick_acks = 0;
  return settings;
}

// The handshake is over, and its frames are in no later timeline.
struct ConnectedWorld : World {
  explicit ConnectedWorld(const TcpSettings& settings) : World(settings, settings) {
    connect();
    timeline();
  }
};

// The server does not read, and the client has more to write than the server's window takes.
struct StalledWorld : World {
  explicit StalledWorld(std::size_t receive_buffer = 10'000, std::size_t bytes = 30'000)
      : World(no_tso(), with_receive_buffer(receive_buffer)) {
    server.reads = false;
    connect();
    client.write(pattern(bytes));
  }
  static TcpSettings with_receive_buffer(std::size_t bytes) {
    TcpSettings settings = no_tso();
    settings.receive_buffer = bytes;
    return settings;
  }
};

Lines run(World& world, std::uint64_t until_ms) {
  world.clock.run_until(until_ms * ns_per_ms);
  return world.timeline();
}

TEST_CASE("A lonely segment is acknowledged after 40 ms, every second full one at once") {
  ConnectedWorld world(delayed_acks());
  world.client.write(pattern(mss));
  CHECK(run(world, 100) == Lines{"20.0 C P. 1+1448 ack 1", "65.0 S . 1+0 ack 1449"});
  world.client.write(pattern(3 * mss));
  CHECK(run(world, 200) == Lines{"100.0 C . 1449+1448 ack 1", "100.0 C . 2897+1448 ack 1",
                                 "100.0 C P. 4345+1448 ack 1", "105.0 S . 1+0 ack 4345",
                                 "145.0 S . 1+0 ack 5793"});
}

TEST_CASE("The first segments are acknowledged one by one") {
  TcpSettings settings = no_tso();
  settings.quick_acks = 3;
  ConnectedWorld world(settings);
  world.client.write(pattern(6 * mss));
  Lines lines = run(world, 200);
  lines.erase(lines.begin(), lines.begin() + 6);
  CHECK(lines == Lines{"25.0 S . 1+0 ack 1449", "25.0 S . 1+0 ack 2897", "25.0 S . 1+0 ack 4345",
                       "25.0 S . 1+0 ack 7241", "65.0 S . 1+0 ack 8689"});
}

TEST_CASE("An answer carries the acknowledgement") {
  ConnectedWorld world(delayed_acks());
  world.client.write(pattern(100));
  world.clock.run_until(30 * ns_per_ms);
  world.server.write(pattern(200));
  CHECK(run(world, 200) ==
        Lines{"20.0 C P. 1+100 ack 1", "30.0 S P. 1+200 ack 101", "75.0 C . 101+0 ack 201"});
}

TEST_CASE("What is out of order is acknowledged at once, the newest block first") {
  ConnectedWorld world(delayed_acks());
  world.fate = [&](const WireFrame& frame) -> std::vector<std::uint64_t> {
    if (frame.from == Side::server) return {};
    // Order of arrival: 2, 6, 4, 0, 3, 1, 5.
    const std::uint64_t order[] = {3, 5, 0, 4, 2, 6, 1};
    return {(5 + order[(frame.sequence - 1) / mss % 7]) * ns_per_ms};
  };
  world.client.write(pattern(7 * mss));
  Lines lines = run(world, 32);
  lines.erase(lines.begin(), lines.begin() + 7);
  CHECK(lines == Lines{"25.0 S . 1+0 ack 1 sack 2897-4345",
                       "26.0 S . 1+0 ack 1 sack 8689-10137 sack 2897-4345",
                       "27.0 S . 1+0 ack 1 sack 5793-7241 sack 8689-10137 sack 2897-4345",
                       "28.0 S . 1+0 ack 1449 sack 5793-7241 sack 8689-10137 sack 2897-4345",
                       "29.0 S . 1+0 ack 1449 sack 2897-7241 sack 8689-10137",
                       "30.0 S . 1+0 ack 7241 sack 8689-10137", "31.0 S . 1+0 ack 10137"});
}

TEST_CASE("A closed window is probed, ever more slowly, until it opens") {
  StalledWorld world;
  world.timeline();
  Lines lines = run(world, 2600);
  // 6 segments fit. The 1312 bytes that are left of the window are too few to be worth a segment,
  // until the persist timer says so.
  lines.erase(lines.begin(), lines.begin() + 6);
  CHECK(lines == Lines{"230.0 C . 8689+1312 ack 1", "235.0 S . 1+0 ack 10001",
                       "440.0 C . 10000+0 ack 1", "445.0 S . 1+0 ack 10001",
                       "840.0 C . 10000+0 ack 1",  // answered too recently
                       "1640.0 C . 10000+0 ack 1", "1645.0 S . 1+0 ack 10001"});
  CHECK(world.wire.back().window == 0);

  world.server.reads = true;
  world.server.read_all();
  lines = run(world, 2605);
  REQUIRE(lines.size() >= 2);
  CHECK(lines[0] == "2600.0 S . 1+0 ack 10001");
  CHECK(lines[1] == "2605.0 C . 10001+1448 ack 1");
  world.clock.run_until(10 * ns_per_s);
  CHECK((world.server.received == pattern(30'000)));
  CHECK(world.client.tcp().sender().statistics().window_probes == 3);
}

TEST_CASE("The loss of the window update is survived") {
  StalledWorld world;
  world.clock.run_until(2600 * ns_per_ms);
  world.server.reads = true;
  world.fate = [](const WireFrame&) { return std::vector<std::uint64_t>{}; };
  world.server.read_all();
  world.fate = [&](const WireFrame&) { return std::vector<std::uint64_t>{world.delay_ns}; };
  world.clock.run_until(60 * ns_per_s);
  CHECK((world.server.received == pattern(30'000)));
}

TEST_CASE("A peer that falls silent with its window closed is given up") {
  StalledWorld world;
  world.clock.run_until(2600 * ns_per_ms);
  world.fate = [](const WireFrame&) { return std::vector<std::uint64_t>{}; };
  REQUIRE(world.clock.run());
  CHECK(world.client.closed_with == ETIMEDOUT);
}

TEST_CASE("A slow reader is told of worthwhile steps only") {
  StalledWorld world(20'000, 100'000);
  world.clock.run_until(ns_per_s);
  // A byte at a time: no window opens below an MSS.
  std::vector<std::uint8_t> byte(1);
  world.timeline();
  for (int i = 0; i < 1400; ++i) {
    const_cast<ReceiveQueue&>(world.server.queue()).consume(1);
    world.server.tcp().data_read();
  }
  CHECK(world.timeline().empty());
  for (int i = 0; i < 100; ++i) {
    const_cast<ReceiveQueue&>(world.server.queue()).consume(1);
    world.server.tcp().data_read();
  }
  CHECK(world.timeline() == Lines{"1000.0 S . 1+0 ack 20001"});
}

TEST_CASE("Windows above 64 KiB are offered with the right scale") {
  TcpSettings settings;
  settings.receive_buffer = std::size_t{4} << 20;
  World world(settings, settings);
  world.connect();
  world.client.write(pattern(100));
  world.clock.run_until(ns_per_s);
  CHECK(world.wire[0].window == 65535);  // not scaled in a SYN
  CHECK(world.wire[2].window == (4 << 20) >> 7);
  CHECK(world.server.tcp().sender().window() == std::uint64_t{4} << 20);

  settings.window_scaling = false;
  World small({}, settings);
  small.connect();
  CHECK(small.client.tcp().sender().window() == 65535);
}

TEST_CASE("Nagle: a second small segment waits for the first to be acknowledged") {
  TcpSettings settings = delayed_acks();
  settings.nagle = GENERATE(Nagle::off, Nagle::on, Nagle::minshall);
  ConnectedWorld world(settings);
  world.client.write(pattern(10));
  world.client.write(pattern(20));
  world.client.write(pattern(30));
  const Lines lines = run(world, 64);
  if (settings.nagle == Nagle::off) {
    CHECK(lines == Lines{"20.0 C P. 1+10 ack 1", "20.0 C P. 11+20 ack 1", "20.0 C P. 31+30 ack 1",
                         "25.0 S . 1+0 ack 31"});
  } else {
    CHECK(lines == Lines{"20.0 C P. 1+10 ack 1"});
    CHECK(run(world, 71) == Lines{"65.0 S . 1+0 ack 11", "70.0 C P. 11+50 ack 1"});
  }
}

TEST_CASE("Nagle: a small segment behind a full one waits by the RFC, goes in Linux") {
  TcpSettings settings = delayed_acks();
  settings.nagle = GENERATE(Nagle::on, Nagle::minshall);
  ConnectedWorld world(settings);
  world.client.write(pattern(mss + 10));
  const Lines lines = run(world, 20);
  CHECK(lines.size() == (settings.nagle == Nagle::on ? 1 : 2));
}

TEST_CASE("\"more\" holds a small segment until the rest comes, or for 200 ms") {
  ConnectedWorld world(no_tso());
  const auto bytes = pattern(100);
  world.client.tcp().send_copy(bytes, {false, true});
  CHECK(run(world, 50).empty());
  world.client.tcp().send_copy(bytes);
  CHECK(run(world, 51) == Lines{"50.0 C P. 1+200 ack 1"});
  run(world, 100);
  world.client.tcp().send_copy(bytes, {false, true});
  CHECK(run(world, 301) == Lines{"300.0 C P. 201+100 ack 1"});
  run(world, 400);
  world.client.tcp().send_copy(pattern(mss + 5), {false, true});
  CHECK(run(world, 401) == Lines{"400.0 C . 301+1448 ack 1"});
  world.client.tcp().push();
  CHECK(world.timeline() == Lines{"401.0 C P. 1749+5 ack 1"});
}

TEST_CASE("A full send buffer takes no more, and says when there is room") {
  TcpSettings settings = no_tso();
  settings.send_buffer = 9000;
  World world(settings, settings);
  world.connect();
  const auto bytes = pattern(20'000);
  CHECK(world.client.tcp().send_copy(bytes) == 9000);
  CHECK(world.client.tcp().send_space() == 0);
  CHECK(world.client.tcp().send_copy(bytes) == 0);
  CHECK(world.client.writable_calls == 0);
  world.clock.run_until(ns_per_s);
  CHECK(world.client.writable_calls == 1);
  CHECK(world.client.tcp().send_space() == 9000);
}

}  // namespace
}  // namespace tlsnic::host::test
