// The protocols' clock on SystemC's time.
#include "scenarios/simulation_clock.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>

#include "protocol/random.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

struct ClockWorld {
  ClockWorld() : clock("clock") { sc_core::sc_start(sc_core::SC_ZERO_TIME); }

  std::function<void()> note(const std::string& name) {
    return [this, name] { notes.push_back(name + "@" + std::to_string(clock.now_ns())); };
  }
  void run_ps(std::uint64_t ps) { sc_core::sc_start(sc_core::sc_time::from_value(ps)); }
  void settle() { sc_core::sc_start(); }

  SimulationClock clock;
  std::vector<std::string> notes;
};

using Notes = std::vector<std::string>;

}  // namespace

TEST_CASE("clock: callbacks run at their time, those of one time in order of the calls") {
  in_child([] {
    ClockWorld world;
    world.clock.call_at(30, world.note("c"));
    world.clock.call_at(10, world.note("a"));
    world.clock.call_at(30, world.note("d"));
    world.clock.call_at(20, world.note("b"));
    world.clock.call_at(30, world.note("e"));
    CHECK(world.notes.empty());
    CHECK(world.clock.timers() == 5);
    world.settle();
    CHECK(world.notes == Notes{"a@10", "b@20", "c@30", "d@30", "e@30"});
    CHECK(world.clock.timers() == 0);
  });
}

TEST_CASE("clock: what has passed is called at once, but not inside the call") {
  in_child([] {
    ClockWorld world;
    world.run_ps(5'700);
    CHECK(world.clock.now_ns() == 5);  // the picoseconds are left out
    world.clock.call_at(6, world.note("later"));
    world.clock.call_at(5, world.note("now"));
    world.clock.call_at(0, world.note("past"));
    CHECK(world.notes.empty());
    world.run_ps(1);
    CHECK(world.notes == Notes{"now@5", "past@5"});
    world.settle();
    CHECK(world.notes.back() == "later@6");
    CHECK(sc_core::sc_time_stamp().value() == 6'000);
  });
}

TEST_CASE("clock: a callback may ask for callbacks, also for now") {
  in_child([] {
    ClockWorld world;
    world.clock.call_at(10, [&] {
      world.clock.call_at(10, world.note("third"));
      world.clock.call_at(12, world.note("fourth"));
      world.clock.call_at(3, world.note("past"));
      world.note("first")();
    });
    world.clock.call_at(10, world.note("second"));
    world.settle();
    CHECK(world.notes == Notes{"first@10", "second@10", "third@10", "past@10", "fourth@12"});
  });
}

TEST_CASE("clock: a cancelled callback does not run, wherever it is cancelled") {
  in_child([] {
    ClockWorld world;
    const auto outside = world.clock.call_at(10, world.note("outside"));
    host::TimerId same_time = host::no_timer;
    host::TimerId later = host::no_timer;
    host::TimerId itself = host::no_timer;
    itself = world.clock.call_at(20, [&] {
      world.clock.cancel(same_time);
      world.clock.cancel(later);
      world.clock.cancel(itself);
      world.note("canceller")();
      const auto fresh = world.clock.call_at(20, world.note("fresh"));
      world.clock.cancel(fresh);
      world.clock.cancel(fresh);
    });
    same_time = world.clock.call_at(20, world.note("same time"));
    later = world.clock.call_at(30, world.note("later"));
    world.clock.call_at(25, world.note("kept"));
    world.clock.cancel(outside);
    world.settle();
    CHECK(world.notes == Notes{"canceller@20", "kept@25"});
    // Time does not go on for what was cancelled.
    CHECK(sc_core::sc_time_stamp().value() == 25'000);
  });
}

TEST_CASE("clock: nothing is left of timers that were cancelled before the simulation goes on") {
  in_child([] {
    ClockWorld world;
    const auto timer = world.clock.call_at(1'000, world.note("cancelled"));
    world.clock.cancel(timer);
    world.settle();
    CHECK(world.notes.empty());
    CHECK(sc_core::sc_time_stamp().value() == 0);
  });
}

TEST_CASE("clock: a timer after the last one was cancelled, and later than that, runs") {
  in_child([] {
    ClockWorld world;
    const auto timer = world.clock.call_at(10, world.note("cancelled"));
    world.clock.cancel(timer);
    world.clock.call_at(20, world.note("runs"));
    world.settle();
    CHECK(world.notes == Notes{"runs@20"});
  });
}

TEST_CASE("clock: those that are left of many run in order") {
  in_child([] {
    ClockWorld world;
    Random random(23);
    std::vector<std::uint64_t> ran;
    std::size_t kept = 0;
    for (int i = 0; i < 5000; ++i) {
      const std::uint64_t at = random.between(1, 1'000'000);
      const auto timer = world.clock.call_at(at, [&ran, at] { ran.push_back(at); });
      if (i % 10 != 0)
        world.clock.cancel(timer);
      else
        ++kept;
    }
    world.settle();
    CHECK(ran.size() == kept);
    CHECK(std::is_sorted(ran.begin(), ran.end()));
  });
}

TEST_CASE("clock: old and made-up identifiers cancel nothing") {
  in_child([] {
    ClockWorld world;
    const auto first = world.clock.call_at(1, world.note("first"));
    CHECK(first != host::no_timer);
    world.settle();
    const auto second = world.clock.call_at(5, world.note("second"));
    CHECK(second != first);
    world.clock.cancel(first);
    world.clock.cancel(host::no_timer);
    world.clock.cancel(~host::TimerId{0});
    world.clock.cancel(second + 1);
    world.settle();
    CHECK(world.notes == Notes{"first@1", "second@5"});
  });
}

TEST_CASE("clock: what a cancelled callback holds is let go at once") {
  in_child([] {
    ClockWorld world;
    auto held = std::make_shared<int>(1);
    const auto timer = world.clock.call_at(5, [held] {});
    CHECK(held.use_count() == 2);
    world.clock.cancel(timer);
    CHECK(held.use_count() == 1);
  });
}

TEST_CASE("clock: times past the end of simulated time") {
  in_child([] {
    ClockWorld world;
    world.clock.call_at(~std::uint64_t{0}, world.note("never"));
    world.clock.call_at(~std::uint64_t{0} / 1000 + 1, world.note("never"));
    world.clock.call_at(7, world.note("soon"));
    world.settle();
    CHECK(world.notes == Notes{"soon@7"});
    CHECK(world.clock.timers() == 2);
  });
}

TEST_CASE("clock: timers of one time share one event, and a cancelled one costs none") {
  in_child([] {
    ClockWorld world;
    std::size_t calls = 0;
    for (int i = 0; i < 1000; ++i) world.clock.call_at(100, [&] { ++calls; });
    const auto before = sc_core::sc_delta_count();
    // TCP's way: a timer that is set and taken back for every segment.
    for (int i = 0; i < 200'000; ++i)
      world.clock.cancel(world.clock.call_at(200'000'000 + static_cast<std::uint64_t>(i), [] {}));
    world.settle();
    CHECK(calls == 1000);
    CHECK(sc_core::sc_delta_count() - before == 1);
    CHECK(sc_core::sc_time_stamp().value() == 100'000);
  });
}

TEST_CASE("clock: any calls, against an ordered map") {
  in_child([] {
    ClockWorld world;
    Random random(17);
    std::map<std::pair<std::uint64_t, int>, int> expected;  // time and order of the call -> number
    std::vector<std::pair<host::TimerId, std::pair<std::uint64_t, int>>> timers;
    int calls = 0;
    int ran = 0;
    const std::function<void()> act = [&] {
      for (std::uint64_t n = random.between(0, 3); n > 0 && calls < 50'000; --n) {
        const std::uint64_t at =
            std::max(world.clock.now_ns(), world.clock.now_ns() + random.between(0, 40) - 3);
        const std::pair<std::uint64_t, int> key{at, ++calls};
        expected[key] = calls;
        timers.emplace_back(world.clock.call_at(at,
                                                [&, key] {
                                                  CHECK(world.clock.now_ns() == key.first);
                                                  REQUIRE(!expected.empty());
                                                  CHECK(expected.begin()->first == key);
                                                  expected.erase(key);
                                                  ++ran;
                                                  act();
                                                }),
                            key);
      }
      if (random.chance(0.3) && !timers.empty()) {
        const auto& [timer, key] = timers[random.between(0, timers.size() - 1)];
        world.clock.cancel(timer);
        expected.erase(key);
      }
    };
    while (calls < 50'000) {
      act();
      world.run_ps(random.between(0, 30'000));
    }
    world.settle();
    CHECK(expected.empty());
    CHECK(world.clock.timers() == 0);
    CHECK(ran > 30'000);
    CHECK(ran < calls);
  });
}
