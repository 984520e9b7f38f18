// Marks and fences: what may share a segment (facts 1.4, 1.7, 1.9).
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "host_stack/netdev/tls_dev.h"
#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {
namespace {

netdev::TxPiece piece(const std::vector<std::uint8_t>& bytes) {
  std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), owner.get());
  const std::uint8_t* data = owner.get();
  return {std::move(owner), data, static_cast<std::uint32_t>(bytes.size())};
}

std::uint32_t size_of(const std::vector<netdev::TxPiece>& pieces) {
  std::uint32_t size = 0;
  for (const netdev::TxPiece& p : pieces) size += p.size;
  return size;
}

TEST_CASE("A run ends at a fence, at a change of mark, and after so many pieces") {
  SendQueue queue(3);
  queue.append(piece(pattern(100)), false);
  queue.append(piece(pattern(50)), true);
  queue.fence();
  queue.append(piece(pattern(10)), true);
  for (int i = 0; i < 4; ++i) queue.append(piece(pattern(5)), true);
  CHECK(queue.end() == 181);
  const auto run = [&](std::uint64_t from, std::uint32_t max) {
    const SendQueue::Run r = queue.run(from, max);
    return std::tuple(r.size, r.decrypted, r.closed);
  };
  CHECK(run(1, 1000) == std::tuple(100u, false, true));
  CHECK(run(51, 30) == std::tuple(30u, false, false));
  CHECK(run(101, 1000) == std::tuple(50u, true, true));
  CHECK(run(151, 1000) == std::tuple(20u, true, true));
  CHECK(run(166, 1000) == std::tuple(15u, true, false));
  CHECK(run(181, 1000) == std::tuple(0u, false, false));
  std::vector<netdev::TxPiece> pieces;
  queue.cut(155, 14, pieces);
  REQUIRE(pieces.size() == 3);
  CHECK(size_of(pieces) == 14);
  CHECK(pieces[0].size == 6);
}

TEST_CASE("Pieces that follow one another in memory become one") {
  const netdev::TxPiece all = piece(pattern(300));
  SendQueue queue(17);
  for (std::uint32_t at = 0; at < 300; at += 3) queue.append({all.owner, all.data + at, 3}, false);
  std::vector<netdev::TxPiece> pieces;
  queue.cut(1, 300, pieces);
  REQUIRE(pieces.size() == 1);
  CHECK(pieces[0].data == all.data);
}

TEST_CASE("What is acknowledged is let go of") {
  netdev::TxPiece first = piece(pattern(100));
  const std::weak_ptr<const std::uint8_t[]> watch = first.owner;
  SendQueue queue(17);
  queue.append(std::move(first), false);
  queue.append(piece(pattern(100)), false);
  queue.release(100);
  CHECK_FALSE(watch.expired());
  queue.release(101);
  CHECK(watch.expired());
  CHECK(queue.size() == 100);
}

TEST_CASE("No segment, a retransmission neither, mixes marks or crosses a fence") {
  const bool ok = rc::check([](std::uint32_t seed) {
    TcpSettings settings;
    settings.tso = *rc::gen::arbitrary<bool>();
    settings.max_pieces = *rc::gen::inRange(1u, 18u);
    settings.retries = 1000;
    World world(settings, settings);
    world.connect();
    world.client.keep_segments = true;
    std::mt19937 random(seed);
    const int loss = *rc::gen::inRange(0, 20);
    world.fate = [&](const WireFrame&) -> std::vector<std::uint64_t> {
      if (static_cast<int>(random() % 100) < loss) return {};
      return {world.delay_ns + random() % (2 * ns_per_ms)};
    };
    std::vector<bool> marks;
    std::set<std::size_t> fences;
    std::vector<std::uint8_t> sent;
    const int writes = *rc::gen::inRange(1, 60);
    for (int i = 0; i < writes; ++i) {
      if (random() % 4 == 0) {
        world.client.tcp().fence();
        fences.insert(sent.size());
      }
      const bool mark = random() % 2 == 0;
      const auto bytes = pattern(1 + random() % 6000, static_cast<std::uint32_t>(random() % 1000));
      RC_ASSERT(world.client.tcp().send(piece(bytes), {mark, random() % 3 == 0}) == bytes.size());
      sent.insert(sent.end(), bytes.begin(), bytes.end());
      marks.insert(marks.end(), bytes.size(), mark);
      if (random() % 3 == 0) world.clock.run_until(world.clock.now_ns() + 3 * ns_per_ms);
    }
    world.client.tcp().close();
    RC_ASSERT(world.clock.run());
    RC_ASSERT((world.server.received == sent));
    for (const netdev::TxSkb& skb : world.client.segments) {
      if (skb.payload_size == 0) continue;
      const std::size_t start = skb.sequence - settings.initial_sequence - 1;
      const std::size_t end = start + skb.payload_size;
      RC_ASSERT(size_of(skb.payload) == skb.payload_size);
      RC_ASSERT(skb.payload.size() <= settings.max_pieces);
      const auto fence = fences.upper_bound(start);
      RC_ASSERT((fence == fences.end() || *fence >= end));
      for (std::size_t at = start; at < end; ++at) RC_ASSERT(marks[at] == skb.decrypted);
      std::size_t at = start;
      for (const netdev::TxPiece& p : skb.payload) {
        RC_ASSERT(
            std::equal(p.data, p.data + p.size, sent.begin() + static_cast<std::ptrdiff_t>(at)));
        at += p.size;
      }
    }
  });
  CHECK(ok);
}

TEST_CASE("Segments name the connection, say where they start, and have a frame size only if cut") {
  World world;
  netdev::TlsConnection connection;
  world.connect();
  world.client.tcp().set_tls_connection(&connection);
  const auto first = world.client.segments.size();
  world.client.write(pattern(5000));
  const netdev::TxSkb& large = world.client.segments.at(first);
  CHECK(large.connection == &connection);
  CHECK(large.sequence == world.client_settings.initial_sequence + 1);
  CHECK(large.payload_size == 5000);
  CHECK(large.gso_size == 1448);
  CHECK_FALSE(large.decrypted);
  world.clock.run_until(ns_per_s);
  world.client.write(pattern(1448));
  CHECK(world.client.segments.back().gso_size == 0);
}

}  // namespace
}  // namespace tlsnic::host::test
