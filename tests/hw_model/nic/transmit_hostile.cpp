// The transmit ring of a driver that lies: nothing but completions is written, nothing leaves that
// no proper operation asked for, and after a reset the chip works.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/hw_model/tls/tx_bench.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

constexpr std::uint64_t memory_end = HostMemory::base + HostMemory::size;
constexpr unsigned whole = TLSNIC_TX_FIRST | TLSNIC_TX_LAST;

void works_after_all(Bench& bench) {
  bench.write32(TLSNIC_DB_CONTROL, 0);
  bench.bring_up();
  bench.sent.clear();
  TestConnection connection;
  const TxStream stream(connection.keys, {500});
  bench.install_tx(connection);
  CHECK(bench.transmit(unfinished_packet(connection.start, stream.plain), TLSNIC_TX_TLS).status ==
        TLSNIC_TX_OK);
  REQUIRE(bench.sent.size() == 1);
  const Buffer& frame = bench.sent[0].bytes;
  CHECK(stream.is_wire(0, Buffer(frame.begin() + 54, frame.end())));
  CHECK(bench.memory.stray_writes == 0);
}

}  // namespace

TEST_CASE("addresses outside of memory and impossible lengths fail their own operation only") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    TestConnection connection;
    bench.install_tx(connection);
    const Buffer good = arp_frame(9, 200);
    const std::uint64_t address = bench.put(good);
    const auto status = [&](const tlsnic_tx_descriptor& descriptor) {
      bench.sent.clear();
      const auto done = bench.transmit(descriptor);
      CHECK(done.frames == 0);
      CHECK(bench.sent.empty());
      CHECK(bench.transmit(good, 0).status == TLSNIC_TX_OK);
      CHECK((bench.sent.at(0).bytes == good));
      return done.status;
    };
    for (const std::uint64_t wrong : {std::uint64_t{0}, HostMemory::base - 1, memory_end - 99,
                                      ~std::uint64_t{0}, ~std::uint64_t{0} - 98}) {
      CHECK(status(tx_fragment(wrong, 100, whole)) == TLSNIC_TX_BAD_ADDRESS);
      CHECK(status(tx_dump(0, connection.start, wrong, 100)) == TLSNIC_TX_BAD_ADDRESS);
    }
    for (const std::uint32_t length : {0u, 1u, 13u, TLSNIC_TX_MAX_PACKET + 1, 0x80000000u, ~0u})
      CHECK(status(tx_fragment(address, length, whole)) == TLSNIC_TX_BAD_LENGTH);
    for (const std::uint32_t length : {0u, TLSNIC_TX_MAX_DUMP + 1, ~0u})
      CHECK(status(tx_dump(0, connection.start, address, length)) == TLSNIC_TX_BAD_LENGTH);
    for (const unsigned opcode : {0u, 6u, 255u})
      CHECK(status(tx_operation(opcode)) == TLSNIC_TX_BAD_DESCRIPTOR);
    for (const std::uint32_t context : {1u, 1u << 20, ~0u}) {
      CHECK(status(tx_dump(context, 1, address, 100)) == TLSNIC_TX_NO_CONTEXT);
      CHECK(status(tx_static_params(context, 0, connection.keys)) == TLSNIC_TX_NO_CONTEXT);
      CHECK(status(tx_progress_params(context, 1, 1)) == TLSNIC_TX_NO_CONTEXT);
    }
    CHECK(status(tx_static_params(0, ~0u, connection.keys)) == TLSNIC_TX_NO_KEY);
    works_after_all(bench);
  });
}

TEST_CASE("a packet without end is bounded, and ends with LAST, another operation or a reset") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const std::uint64_t address = bench.put(Buffer(65536));
    for (int i = 0; i < 20; ++i)
      bench.post_tx(tx_fragment(address, 60000, i == 0 ? TLSNIC_TX_FIRST : 0));
    bench.ring_tx_producer();
    bench.settle();
    CHECK_FALSE(bench.poll_tx());
    bench.post_tx(tx_fragment(address, 60, TLSNIC_TX_LAST));
    bench.ring_tx_producer();
    bench.settle();
    const auto done = bench.poll_tx();
    REQUIRE(done.has_value());
    CHECK(done->status == TLSNIC_TX_BAD_LENGTH);
    CHECK(done->descriptors == 21);
    CHECK(bench.sent.empty());

    bench.post_tx(tx_fragment(address, 60, TLSNIC_TX_FIRST));
    const auto interrupting = bench.transmit(tx_operation(TLSNIC_TX_OP_NOP));
    CHECK(interrupting.status == TLSNIC_TX_BAD_DESCRIPTOR);
    CHECK(interrupting.descriptors == 2);

    // More fragments than the ring has: nobody can end it.
    for (std::uint32_t i = 0; i < bench.sizes.tx_descriptors; ++i)
      bench.post_tx(tx_fragment(address, 1, i == 0 ? TLSNIC_TX_FIRST : 0));
    bench.ring_tx_producer();
    bench.settle();
    bench.post_tx(tx_fragment(address, 60, TLSNIC_TX_LAST));
    bench.ring_tx_producer();
    bench.settle();
    CHECK_FALSE(bench.poll_tx());
    CHECK(bench.sent.empty());
    works_after_all(bench);
  });
}

TEST_CASE("transmit producers that jump are not followed") {
  in_child([] {
    Bench bench;
    RingSizes sizes;
    sizes.tx_descriptors = sizes.tx_completions = 16;
    bench.bring_up(sizes);
    for (const std::uint32_t jump : {17u, 18u, 1000u, 65536u, 0x7fffffffu, 0x80000000u, ~0u})
      bench.write32(TLSNIC_DB_TX_PRODUCER, jump);
    bench.settle();
    CHECK_FALSE(bench.poll_tx());
    for (int i = 0; i < 10; ++i) bench.post_packet(arp_frame(1), 0);
    bench.ring_tx_producer();
    for (std::uint32_t producer = 0; producer < 10; ++producer)
      bench.write32(TLSNIC_DB_TX_PRODUCER, producer);
    // Slots of operations that have no completion yet are the chip's.
    for (std::uint32_t producer = 17; producer < 30; ++producer)
      bench.write32(TLSNIC_DB_TX_PRODUCER, producer);
    bench.settle();
    CHECK(bench.sent.size() == 10);
    const std::uint64_t reads = bench.memory.reads;
    for (std::uint32_t producer = 0; producer < 10; ++producer)
      bench.write32(TLSNIC_DB_TX_PRODUCER, producer);
    bench.settle();
    CHECK(bench.memory.reads == reads);
    CHECK(bench.sent.size() == 10);
    works_after_all(bench);
  });
}

TEST_CASE("transmit rings outside of memory: nothing leaves, the chip comes to rest") {
  for (const std::uint64_t address :
       {std::uint64_t{0}, HostMemory::base - 16, memory_end - 16, ~std::uint64_t{0} - 15}) {
    for (const std::uint32_t which : {TLSNIC_REG_TX_RING_ADDRESS, TLSNIC_REG_TX_CQ_ADDRESS}) {
      in_child([&] {
        Bench bench;
        bench.set_up_rings();
        bench.write64(which, address);
        if (which == TLSNIC_REG_TX_CQ_ADDRESS) bench.memory.name(address, 64 * 32);
        bench.write32(TLSNIC_DB_CONTROL, 1);
        for (int i = 0; i < 64; ++i) bench.post_packet(arp_frame(1), 0);
        bench.ring_tx_producer();
        bench.arm_tx();
        bench.settle();
        CHECK(bench.memory.refused > 0);
        CHECK(bench.memory.stray_writes == 0);
        CHECK(bench.sent.size() == (which == TLSNIC_REG_TX_CQ_ADDRESS ? 64 : 0));
        works_after_all(bench);
      });
    }
  }
}
