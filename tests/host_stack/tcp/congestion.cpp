// Congestion windows against the formulas of the RFCs, worked out on paper.
#include <catch2/catch.hpp>
#include <cmath>

#include "host_stack/tcp/cubic.h"
#include "host_stack/tcp/new_reno.h"
#include "host_stack/tcp/rtt_estimator.h"
#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {
namespace {

TEST_CASE("RTO by RFC 6298, step by step") {
  TcpSettings settings;
  settings.min_rto_ns = 1;
  RttEstimator rtt(settings);
  CHECK(rtt.rto() == 1'000'000'000);
  // SRTT 100, RTTVAR 50, RTO 100 + 4 * 50.
  rtt.sample(100'000'000);
  CHECK(rtt.rto() == 300'000'000);
  // RTTVAR 3/4 * 50 + 1/4 * 100, SRTT 7/8 * 100 + 1/8 * 200.
  rtt.sample(200'000'000);
  CHECK(rtt.variation() == 62'500'000);
  CHECK(rtt.smoothed() == 112'500'000);
  CHECK(rtt.rto() == 362'500'000);
  rtt.back_off();
  rtt.back_off();
  CHECK(rtt.rto() == 1'450'000'000);
  for (int i = 0; i < 20; ++i) rtt.back_off();
  CHECK(rtt.rto() == settings.max_rto_ns);
  rtt.sample(112'500'000);
  CHECK(rtt.rto() == 300'000'000);  // 112.5 + 4 * 46.875
}

TEST_CASE("NewReno: slow start by bytes, congestion avoidance, reductions") {
  NewReno reno(1000, 10'000);
  CHECK(reno.in_slow_start());
  reno.acknowledged({1000, 0, 0});
  CHECK(reno.cwnd() == 11'000);
  reno.acknowledged({2000, 0, 0});
  CHECK(reno.cwnd() == 13'000);
  reno.acknowledged({8000, 0, 0});  // RFC 3465: no more than 2 segments for one acknowledgement
  CHECK(reno.cwnd() == 15'000);

  reno.fast_recovery(15'000);
  CHECK(reno.ssthresh() == 7500);
  CHECK(reno.cwnd() == 7500);
  reno.acknowledged({7000, 0, 0});
  CHECK(reno.cwnd() == 7500);
  reno.acknowledged({500, 0, 0});  // a window's worth
  CHECK(reno.cwnd() == 8500);
  reno.acknowledged({8500, 0, 0});
  CHECK(reno.cwnd() == 9500);

  reno.timed_out(9500, true);
  CHECK(reno.ssthresh() == 4750);
  CHECK(reno.cwnd() == 1000);
  reno.timed_out(1000, false);
  CHECK(reno.ssthresh() == 4750);
  reno.acknowledged({2000, 0, 0});  // L is 1 after a time-out
  CHECK(reno.cwnd() == 2000);
  reno.fast_recovery(1500);
  CHECK(reno.ssthresh() == 2000);  // two segments at least
}

TEST_CASE("The cube root is the C library's") {
  for (double x : {1e-9, 0.001, 0.5, 1.0, 2.0, 27.0, 75.0, 1e6, 12345678.9, 1e12})
    CHECK(cube_root(x) == Approx(std::cbrt(x)).epsilon(1e-13));
  CHECK(cube_root(0) == 0);
  CHECK(cube_root(-1) == 0);
}

// Acknowledges a window every rtt, segment by segment; calls check(t, cwnd in segments).
template <typename Check>
void grow(Cubic& cubic, std::uint64_t rtt_ns, int round_trips, Check check) {
  std::uint64_t now = ns_per_s;
  for (int i = 0; i <= round_trips; ++i, now += rtt_ns) {
    const auto segments = cubic.cwnd() / 1000;
    for (std::uint64_t n = 0; n < segments; ++n) cubic.acknowledged({1000, now, rtt_ns});
    check(static_cast<double>(now - ns_per_s) / ns_per_s, static_cast<double>(cubic.cwnd()) / 1000);
  }
}

TEST_CASE("CUBIC: after a loss the window follows W_cubic (RFC 9438, figure 1)") {
  Cubic cubic(1000, 100'000);
  cubic.fast_recovery(100'000);
  CHECK(cubic.cwnd() == 70'000);
  CHECK(cubic.ssthresh() == 70'000);
  CHECK(cubic.w_max() == 100);
  // K = cbrt(100 * 0.3 / 0.4) = 4.2172 s
  const double k = std::cbrt(75.0);
  double at_k = 0;
  double last = 0;
  grow(cubic, 100 * ns_per_ms, 80, [&](double t, double cwnd) {
    CHECK(cwnd >= last);
    last = cwnd;
    if (t <= k) at_k = cwnd;
    // A window is reached within the round trip that its target was set for.
    const double target = 0.4 * std::pow(t + 0.1 - k, 3) + 100;
    if (t >= 1 && t <= 6) CHECK(cwnd == Approx(target).epsilon(0.02));
  });
  CHECK(cubic.k() == Approx(k));
  CHECK(at_k == Approx(100).epsilon(0.005));
  CHECK(last > 115);  // convex beyond W_max, and Reno's estimate beyond 100
}

TEST_CASE("CUBIC: no slower than Reno where that is faster (RFC 9438, section 4.3)") {
  // 10 segments, 10 ms: K is 1.96 s, but Reno's estimate rises by 0.53 segments in each 10 ms.
  Cubic cubic(1000, 10'000);
  cubic.fast_recovery(10'000);
  CHECK(cubic.cwnd() == 7000);
  double first = 0;
  grow(cubic, 10 * ns_per_ms, 3, [&](double t, double cwnd) {
    if (t == 0) first = cwnd;
    CHECK(cwnd >= 7 + Cubic::alpha * t / 0.01 * 0.9);
  });
  CHECK(first == Approx(7 + Cubic::alpha).epsilon(0.03));
  CHECK(Cubic::alpha == Approx(9.0 / 17));
}

TEST_CASE("CUBIC: fast convergence, time-outs and undo") {
  Cubic cubic(1000, 100'000);
  cubic.fast_recovery(100'000);
  cubic.fast_recovery(70'000);  // before W_max was reached again
  CHECK(cubic.w_max() == Approx(70 * (1 + 0.7) / 2));
  CHECK(cubic.cwnd() == 49'000);
  cubic.undo();
  CHECK(cubic.cwnd() == 70'000);
  CHECK(cubic.w_max() == 100);
  cubic.timed_out(70'000, true);
  CHECK(cubic.cwnd() == 1000);
  CHECK(cubic.ssthresh() == 49'000);
}

// Segments as single frames, each acknowledged at once.
TcpSettings single_frames() {
  TcpSettings settings;
  settings.tso = false;
  settings.quick_acks = 1'000'000;
  return settings;
}

// Segments that the client sends per round trip of 10 ms, from t = 20 ms.
std::vector<int> per_round_trip(const World& world, std::size_t round_trips) {
  std::vector<int> counts(round_trips);
  for (const WireFrame& frame : world.wire) {
    const std::uint64_t ms = frame.time_ns / ns_per_ms;
    if (frame.from != Side::client || frame.length == 0 || ms < 20) continue;
    if ((ms - 20) / 10 < round_trips) ++counts[(ms - 20) / 10];
  }
  return counts;
}

TEST_CASE("A connection starts with 10 segments and doubles") {
  const TcpSettings settings = single_frames();
  World world(settings, settings);
  world.connect();
  world.client.write(pattern(400 * 1448));
  world.clock.run_until(ns_per_s);
  CHECK(per_round_trip(world, 5) == std::vector<int>{10, 20, 40, 80, 160});
}

TEST_CASE("After a loss in a window of 40 the trace is NewReno's sawtooth") {
  TcpSettings settings = single_frames();
  settings.congestion = CongestionAlgorithm::new_reno;
  World world(settings, settings);
  world.connect();
  bool lost = false;
  world.fate = [&](const WireFrame& frame) -> std::vector<std::uint64_t> {
    if (!lost && frame.from == Side::client && frame.sequence == 1 + 30 * 1448) {
      lost = true;
      return {};
    }
    return {world.delay_ns};
  };
  world.client.write(pattern(2000 * 1448));
  world.clock.run_until(130 * ns_per_ms);
  // Segment 30 is the first of the window of 40. Its loss is seen with 40 in flight; two segments
  // of limited transmit do not count: ssthresh is 20.
  CHECK(world.client.tcp().sender().congestion()->ssthresh() == 20 * 1448);
  const auto counts = per_round_trip(world, 11);
  CHECK(std::vector<int>(counts.begin(), counts.begin() + 3) == std::vector<int>{10, 20, 40});
  // One round trip of recovery (2 + 1 + the upper half of the window's room), then a segment more
  // per round trip.
  for (std::size_t i = 6; i < counts.size(); ++i) {
    CHECK(counts[i] - counts[i - 1] >= 0);
    CHECK(counts[i] - counts[i - 1] <= 1);
  }
  CHECK(counts[10] >= 23);
  CHECK(counts[10] <= 27);
}

TEST_CASE("An idle connection starts again with the initial window") {
  const TcpSettings settings = single_frames();
  World world(settings, settings);
  world.connect();
  world.client.write(pattern(200 * 1448));
  world.clock.run_until(10 * ns_per_s);
  CHECK(world.client.tcp().sender().congestion()->cwnd() > 100 * 1448);
  world.timeline();
  world.client.write(pattern(100 * 1448));
  CHECK(world.timeline().size() == 10);
}

}  // namespace
}  // namespace tlsnic::host::test
