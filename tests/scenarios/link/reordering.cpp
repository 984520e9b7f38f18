// The two kinds of random reordering.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/in_child.h"
#include "tests/scenarios/link/link_world.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

constexpr std::uint64_t gap_ns = 1'000;

// What is drawn for the segments, in order; [0] is nobody's, so that ids are indices.
std::vector<bool> drawn_choices(const LinkSettings& settings, std::uint64_t seed, int segments) {
  Impairments impairments(settings, seed);
  std::vector<bool> chosen(1);
  for (int i = 0; i < segments; ++i) chosen.push_back(impairments.draw(100).reordered);
  return chosen;
}

}  // namespace

TEST_CASE("jump ahead: chosen frames pass those that the delay line holds") {
  in_child([] {
    LinkSettings settings = endless_rate(40);
    settings.reorder = 0.05;
    settings.reorder_delay_ns = 10'500;  // 10.5 frames
    constexpr int segments = 5000;
    LinkWorld world(settings, 3);
    const auto chosen = drawn_choices(settings, 3, segments);
    for (int i = 0; i < segments; ++i) {
      world.send_segment();
      world.run_ns(gap_ns);
    }
    world.settle();
    REQUIRE(world.arrivals.size() == segments);
    std::vector<std::size_t> place(segments + 1);
    for (std::size_t i = 0; i < world.arrivals.size(); ++i) place[world.arrivals[i].id] = i;
    std::uint64_t last_kept = 0;
    std::uint64_t last_chosen = 0;
    for (const auto& arrival : world.arrivals) {
      const std::uint64_t waited = chosen[arrival.id] ? 0 : 10'500;
      CHECK(arrival.time_ps == ((arrival.id - 1) * gap_ns + 40 + waited) * ps_per_ns);
      // Among themselves, neither kind changes order.
      std::uint64_t& last = chosen[arrival.id] ? last_chosen : last_kept;
      CHECK(arrival.id > last);
      last = arrival.id;
    }
    std::uint64_t jumps = 0;
    for (std::uint64_t id = 12; id <= segments; ++id) {
      if (!chosen[id]) continue;
      ++jumps;
      for (std::uint64_t other = id - 11; other < id; ++other)
        CHECK((place[other] > place[id]) == (!chosen[other] && other >= id - 10));
    }
    CHECK(jumps > 200);
    CHECK(world.link.statistics().reordered >= jumps);
  });
}

TEST_CASE("jump ahead: pure ACKs wait with the others and are never chosen") {
  in_child([] {
    LinkSettings settings = endless_rate(0);
    settings.reorder = 1;
    settings.reorder_delay_ns = 5'000;
    LinkWorld world(settings);
    world.send_ack();
    world.send(arp_frame(1));
    world.send_segment();
    world.settle();
    CHECK(world.arrived_ids() == std::vector<std::uint64_t>{3, 1, 2});
    CHECK(world.arrivals[0].time_ps == 0);
    CHECK(world.arrivals[2].time_ps == 5'000 * ps_per_ns);
    CHECK(world.link.statistics().reordered == 1);
  });
}

TEST_CASE("jump ahead: the delay line is there even if nobody is chosen") {
  in_child([] {
    LinkSettings settings = endless_rate(100);
    settings.reorder_delay_ns = 5'000;
    LinkWorld world(settings);
    world.send_segment();
    world.settle();
    CHECK(world.arrivals.at(0).time_ps == 5'100 * ps_per_ns);
  });
}

TEST_CASE("jump ahead: frames that come out at the same time keep their order") {
  in_child([] {
    LinkSettings settings = endless_rate();
    settings.reorder = 0.5;
    settings.reorder_delay_ns = 3 * gap_ns;
    LinkWorld world(settings, 8);
    const auto chosen = drawn_choices(settings, 8, 200);
    for (int i = 0; i < 200; ++i) {
      world.send_segment();
      world.run_ns(gap_ns);
    }
    world.settle();
    int ties = 0;
    for (std::size_t i = 1; i < world.arrivals.size(); ++i) {
      const auto& before = world.arrivals[i - 1];
      const auto& after = world.arrivals[i];
      CHECK(before.time_ps <= after.time_ps);
      if (before.time_ps != after.time_ps) continue;
      ++ties;
      CHECK(before.id < after.id);
    }
    CHECK(ties > 20);
  });
}

TEST_CASE("delayed: chosen frames come behind those that follow within the delay") {
  in_child([] {
    LinkSettings settings = endless_rate(40);
    settings.reorder = 0.1;
    settings.reorder_kind = ReorderKind::delayed;
    settings.reorder_delay_ns = 4'500;
    constexpr int segments = 2000;
    LinkWorld world(settings, 6);
    const auto chosen = drawn_choices(settings, 6, segments);
    for (int i = 0; i < segments; ++i) {
      world.send_segment();
      world.run_ns(gap_ns);
    }
    world.settle();
    REQUIRE(world.arrivals.size() == segments);
    for (const auto& arrival : world.arrivals) {
      const std::uint64_t waited = chosen[arrival.id] ? 4'500 : 0;
      CHECK(arrival.time_ps == ((arrival.id - 1) * gap_ns + 40 + waited) * ps_per_ns);
    }
    CHECK(world.link.statistics().reordered > 100);
  });
}
