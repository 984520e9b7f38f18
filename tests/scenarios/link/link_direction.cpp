// One direction of a link in simulated time: when frames arrive, which, and what is told of them.
#include "scenarios/link/link_direction.h"

#include <catch2/catch.hpp>
#include <limits>
#include <numeric>

#include "tests/hw_model/nic/in_child.h"
#include "tests/scenarios/link/link_world.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

std::vector<std::uint64_t> from_1_to(std::uint64_t last) {
  std::vector<std::uint64_t> ids(last);
  std::iota(ids.begin(), ids.end(), 1);
  return ids;
}

}  // namespace

TEST_CASE("frames arrive unchanged after the link's delay") {
  in_child([] {
    LinkSettings settings;
    settings.delay_ns = 5'000;
    LinkWorld world(settings, 1, settings.ps_per_byte);
    for (int i = 0; i < 20; ++i) {
      world.run_ns(1'000);
      world.send(i % 3 == 0 ? arp_frame(7) : tcp_frame(ipv6_tuple(), 1, Buffer(500)));
    }
    world.run_ns(1);
    CHECK(world.link.frames_on_the_way() == 5);
    world.settle();
    CHECK(world.link.frames_on_the_way() == 0);
    REQUIRE(world.arrived_ids() == from_1_to(20));
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(world.arrivals[i].time_ps == (1'000 * (i + 1) + 5'000) * ps_per_ns);
      CHECK(world.arrivals[i].bytes == world.sent[i]);
    }
    const LinkStatistics statistics = world.link.statistics();
    CHECK(statistics.frames == 20);
    CHECK(statistics.bytes == 7 * 60 + 13 * 574);
    CHECK(statistics.arrived_frames == 20);
    CHECK(statistics.arrived_bytes == statistics.bytes);
    CHECK(statistics.lost() == 0);
  });
}

TEST_CASE("a slow link spaces what the chip sends at once") {
  in_child([] {
    LinkSettings settings;
    settings.ps_per_byte = 8'000;  // 1 Gb/s
    settings.delay_ns = 100;
    LinkWorld world(settings, 1, 80);
    world.run_ns(1'000);
    for (int i = 0; i < 5; ++i) world.send(arp_frame(1, 1000));
    world.settle();
    REQUIRE(world.arrivals.size() == 5);
    // The first bit of the first frame left the chip 80 ns before its last.
    for (std::size_t i = 0; i < 5; ++i)
      CHECK(world.arrivals[i].time_ps == (1'000 - 80 + 8'000 * (i + 1) + 100) * ps_per_ns);
    CHECK(world.link.statistics().most_queued == 4);
  });
}

TEST_CASE("a full queue loses what comes then, whatever it is") {
  in_child([] {
    LinkSettings settings;
    settings.ps_per_byte = 1'000;
    settings.queue_frames = 3;
    LinkWorld world(settings);
    for (int i = 0; i < 6; ++i) world.send_segment();
    world.send_ack();
    world.run_ns(1'000);
    world.send_segment();
    world.settle();
    CHECK(world.arrived_ids() == std::vector<std::uint64_t>{1, 2, 3, 4, 8});
    CHECK(world.lost_ids() == std::vector<std::uint64_t>{5, 6, 7});
    for (const auto& loss : world.losses) CHECK(loss.cause == LossCause::queue);
    CHECK(world.link.statistics().queue_dropped == 3);
    CHECK(world.link.statistics().most_queued == 3);
  });
}

TEST_CASE("while the receiver is paused frames wait, in order") {
  in_child([] {
    LinkWorld world(endless_rate(1'000));
    world.pause_after(3);
    for (int i = 0; i < 10; ++i) {
      world.send_segment();
      world.run_ns(100);
    }
    world.settle();
    CHECK(world.arrivals.size() == 3);
    CHECK(world.link.frames_on_the_way() == 7);
    world.run_ns(50'000);
    world.send_segment();  // is due long after the resumption
    world.pause_after(2);
    const std::uint64_t resumed_at = world.now_ps();
    world.resume();
    world.settle();
    CHECK(world.arrivals.size() == 5);
    world.resume();
    world.settle();
    CHECK(world.arrived_ids() == from_1_to(11));
    for (std::size_t i = 3; i < 10; ++i) CHECK(world.arrivals[i].time_ps <= resumed_at + 1'000'000);
    CHECK(world.link.statistics().pauses == 2);
    // And the link works as before.
    world.send_segment();
    world.settle();
    CHECK(world.arrivals.size() == 12);
    CHECK(world.link.statistics().lost() == 0);
  });
}

TEST_CASE("a resumption for nothing does no harm") {
  in_child([] {
    LinkWorld world({});
    world.resume();
    world.settle();
    world.pause();
    world.send_segment();
    world.settle();
    world.resume();
    world.pause();
    world.settle();
    CHECK(world.arrivals.empty());
    world.resume();
    world.settle();
    CHECK(world.arrived_ids() == from_1_to(1));
  });
}

TEST_CASE("chance hits frames with TCP payload and nothing else") {
  in_child([] {
    LinkSettings settings;
    settings.loss = 1;
    LinkWorld world(settings);
    for (int i = 0; i < 50; ++i) {
      world.send_segment();
      world.send_ack();
      world.send(arp_frame(9));
    }
    world.settle();
    CHECK(world.link.statistics().lost_random == 50);
    CHECK(world.arrivals.size() == 100);
    for (const auto& loss : world.losses) {
      CHECK(loss.id % 3 == 1);
      CHECK(loss.cause == LossCause::random);
    }
  });
}

TEST_CASE("what is lost, corrupted and duplicated is what was drawn for each segment") {
  in_child([] {
    LinkSettings settings = endless_rate();
    settings.loss = 0.1;
    settings.bursts = {0.02, 0.3, 0, 1};
    settings.corrupt = 0.1;
    settings.duplicate = 0.1;
    constexpr std::uint64_t seed = 99;
    LinkWorld world(settings, seed);
    Impairments drawn(settings, seed);
    std::vector<std::uint64_t> lost;
    std::vector<std::uint64_t> arriving;
    std::vector<bool> corrupt;
    std::uint64_t id = 0;
    for (int i = 0; i < 2000; ++i) {
      world.send_segment();
      ++id;
      const Impairment expected = drawn.draw(100);
      if (expected.lost) {
        lost.push_back(id);
      } else {
        for (int copy = 0; copy < (expected.duplicated ? 2 : 1); ++copy) {
          arriving.push_back(id);
          corrupt.push_back(expected.inverted_bit.has_value());
        }
      }
      world.run_ns(50);
      if (i % 4 != 0) continue;
      world.send_ack();  // takes nothing from what is drawn for segments
      arriving.push_back(++id);
      corrupt.push_back(false);
    }
    world.settle();
    CHECK(world.lost_ids() == lost);
    REQUIRE(world.arrived_ids() == arriving);
    for (std::size_t i = 0; i < corrupt.size(); ++i) {
      const auto& arrival = world.arrivals[i];
      CHECK(has_right_checksum(arrival.bytes) == !corrupt[i]);
      CHECK((arrival.bytes == world.sent[arrival.id - 1]) == !corrupt[i]);
      CHECK(arrival.is_copy == (i > 0 && arriving[i - 1] == arriving[i]));
      if (arrival.is_copy) CHECK(arrival.time_ps == world.arrivals[i - 1].time_ps);
    }
    const LinkStatistics statistics = world.link.statistics();
    CHECK(statistics.lost_random > 100);
    CHECK(statistics.lost_burst > 50);
    CHECK(statistics.corrupted > 100);
    CHECK(statistics.duplicated > 100);
    CHECK(statistics.arrived_frames ==
          statistics.frames - statistics.lost() + statistics.duplicated);
  });
}

TEST_CASE("a frame that the queue drops takes its random numbers all the same") {
  in_child([] {
    LinkSettings settings;
    settings.loss = 0.3;
    settings.ps_per_byte = 1'000;
    settings.queue_frames = 1;
    LinkWorld world(settings, 4);
    Impairments drawn(settings, 4);
    for (int i = 0; i < 200; ++i) {
      world.send_segment();
      const bool lost = drawn.draw(100).lost.has_value();
      if (world.losses.empty() || world.losses.back().id != world.sent.size())
        CHECK_FALSE(lost);
      else if (world.losses.back().cause == LossCause::random)
        CHECK(lost);
      world.run_ns(i % 3 == 0 ? 10 : 100);
    }
    CHECK(world.link.statistics().queue_dropped > 20);
    CHECK(world.link.statistics().lost_random > 20);
  });
}

TEST_CASE("frames of any bytes pass") {
  in_child([] {
    LinkSettings settings;
    settings.corrupt = 1;
    settings.duplicate = 0.5;
    LinkWorld world(settings);
    Random random(3);
    world.send({});
    world.send(Buffer(65'549, 0xff));
    for (int i = 0; i < 3000; ++i) {
      Buffer frame = tcp_frame(i % 2 == 0 ? ipv4_tuple() : ipv6_tuple(), 1, Buffer(30));
      frame.resize(random.between(0, frame.size()));
      for (int n = 0; n < 3 && !frame.empty(); ++n)
        frame[random.between(0, frame.size() - 1)] = static_cast<std::uint8_t>(random.next());
      world.send(frame);
      world.run_ns(10);
    }
    world.settle();
    const LinkStatistics statistics = world.link.statistics();
    CHECK(statistics.arrived_frames == 3002 + statistics.duplicated);
    CHECK(statistics.corrupted > 0);
  });
}

TEST_CASE("at most one event per frame") {
  in_child([] {
    LinkSettings settings;
    settings.ps_per_byte = 800;
    settings.reorder = 0.1;
    settings.reorder_delay_ns = 3'000;
    LinkWorld world(settings, 1, 80);
    for (int i = 0; i < 500; ++i) world.send_segment(900);
    const auto before = sc_core::sc_delta_count();
    world.settle();
    CHECK(world.arrivals.size() == 500);
    CHECK(sc_core::sc_delta_count() - before <= 500);
  });
}

TEST_CASE("the same seed gives the same bytes at the same times") {
  const auto run = [](std::uint64_t seed) {
    return number_from_child([&] {
      LinkSettings settings;
      settings.loss = settings.duplicate = settings.corrupt = settings.reorder = 0.1;
      settings.reorder_delay_ns = 700;
      LinkWorld world(settings, seed);
      for (int i = 0; i < 1000; ++i) {
        world.send_segment(static_cast<std::size_t>(i % 50));
        world.run_ns(100);
      }
      world.settle();
      std::uint64_t hash = 1469598103934665603u;
      const auto mix = [&hash](std::uint64_t value) { hash = (hash ^ value) * 1099511628211u; };
      for (const auto& arrival : world.arrivals) {
        mix(arrival.time_ps);
        for (const std::uint8_t byte : arrival.bytes) mix(byte);
      }
      return hash;
    });
  };
  CHECK(run(5) == run(5));
  CHECK(run(5) != run(6));
}

TEST_CASE("settings that mean nothing are refused") {
  const auto refused = [](auto change) {
    in_child([&] {
      LinkSettings settings;
      change(settings);
      CHECK_THROWS_AS(LinkWorld(settings), std::invalid_argument);
    });
  };
  refused([](LinkSettings& settings) { settings.loss = 1.01; });
  refused([](LinkSettings& settings) { settings.reorder = -0.01; });
  refused([](LinkSettings& settings) {
    settings.bursts.loss_bad = std::numeric_limits<double>::quiet_NaN();
  });
  refused([](LinkSettings& settings) { settings.delay_ns = 1'000'000'000'000'001; });
  refused([](LinkSettings& settings) { settings.reorder_delay_ns = ~std::uint64_t{0}; });
  refused([](LinkSettings& settings) { settings.ps_per_byte = 1'000'000'001; });
}
