#include "host_stack/tcp/receive_queue.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <optional>

#include "tests/host_stack/fake_nic.h"

namespace tlsnic::host {
namespace {

// Every byte carries the number of the segment that brought it, so that copies can be told apart.
struct Arrival {
  std::uint64_t start;
  std::vector<std::uint8_t> bytes;
  bool marked;
};

bool arrive(ReceiveQueue& queue, std::uint32_t first_sequence, const Arrival& arrival,
            std::uint8_t flags = tcp_ack) {
  netdev::SkBuff skb =
      test::frame(test::test_tuple(), first_sequence + static_cast<std::uint32_t>(arrival.start),
                  arrival.bytes, flags, arrival.marked);
  const ParsedFrame parsed = parse_frame(skb.frame());
  return queue.receive(std::move(skb), parsed);
}

// The simplest receiver there is: one slot per byte, the first copy stays.
struct Model {
  struct Byte {
    std::uint8_t value;
    bool marked;
  };
  std::vector<std::optional<Byte>> bytes = std::vector<std::optional<Byte>>(400);
  std::size_t read = 0;
  std::size_t highest = 0;

  void receive(const Arrival& arrival) {
    for (std::size_t i = 0; i < arrival.bytes.size(); ++i)
      if (auto& slot = bytes[arrival.start + i]; !slot)
        slot = Byte{arrival.bytes[i], arrival.marked};
    highest = std::max(highest, arrival.start + arrival.bytes.size());
  }
  std::size_t next() const {
    std::size_t n = 0;
    while (n < bytes.size() && bytes[n]) ++n;
    return n;
  }
};

TEST_CASE("The queue holds what a byte-by-byte model holds") {
  const bool ok = rc::check([](std::uint32_t first_sequence) {
    ReceiveQueue queue(first_sequence - 1);
    Model model;
    std::uint64_t received = 0;
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      Arrival arrival{*rc::gen::inRange<std::uint64_t>(0, 300),
                      std::vector<std::uint8_t>(*rc::gen::inRange<std::size_t>(0, 80),
                                                static_cast<std::uint8_t>(step)),
                      *rc::gen::arbitrary<bool>()};
      received += arrival.bytes.size();
      arrive(queue, first_sequence, arrival);
      model.receive(arrival);

      RC_ASSERT(queue.rcv_nxt_offset() == model.next());
      RC_ASSERT(queue.rcv_nxt() == first_sequence + static_cast<std::uint32_t>(model.next()));
      RC_ASSERT(queue.available() == model.next() - model.read);
      RC_ASSERT(queue.hole().has_value() == (model.highest > model.next()));
      std::vector<Piece> pieces;
      queue.pieces(queue.available(), pieces);
      std::size_t at = model.read;
      for (const Piece& piece : pieces) {
        for (const std::uint8_t value : piece.bytes) {
          RC_ASSERT(value == model.bytes[at]->value);
          RC_ASSERT(piece.decrypted == model.bytes[at]->marked);
          ++at;
        }
      }
      RC_ASSERT(at == model.next());
      const std::size_t n = *rc::gen::inRange<std::size_t>(0, queue.available() + 1);
      queue.consume(n);
      model.read += n;
      RC_ASSERT(queue.copied_seq() == first_sequence + static_cast<std::uint32_t>(model.read));
    }
    std::uint64_t distinct = 0;
    for (const auto& slot : model.bytes) distinct += slot ? 1 : 0;
    RC_ASSERT(received - distinct == queue.statistics().duplicate_bytes);
  });
  REQUIRE(ok);
}

TEST_CASE("Sequence numbers wrap, offsets do not") {
  const std::uint32_t first = 0xffff'fff0;
  ReceiveQueue queue(first - 1);
  REQUIRE(arrive(queue, first, {0, std::vector<std::uint8_t>(10, 1), false}));
  REQUIRE_FALSE(arrive(queue, first, {20, std::vector<std::uint8_t>(10, 3), false}));
  REQUIRE(queue.hole() == 10);
  REQUIRE(arrive(queue, first, {10, std::vector<std::uint8_t>(10, 2), false}));
  REQUIRE(queue.rcv_nxt() == 14);
  REQUIRE(queue.rcv_nxt_offset() == 30);
  REQUIRE_FALSE(queue.hole());
  REQUIRE_FALSE(arrive(queue, first, {5, std::vector<std::uint8_t>(3, 9), false}));
  REQUIRE(queue.statistics().duplicate_bytes == 3);
}

TEST_CASE("Out-of-order data is bounded, in-order data is not") {
  constexpr std::size_t page = netdev::DmaMemory::page_size;
  ReceiveQueue queue(0, 3 * page);
  for (std::uint64_t i = 1; i <= 4; ++i)
    arrive(queue, 1, {i * 100, std::vector<std::uint8_t>(100, 1), false});
  REQUIRE(queue.out_of_order_memory() == 3 * page);
  REQUIRE(queue.statistics().over_rcvbuf_bytes == 100);
  REQUIRE(queue.cut());
  REQUIRE(queue.hole() == 0);
  // Fills the hole and reaches beyond: all of it is in order.
  arrive(queue, 1, {0, std::vector<std::uint8_t>(450, 2), false});
  REQUIRE(queue.rcv_nxt_offset() == 450);
  REQUIRE(queue.out_of_order_memory() == 0);
  // What was dropped would have ended at 500.
  REQUIRE(queue.hole() == 450);
  for (std::uint64_t i = 0; i < 20; ++i)
    arrive(queue, 1, {450 + i * 100, std::vector<std::uint8_t>(100, 1), false});
  REQUIRE(queue.available() == 2450);
}

TEST_CASE("Pieces of consumed bytes live until the next consume") {
  netdev::DmaMemory memory(64 * netdev::DmaMemory::page_size);
  ReceiveQueue queue(0);
  for (std::uint32_t i = 0; i < 3; ++i) {
    netdev::SkBuff made =
        test::frame(test::test_tuple(), 1 + i * 10, std::vector<std::uint8_t>(10, 7));
    const netdev::DmaAddress page = memory.allocate_page().value();
    std::memcpy(memory.at(page, made.length).data(), made.buffer.data(), made.length);
    netdev::SkBuff skb;
    skb.buffer = netdev::PacketBuffer(memory, page);
    skb.length = made.length;
    const ParsedFrame parsed = parse_frame(skb.frame());
    queue.receive(std::move(skb), parsed);
  }
  std::vector<Piece> pieces;
  queue.pieces(15, pieces);
  queue.consume(15);
  REQUIRE(memory.pages_in_use() == 3);
  REQUIRE(pieces.size() == 2);
  REQUIRE(pieces[1].bytes.size() == 5);
  REQUIRE(pieces[0].bytes[9] == 7);
  queue.discard();
  REQUIRE(pieces[1].bytes[4] == 7);
  REQUIRE(queue.available() == 0);
  queue.consume(0);
  REQUIRE(memory.pages_in_use() == 0);
}

TEST_CASE("SYN and FIN take a sequence number each") {
  ReceiveQueue queue(99);
  REQUIRE(arrive(queue, 100, {std::uint64_t(-1), {1, 2, 3}, false}, tcp_syn));
  REQUIRE(queue.rcv_nxt() == 103);
  REQUIRE_FALSE(arrive(queue, 100, {5, {}, false}, tcp_fin | tcp_ack));
  REQUIRE_FALSE(queue.fin_reached());
  REQUIRE(queue.hole() == 3);
  REQUIRE(arrive(queue, 100, {3, {4, 5}, false}));
  REQUIRE(queue.fin_reached());
  REQUIRE_FALSE(queue.hole());
  REQUIRE_FALSE(arrive(queue, 100, {5, {6}, false}));
  REQUIRE(queue.available() == 5);
  REQUIRE(queue.statistics().unwanted_bytes == 1);
}

}  // namespace
}  // namespace tlsnic::host
