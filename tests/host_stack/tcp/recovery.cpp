// Loss and its repair, on timelines (RFC 5681, RFC 6298, RFC 6582, RFC 6675).
#include <catch2/catch.hpp>
#include <cerrno>
#include <set>

#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {
namespace {

using Lines = std::vector<std::string>;
constexpr std::uint32_t mss = 1448;

// Segments of the client as single frames, each acknowledged at once.
TcpSettings simple() {
  TcpSettings settings;
  settings.tso = false;
  settings.quick_acks = 1'000'000;
  settings.congestion = CongestionAlgorithm::new_reno;
  return settings;
}

// Loses the first copies of the client's segments with these numbers (from 0), by data order.
World::Fate lose_segments(World& world, std::set<std::uint32_t> segments,
                          std::uint64_t ack_spacing_ns = 0) {
  auto left = std::make_shared<std::set<std::uint32_t>>(std::move(segments));
  return [&world, left, ack_spacing_ns](const WireFrame& frame) -> std::vector<std::uint64_t> {
    if (frame.from == Side::client && frame.length > 0 &&
        left->erase((frame.sequence - 1) / mss) > 0)
      return {};
    const std::uint64_t late = frame.from == Side::server ? frame.number * ack_spacing_ns : 0;
    return {world.delay_ns + late};
  };
}

Lines from(const Lines& lines, char side) {
  Lines out;
  for (const std::string& line : lines)
    if (line[line.find(' ') + 1] == side) out.push_back(line);
  return out;
}

// What the client sent again.
std::vector<std::uint32_t> resent(const World& world) {
  std::set<std::uint32_t> seen;
  std::vector<std::uint32_t> out;
  for (const WireFrame& frame : world.wire)
    if (frame.from == Side::client && frame.length > 0 && !seen.insert(frame.sequence).second)
      out.push_back((frame.sequence - 1) / mss);
  return out;
}

TEST_CASE("A silent peer: the time-outs double up to 120 s, and end after 924.6 s as in Linux") {
  World world(simple(), simple());
  world.connect();
  world.timeline();
  world.fate = [](const WireFrame&) { return std::vector<std::uint64_t>{}; };
  world.client.write(pattern(100));
  REQUIRE(world.clock.run());
  Lines expected;
  for (const char* time :
       {"20.0", "220.0", "620.0", "1420.0", "3020.0", "6220.0", "12620.0", "25420.0", "51020.0",
        "102220.0", "204620.0", "324620.0", "444620.0", "564620.0", "684620.0", "804620.0"})
    expected.push_back(std::string(time) + " C P. 1+100 ack 1");
  CHECK(world.timeline() == expected);
  CHECK(world.client.closed_with == ETIMEDOUT);
  CHECK(world.clock.now_ns() - 20 * ns_per_ms == 924'600 * ns_per_ms);
}

TEST_CASE("The third duplicate acknowledgement, not the second, sends the segment again") {
  TcpSettings settings = simple();
  settings.sack = GENERATE(true, false);
  World world(settings, settings);
  world.connect();
  world.timeline();
  // The server's n-th frame is n ms late: 0 was its SYN.
  world.fate = lose_segments(world, {1}, ns_per_ms);
  world.client.write(pattern(10 * mss));
  world.clock.run_until(60 * ns_per_ms);
  const Lines lines = world.timeline();
  const Lines sent = from(lines, 'C');
  REQUIRE(sent.size() == 11);
  // 25 ms: ACK 1449 (1), duplicates 2, 3 and 4: the last arrives at 25 + 5 + 4.
  CHECK(sent[9] == "20.0 C P. 13033+1448 ack 1");
  CHECK(sent[10] == "34.0 C . 1449+1448 ack 1");
  const Lines acks = from(lines, 'S');
  REQUIRE(acks.size() == 10);
  CHECK(acks[0] == "25.0 S . 1+0 ack 1449");
  CHECK(acks[1] ==
        (settings.sack ? "25.0 S . 1+0 ack 1449 sack 2897-4345" : "25.0 S . 1+0 ack 1449"));
  CHECK(acks[9] == "39.0 S . 1+0 ack 14481");
  CHECK(world.client.tcp().sender().statistics().timeouts == 0);
  // Half of 9 segments in flight.
  CHECK(world.client.tcp().sender().congestion()->ssthresh() == 9 * mss / 2);
}

TEST_CASE("Two duplicates let two new segments go, not more (limited transmit)") {
  TcpSettings settings = simple();
  settings.sack = GENERATE(true, false);
  settings.initial_window = 3;
  settings.receive_buffer = 60'000;  // a changed window would make no duplicate
  World world(settings, settings);
  world.connect();
  world.timeline();
  world.fate = lose_segments(world, {0});
  world.client.write(pattern(20 * mss));
  world.clock.run_until(34 * ns_per_ms);
  CHECK(from(world.timeline(), 'C') == Lines{"20.0 C . 1+1448 ack 1", "20.0 C . 1449+1448 ack 1",
                                             "20.0 C . 2897+1448 ack 1", "30.0 C . 4345+1448 ack 1",
                                             "30.0 C . 5793+1448 ack 1"});
  // Their duplicates are the third and the fourth. Limited transmit is not in the flight size:
  // ssthresh is half of 3 segments, at least 2.
  world.clock.run_until(40 * ns_per_ms);
  CHECK(from(world.timeline(), 'C').front() == "40.0 C . 1+1448 ack 1");
  CHECK(world.client.tcp().sender().congestion()->ssthresh() == 2 * mss);
}

TEST_CASE("With SACK exactly the holes are sent again") {
  World world(simple(), simple());
  world.connect();
  world.client.write(pattern(30 * mss));  // opens the window
  world.clock.run_until(200 * ns_per_ms);
  world.fate = lose_segments(world, {32, 35, 36, 40});
  world.timeline();
  world.client.write(pattern(200 * mss, 7));
  world.clock.run_until(600 * ns_per_ms);
  CHECK(resent(world) == std::vector<std::uint32_t>{32, 35, 36, 40});
  const SenderStatistics& statistics = world.client.tcp().sender().statistics();
  CHECK(statistics.fast_retransmits == 1);
  CHECK(statistics.timeouts == 0);
  CHECK(world.server.received.size() == 230 * mss);
}

TEST_CASE("Without SACK NewReno repairs one hole per round trip") {
  TcpSettings settings = simple();
  settings.sack = false;
  World world(settings, settings);
  world.connect();
  world.timeline();
  world.fate = lose_segments(world, {1, 3, 5});
  world.client.write(pattern(10 * mss));
  world.clock.run_until(190 * ns_per_ms);
  const Lines sent = from(world.timeline(), 'C');
  REQUIRE(sent.size() == 13);
  CHECK(Lines(sent.end() - 3, sent.end()) ==
        Lines{"30.0 C . 1449+1448 ack 1", "40.0 C . 4345+1448 ack 1", "50.0 C . 7241+1448 ack 1"});
  CHECK(world.server.received.size() == 10 * mss);
}

TEST_CASE("A lost tail waits for the time-out; then slow start begins with one segment") {
  World world(simple(), simple());
  world.connect();
  world.timeline();
  world.fate = lose_segments(world, {7, 8, 9});
  world.client.write(pattern(10 * mss));
  world.clock.run_until(ns_per_s);
  const Lines sent = from(world.timeline(), 'C');
  REQUIRE(sent.size() == 13);
  // Acknowledged at 30: time-out at 230, then one and two segments.
  CHECK(Lines(sent.end() - 3, sent.end()) == Lines{"230.0 C . 10137+1448 ack 1",
                                                   "240.0 C . 11585+1448 ack 1",
                                                   "240.0 C P. 13033+1448 ack 1"});
  CHECK(world.client.tcp().sender().statistics().timeouts == 1);
}

TEST_CASE("A retransmission that is lost, too, waits for the time-out") {
  World world(simple(), simple());
  world.connect();
  int copies = 0;
  world.fate = [&](const WireFrame& frame) -> std::vector<std::uint64_t> {
    if (frame.from == Side::client && frame.sequence == 1 + mss && ++copies <= 2) return {};
    return {world.delay_ns};
  };
  world.client.write(pattern(10 * mss));
  world.clock.run_until(ns_per_s);
  CHECK(resent(world) == std::vector<std::uint32_t>{1, 1});
  CHECK(world.server.received.size() == 10 * mss);
  CHECK(world.client.tcp().sender().statistics().timeouts == 1);
}

TEST_CASE("Reordering raises the threshold, so that it does not cause retransmissions for long") {
  TcpSettings settings = simple();
  settings.timestamps = true;
  World world(settings, settings);
  world.connect();
  // Every segment with a number divisible by 20 is overtaken by those of the next 4 ms.
  world.fate = [&](const WireFrame& frame) -> std::vector<std::uint64_t> {
    const bool late =
        frame.from == Side::client && frame.length > 0 && (frame.sequence - 1) / mss % 20 == 0;
    return {world.delay_ns + (late ? 4 * ns_per_ms : 0)};
  };
  for (int i = 0; i < 200; ++i) {
    world.client.write(pattern(2 * mss, static_cast<std::uint32_t>(i)));
    world.clock.run_until(world.clock.now_ns() + ns_per_ms / 2);
  }
  world.clock.run_until(world.clock.now_ns() + ns_per_s);
  CHECK(world.server.received.size() == 400 * mss);
  const Sender& sender = world.client.tcp().sender();
  CHECK(sender.recovery()->threshold() > 3);
  CHECK(sender.statistics().timeouts == 0);
  // The first showed that it was a mistake: the echo was older than the retransmission.
  CHECK(sender.statistics().spurious_recoveries >= 1);
  CHECK(sender.statistics().fast_retransmits <= 5);  // of 20 late segments
}

TEST_CASE("A spurious recovery gives the window back") {
  World world(simple(), simple());
  world.connect();
  world.fate = [&](const WireFrame& frame) -> std::vector<std::uint64_t> {
    const bool late = frame.from == Side::client && frame.sequence == 1 && frame.number == 2;
    return {world.delay_ns + (late ? 8 * ns_per_ms : 0)};
  };
  world.client.write(pattern(10 * mss));
  world.clock.run_until(31 * ns_per_ms);
  CHECK(resent(world) == std::vector<std::uint32_t>{0});
  CHECK(world.client.tcp().sender().congestion()->cwnd() == 5 * mss);
  // The original arrives at 33, before the copy.
  world.fate = [&](const WireFrame&) { return std::vector<std::uint64_t>{world.delay_ns}; };
  world.clock.run_until(ns_per_s);
  CHECK(world.client.tcp().sender().statistics().spurious_recoveries == 1);
  CHECK(world.client.tcp().sender().congestion()->cwnd() >= 10 * mss);
  CHECK(world.client.tcp().sender().recovery()->threshold() == 10);
}

TEST_CASE("A retransmission that is lost is sent again without a time-out") {
  World world(simple(), simple());
  world.connect();
  // Segment 20, twice.
  auto losses = std::make_shared<int>(2);
  world.fate = [&world, losses](const WireFrame& frame) -> std::vector<std::uint64_t> {
    if (frame.from == Side::client && frame.length > 0 && (frame.sequence - 1) / mss == 20 &&
        *losses > 0 && --*losses >= 0)
      return {};
    return {world.delay_ns};
  };
  world.client.write(pattern(200 * mss));
  world.client.close_after_writing();
  REQUIRE(world.clock.run());
  CHECK(world.server.received == pattern(200 * mss));
  CHECK(resent(world) == std::vector<std::uint32_t>{20, 20});
  CHECK(world.client.tcp().sender().statistics().timeouts == 0);
}

TEST_CASE("Where each burst loses its end the time-out does not stay backed off") {
  TcpSettings settings = simple();
  settings.timestamps = false;
  settings.nagle = Nagle::off;
  World world(settings, settings);
  world.connect();
  // A receiver with room for three frames at a time.
  auto burst = std::make_shared<std::pair<std::uint64_t, int>>();
  world.fate = [&world, burst](const WireFrame& frame) -> std::vector<std::uint64_t> {
    if (frame.from == Side::server || frame.length == 0) return {world.delay_ns};
    if (burst->first != frame.time_ns) *burst = {frame.time_ns, 0};
    if (++burst->second > 3) return {};
    return {world.delay_ns};
  };
  std::vector<std::uint8_t> expected;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const auto some = pattern(25, i);
    expected.insert(expected.end(), some.begin(), some.end());
    world.client.write(some);
  }
  world.client.close_after_writing();
  REQUIRE(world.clock.run());
  const Sender& sender = world.client.tcp().sender();
  CHECK(world.server.received == expected);
  CHECK(sender.statistics().timeouts == 3);
  CHECK(sender.rtt().rto() <= 2 * settings.min_rto_ns);
}

TEST_CASE("Of a lost retransmission only what is not acknowledged is sent again") {
  LossRecovery recovery(1000, 3, 300, true);
  for (std::uint64_t i = 0; i < 10; ++i) recovery.sent({1 + i * 1000, 1001 + i * 1000}, i, true);
  std::vector<Range> sacked{{1001, 5001}};
  const auto acknowledge = [&](std::uint64_t una_before, std::uint64_t una, std::uint64_t nxt) {
    return recovery.acknowledged({una_before, una, nxt, sacked, una == una_before, 4});
  };
  REQUIRE(acknowledge(1, 1, 10001) == LossEvent::fast_retransmit);
  recovery.sent({1, 1001}, 100, false);
  recovery.retransmitted(1001);
  recovery.sent({10001, 11001}, 1000, true);
  // Half of it came, perhaps because the peer had no more room; then what was sent much later.
  sacked.push_back({10001, 11001});
  acknowledge(1, 501, 11001);
  const auto lost = recovery.next_lost(11001);
  REQUIRE(lost);
  CHECK(lost->start == 501);
  CHECK(lost->end == 1001);
}

}  // namespace
}  // namespace tlsnic::host::test
