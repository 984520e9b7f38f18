// The parts by themselves, and what a hostile peer could send them.
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {
namespace {

TEST_CASE("what is taken out of a range set leaves the rest") {
  const bool holds = rc::check([](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& calls) {
    RangeSet set(4096);
    std::set<std::uint64_t> model;
    bool add = true;
    for (const auto& [a, b] : calls) {
      const Range range{std::min(a, b), std::max(a, b)};
      if (add)
        set.add(range);
      else
        set.remove(range);
      for (std::uint64_t i = range.start; i < range.end; ++i)
        if (add)
          model.insert(i);
        else
          model.erase(i);
      add = !add;
      RC_ASSERT(set.bytes() == model.size());
    }
    for (std::uint64_t i = 0; i < 256; ++i)
      RC_ASSERT(set.find(i).has_value() == (model.count(i) > 0));
  });
  CHECK(holds);
}

TEST_CASE("Options are what the RFCs print") {
  TcpOptions syn;
  syn.mss = 1460;
  syn.sack_permitted = true;
  syn.timestamps = Timestamps{0x01020304, 0x05060708};
  syn.window_scale = 7;
  EncodedOptions out;
  const std::size_t size = write_options(syn, out);
  // As in the SYN of any Linux machine.
  const std::vector<std::uint8_t> expected{2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2,
                                           3, 4, 5, 6,    7, 8, 1, 3,  3, 7};
  CHECK(std::vector<std::uint8_t>(out.begin(), out.begin() + size) == expected);

  TcpOptions ack;
  ack.timestamps = Timestamps{1, 2};
  ack.sack[0] = {10, 20};
  ack.sack_count = 1;
  CHECK(write_options(ack, out) == 24);
  CHECK(write_options({}, out) == 0);
}

TEST_CASE("Options that are written are read") {
  const bool ok = rc::check([](std::uint32_t a, std::uint32_t b, std::uint16_t mss) {
    TcpOptions in;
    if (*rc::gen::arbitrary<bool>()) in.mss = mss;
    if (*rc::gen::arbitrary<bool>()) in.timestamps = Timestamps{a, b};
    in.sack_permitted = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>())
      in.window_scale = static_cast<std::uint8_t>(*rc::gen::inRange(0, 15));
    const bool room = !in.mss && !in.window_scale && !in.sack_permitted;
    in.sack_count = room ? *rc::gen::inRange<std::size_t>(0, in.timestamps ? 4 : 5) : 0;
    for (std::size_t i = 0; i < in.sack_count; ++i)
      in.sack[i] = {a + static_cast<std::uint32_t>(i), b};
    EncodedOptions bytes;
    const std::size_t size = write_options(in, bytes);
    RC_ASSERT(size % 4 == 0);
    const TcpOptions out = read_options(Bytes(bytes).first(size));
    RC_ASSERT(out.mss == in.mss);
    RC_ASSERT(out.window_scale == in.window_scale);
    RC_ASSERT(out.sack_permitted == in.sack_permitted);
    RC_ASSERT(out.timestamps.has_value() == in.timestamps.has_value());
    if (in.timestamps) RC_ASSERT(out.timestamps->echo == b);
    RC_ASSERT(out.sack_count == in.sack_count);
    for (std::size_t i = 0; i < in.sack_count; ++i) RC_ASSERT(out.sack[i].left == in.sack[i].left);
  });
  CHECK(ok);
}

TEST_CASE("A range set holds what a bit per offset holds") {
  const bool ok = rc::check([] {
    RangeSet set(1000);
    std::vector<bool> model(200);
    std::size_t below = 0;
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      const auto start = *rc::gen::inRange<std::size_t>(below, 200);
      const auto end = std::min<std::size_t>(200, start + *rc::gen::inRange<std::size_t>(0, 30));
      std::uint64_t fresh = 0;
      std::uint64_t lowest = 0;
      for (std::size_t i = start; i < end; ++i) {
        if (!model[i] && fresh++ == 0) lowest = i;
        model[i] = true;
      }
      const RangeSet::Added added = set.add({start, end});
      RC_ASSERT(added.bytes == fresh);
      if (fresh > 0) RC_ASSERT(added.lowest == lowest);
      if (*rc::gen::inRange(0, 8) == 0) {
        below = *rc::gen::inRange<std::size_t>(below, std::min<std::size_t>(200, below + 40));
        set.remove_below(below);
        std::fill(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(below), false);
      }
      std::uint64_t count = 0;
      const auto probe = *rc::gen::inRange<std::size_t>(0, 200);
      std::uint64_t count_below = 0;
      for (std::size_t i = 0; i < 200; ++i) {
        count += model[i];
        count_below += i < probe && model[i];
      }
      RC_ASSERT(set.bytes() == count);
      RC_ASSERT(set.bytes_below(probe) == count_below);
      RC_ASSERT(set.find(probe).has_value() == model[probe]);
      std::size_t gap = probe;
      while (gap < 200 && model[gap]) ++gap;
      const auto found = set.gap(probe, 200);
      RC_ASSERT(found.has_value() == (gap < 200));
      if (found) {
        RC_ASSERT(found->start == gap);
        while (gap < 200 && !model[gap]) ++gap;
        RC_ASSERT(found->end == gap);
      }
    }
  });
  CHECK(ok);
}

TEST_CASE("A range set stays as small as it was told") {
  RangeSet set(10);
  for (std::uint64_t i = 0; i < 1000; ++i) set.add({4 * i, 4 * i + 1});
  CHECK(set.ranges().size() == 10);
  CHECK(set.add({1, 4}).bytes == 3);
}

TEST_CASE("An old duplicate is told by its timestamp (PAWS)") {
  World world;
  world.connect();
  world.client.write(pattern(100));
  world.clock.run_until(100 * ns_per_ms);
  const WireFrame data = world.wire[3];
  REQUIRE(data.length == 100);
  world.client.write(pattern(100, 2));
  world.clock.run_until(200 * ns_per_ms);
  // The same again, as if 2^32 bytes later: next in sequence, but with the old timestamp.
  std::vector<std::uint8_t> old = data.bytes;
  const ParsedFrame parsed = parse_frame(old);
  store_be32(old.data() + parsed.l4_offset + 4, parsed.sequence + 200);
  world.inject(Side::server, old);
  CHECK(world.server.tcp().statistics().paws_drops == 1);
  CHECK(world.server.received.size() == 200);
}

// Every frame that the link carries comes with a damaged copy: TCP has no checksum to tell, since
// that was checked below. The connection may break, nothing else may.
TEST_CASE("Nonsense in headers breaks at most the connection") {
  const bool ok = rc::check([](std::uint32_t seed) {
    TcpSettings settings;
    settings.retries = 5;
    settings.sack = *rc::gen::arbitrary<bool>();
    settings.timestamps = *rc::gen::arbitrary<bool>();
    World world(settings, settings);
    std::mt19937 random(seed);
    world.fate = [&](const WireFrame& frame) -> std::vector<std::uint64_t> {
      auto bytes = std::make_shared<std::vector<std::uint8_t>>(frame.bytes);
      const ParsedFrame parsed = parse_frame(*bytes);
      const int changes = 1 + static_cast<int>(random() % 4);
      for (int i = 0; i < changes; ++i) {
        const std::size_t header = parsed.payload_offset - parsed.l4_offset - 4;
        std::uint8_t& byte = (*bytes)[parsed.l4_offset + 4 + random() % header];
        byte = static_cast<std::uint8_t>(random() % 2 ? random() : byte + random() % 3 - 1);
      }
      world.clock.call_at(
          world.clock.now_ns() + 5 * ns_per_ms + random() % ns_per_ms,
          [&world, bytes, from = frame.from] { world.inject(testing::other(from), *bytes); });
      if (random() % 10 == 0) return {};
      return {world.delay_ns};
    };
    world.server.tcp().listen();
    world.client.tcp().connect();
    world.client.write(pattern(100'000));
    world.server.write(pattern(50'000));
    world.client.close_after_writing();
    world.clock.run(20'000);
    RC_ASSERT(world.client.tcp().sender().una() <= world.client.tcp().sender().nxt());
  });
  CHECK(ok);
}

}  // namespace
}  // namespace tlsnic::host::test
