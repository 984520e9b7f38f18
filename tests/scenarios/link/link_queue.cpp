// When frames are on the link, against numbers worked out by hand and a slow model.
#include "scenarios/link/link_queue.h"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

using namespace tlsnic;
using namespace tlsnic::scenarios;
using hw::Picoseconds;

TEST_CASE("a link that is no slower than the chip adds nothing") {
  CHECK(rc::check("any frames that one chip can send", [] {
    const auto chip = *rc::gen::inRange<Picoseconds>(0, 1000);
    const auto link = *rc::gen::inRange<Picoseconds>(0, chip + 1);
    LinkQueue queue(link, chip, 0);
    Picoseconds now = 0;
    for (int i = 0; i < 50; ++i) {
      const auto bytes = *rc::gen::inRange<std::size_t>(0, 2000);
      now += bytes * chip + *rc::gen::element<Picoseconds>(0, 0, 77);
      RC_ASSERT(queue.pass(now, bytes) == now);
    }
    RC_ASSERT(queue.most_waiting() == 0);
  }));
}

TEST_CASE("a link that is slower takes its time for every frame") {
  // The chip needs 100 ns for a frame of 1000 bytes, the link 1 us.
  LinkQueue queue(1000, 100, 10);
  CHECK(queue.pass(1'000'000, 1000) == 1'900'000);  // the first bit came at 900'000
  CHECK(queue.pass(1'100'000, 1000) == 2'900'000);
  CHECK(queue.pass(1'200'000, 500) == 3'400'000);
  CHECK(queue.most_waiting() == 2);
  // Idle again: from the first bit on.
  CHECK(queue.pass(9'000'000, 1000) == 9'900'000);
  CHECK(queue.most_waiting() == 2);
}

TEST_CASE("what comes when the queue is full does not get onto the link") {
  LinkQueue queue(1000, 0, 2);
  const auto at_once = [&] { return queue.pass(5000, 1); };
  CHECK(at_once() == 6000);  // is being sent
  CHECK(at_once() == 7000);
  CHECK(at_once() == 8000);
  CHECK_FALSE(at_once());
  CHECK_FALSE(at_once());
  CHECK(queue.most_waiting() == 2);
  CHECK_FALSE(queue.pass(5999, 1));
  CHECK(queue.pass(6000, 1) == 9000);  // the second has begun
  CHECK_FALSE(queue.pass(6000, 1));
  CHECK(queue.pass(20'000, 1) == 21'000);
}

TEST_CASE("without a queue only what finds the link idle gets onto it") {
  LinkQueue queue(1000, 0, 0);
  CHECK(queue.pass(0, 2) == 2000);
  CHECK_FALSE(queue.pass(1999, 1));
  CHECK(queue.pass(2000, 1) == 3000);
  CHECK(queue.most_waiting() == 0);
}

TEST_CASE("the queue is one that serves one frame after the other") {
  CHECK(rc::check("against a model that looks at all frames", [] {
    const auto link = *rc::gen::inRange<Picoseconds>(1, 50);
    const auto capacity = *rc::gen::inRange<std::uint32_t>(0, 6);
    LinkQueue queue(link, 0, capacity);
    struct Sent {
      Picoseconds start;
      Picoseconds end;
    };
    std::vector<Sent> all;
    Picoseconds now = 0;
    std::size_t most = 0;
    for (int i = 0; i < 100; ++i) {
      now += *rc::gen::inRange<Picoseconds>(0, 100);
      const auto bytes = *rc::gen::inRange<std::size_t>(1, 5);
      std::size_t waiting = 0;
      for (const Sent& sent : all) waiting += sent.start > now ? 1 : 0;
      const bool idle = all.empty() || all.back().end <= now;
      const auto end = queue.pass(now, bytes);
      RC_ASSERT(end.has_value() == (idle || waiting < capacity));
      if (!end) continue;
      const Picoseconds start = idle ? now : all.back().end;
      RC_ASSERT(*end == start + bytes * link);
      all.push_back({start, *end});
      if (!idle) most = std::max(most, waiting + 1);
    }
    RC_ASSERT(queue.most_waiting() == most);
  }));
}
