// Exact events and the box that rewrites.
#include <catch2/catch.hpp>
#include <map>

#include "tests/hw_model/nic/in_child.h"
#include "tests/scenarios/link/link_world.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

using Ids = std::vector<std::uint64_t>;

// Fates by the number of the call.
struct Script : FrameJudge {
  std::map<std::uint64_t, Fate> fates;
  std::uint64_t calls = 0;
  std::vector<std::uint16_t> ports;

  Fate judge(const ParsedFrame& parsed, Bytes frame) override {
    CHECK(parse_frame(frame).tuple == parsed.tuple);
    ports.push_back(parsed.tuple.source.port);
    const auto found = fates.find(++calls);
    return found == fates.end() ? Fate() : found->second;
  }
};

Fate late(std::uint32_t frames) {
  Fate fate;
  fate.late_by = frames;
  return fate;
}

struct EventWorld : LinkWorld {
  explicit EventWorld(const LinkSettings& settings = endless_rate()) : LinkWorld(settings) {
    link.judge = &script;
  }
  Fate& fate(std::uint64_t id) { return script.fates[id]; }
  void send_segments(int count, std::uint64_t gap_ns = 100) {
    for (int i = 0; i < count; ++i) {
      send_segment();
      if (gap_ns > 0) run_ns(gap_ns);
    }
  }
  Script script;
};

}  // namespace

TEST_CASE("events: the frame that was named is lost, and only that") {
  in_child([] {
    EventWorld world;
    world.fate(3).drop = true;
    world.fate(4).drop = true;
    world.send_segments(3);
    world.send_ack();  // exact events hit any frame
    world.send_segments(2);
    world.settle();
    CHECK(world.arrived_ids() == Ids{1, 2, 5, 6});
    CHECK(world.lost_ids() == Ids{3, 4});
    CHECK(world.losses[0].cause == LossCause::event);
    CHECK(world.link.statistics().lost_event == 2);
    CHECK(world.script.calls == 6);
  });
}

TEST_CASE("events: a copy arrives right behind its frame") {
  in_child([] {
    EventWorld world;
    world.fate(2).duplicate = true;
    world.send_segments(3, 0);
    world.settle();
    CHECK(world.arrived_ids() == Ids{1, 2, 2, 3});
    CHECK(world.arrivals[1].bytes == world.arrivals[2].bytes);
    CHECK_FALSE(world.arrivals[1].is_copy);
    CHECK(world.arrivals[2].is_copy);
    CHECK(world.link.statistics().duplicated == 1);
  });
}

TEST_CASE("events: a pause between a frame and its copy") {
  in_child([] {
    EventWorld world;
    world.fate(1).duplicate = true;
    world.pause_after(1);
    world.send_segments(2, 0);
    world.settle();
    CHECK(world.arrived_ids() == Ids{1});
    world.resume();
    world.settle();
    CHECK(world.arrived_ids() == Ids{1, 1, 2});
  });
}

TEST_CASE("events: corruption and tampering at a byte of the payload") {
  in_child([] {
    EventWorld world;
    world.fate(1).corrupt = 7;
    world.fate(2).tamper = 7;
    world.fate(3).corrupt = 7;
    world.fate(3).tamper = 7;
    world.fate(4).tamper = 5000;  // past the end: the last byte
    world.send_segments(4);
    world.fate(5).corrupt = 0;
    world.send_ack();
    world.settle();
    REQUIRE(world.arrived_ids() == Ids{1, 2, 3, 4, 5});
    const auto changed_payload = [&](std::size_t i) {
      std::vector<std::size_t> bytes;
      for (std::size_t at = 54; at < world.sent[i].size(); ++at)
        if (world.sent[i][at] != world.arrivals[i].bytes[at]) bytes.push_back(at - 54);
      return bytes;
    };
    CHECK(changed_payload(0) == std::vector<std::size_t>{7});
    CHECK(changed_payload(1) == std::vector<std::size_t>{7});
    CHECK(changed_payload(2) == std::vector<std::size_t>{7});
    CHECK(changed_payload(3) == std::vector<std::size_t>{99});
    CHECK_FALSE(has_right_checksum(world.arrivals[0].bytes));
    CHECK(has_right_checksum(world.arrivals[1].bytes));
    CHECK_FALSE(has_right_checksum(world.arrivals[2].bytes));
    CHECK(has_right_checksum(world.arrivals[3].bytes));
    CHECK(world.arrivals[4].bytes == world.sent[4]);
    CHECK(world.link.statistics().corrupted == 2);
    CHECK(world.link.statistics().tampered == 3);
  });
}

TEST_CASE("events: a corrupt frame stays corrupt if chance hits it too") {
  in_child([] {
    LinkSettings settings;
    settings.corrupt = 1;
    EventWorld world(settings);
    for (std::uint64_t id = 1; id <= 64; ++id) {
      world.fate(id).corrupt = 0;
      world.send_segment(1);
    }
    world.settle();
    for (const auto& arrival : world.arrivals) CHECK_FALSE(has_right_checksum(arrival.bytes));
    CHECK(world.link.statistics().corrupted == 64);
  });
}

TEST_CASE("events: a late frame arrives right behind as many of those that follow") {
  const std::uint64_t gap_ns = GENERATE(0, 1, 7'000);
  in_child([&] {
    EventWorld world;
    world.fate(2) = late(3);
    world.fate(8) = late(1);
    world.send_segments(10, gap_ns);
    world.settle();
    CHECK(world.arrived_ids() == Ids{1, 3, 4, 5, 2, 6, 7, 9, 8, 10});
    CHECK(world.arrivals[4].time_ps == world.arrivals[3].time_ps);
    CHECK(world.link.statistics().late == 2);
    CHECK(world.link.statistics().late_given_up == 0);
    CHECK(world.link.frames_on_the_way() == 0);
  });
}

TEST_CASE("events: frames of other connections do not count for a late one") {
  in_child([] {
    EventWorld world;
    world.fate(1) = late(2);
    world.send_segment();
    for (int i = 0; i < 3; ++i) world.send_segment(100, 80);
    world.send(arp_frame(2));
    world.send_segment();
    world.send_ack();
    world.send_segment();
    world.settle();
    CHECK(world.arrived_ids() == Ids{2, 3, 4, 5, 6, 7, 1, 8});
  });
}

TEST_CASE("events: late frames among one another, lost followers, copies") {
  in_child([] {
    EventWorld world;
    world.fate(1) = late(3);
    world.fate(2) = late(1);
    world.fate(3).drop = true;
    world.fate(4).duplicate = true;
    world.send_segments(7);
    world.settle();
    // 4 lets 2 go; 4, 2 and 5 let 1 go: a copy is no frame that followed.
    CHECK(world.arrived_ids() == Ids{4, 4, 2, 5, 1, 6, 7});
  });
}

TEST_CASE("events: a late frame never arrives before its time") {
  in_child([] {
    LinkSettings settings = endless_rate(0);
    settings.reorder = 1;
    settings.reorder_delay_ns = 10'000;
    EventWorld world(settings);
    world.fate(1) = late(1);
    world.send_ack();      // in the delay line
    world.send_segment();  // jumps it
    world.run_ns(1);
    CHECK(world.arrived_ids() == Ids{2});
    world.settle();
    CHECK(world.arrived_ids() == Ids{2, 1});
    CHECK(world.arrivals[1].time_ps == 10'000 * ps_per_ns);
    CHECK(world.link.statistics().late_given_up == 0);
  });
}

TEST_CASE("events: late frames behind a paused receiver") {
  in_child([] {
    EventWorld world;
    world.fate(2) = late(2);
    world.pause();
    world.send_segments(6);
    world.run_ns(1'000'000);
    world.resume();
    world.pause_after(3);
    world.settle();
    CHECK(world.arrived_ids() == Ids{1, 3, 4});
    world.resume();
    world.settle();
    CHECK(world.arrived_ids() == Ids{1, 3, 4, 2, 5, 6});
  });
}

TEST_CASE("events: a late frame that nobody follows is let go after the bound") {
  in_child([] {
    LinkSettings settings = endless_rate(1'000);
    EventWorld world(settings);
    world.link.longest_hold_ns = 20'000;
    world.fate(2) = late(5);
    world.send_segments(4, 0);
    world.settle();
    CHECK(world.arrived_ids() == Ids{1, 3, 4, 2});
    CHECK(world.arrivals[3].time_ps == 21'000 * ps_per_ns);
    CHECK(world.link.statistics().late_given_up == 1);
    // Nothing of it is left for the frames that come now.
    world.send_segments(6);
    world.settle();
    CHECK(world.arrivals.size() == 10);
  });
}

TEST_CASE("a box that rewrites ports: right checksums, and the judge sees what it made") {
  in_child([] {
    EventWorld world;
    world.link.rewrite = [](MutableBytes frame, const ParsedFrame& parsed) {
      if (parsed.tuple.source.port != 443) return false;
      store_be16(frame.data() + parsed.l4_offset, 8443);
      return true;
    };
    world.send_segment();
    world.send_segment(100, 80);
    world.send(arp_frame(1));
    world.link.rewrite = nullptr;
    world.send_segment();
    world.settle();
    REQUIRE(world.arrived_ids() == Ids{1, 2, 3, 4});
    CHECK(world.script.ports == std::vector<std::uint16_t>{8443, 80, 0, 443});
    CHECK(parse_frame(world.arrivals[0].bytes).tuple.source.port == 8443);
    CHECK(has_right_checksum(world.arrivals[0].bytes));
    CHECK(parse_frame(world.sent[0]).tuple.source.port == 443);
    for (const std::size_t i : {1, 2, 3}) CHECK(world.arrivals[i].bytes == world.sent[i]);
    CHECK(world.link.statistics().rewritten == 1);
  });
}
