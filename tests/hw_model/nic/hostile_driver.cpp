// Every address, length and index is the driver's and is not to be trusted: the chip neither
// crashes nor hangs, and writes nothing but what the driver has named to it.
#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "tests/hw_model/nic/hostile.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

constexpr std::uint64_t memory_end = HostMemory::base + HostMemory::size;

// A proper driver after a reset finds a chip that works.
void works_after_all(Bench& bench) {
  bench.forget_wire();
  bench.write32(TLSNIC_DB_CONTROL, 0);
  bench.bring_up();
  bench.settle();
  bench.receive_all();
  bench.offer(bench.sizes.buffers);
  TestConnection connection;
  const RecordStream stream(connection.keys, {500});
  bench.install(connection);
  CHECK(bench.pass(connection.frame(stream, 0, 500)).completion.tls == TLSNIC_TLS_DECRYPTED);
  CHECK(bench.memory.stray_writes == 0);
}

}  // namespace

TEST_CASE("rings outside of memory: nothing is written, the chip comes to rest") {
  for (const std::uint64_t address :
       {std::uint64_t{0}, HostMemory::base - 16, memory_end - 16, ~std::uint64_t{0} - 15}) {
    for (const std::uint32_t which : {TLSNIC_REG_CMD_RING_ADDRESS, TLSNIC_REG_CMD_CQ_ADDRESS,
                                      TLSNIC_REG_RX_RING_ADDRESS, TLSNIC_REG_RX_CQ_ADDRESS}) {
      in_child([&] {
        Bench bench;
        bench.set_up_rings();
        bench.write64(which, address);
        // What lies in memory of a ring at the end of it may be written.
        if (which == TLSNIC_REG_CMD_CQ_ADDRESS || which == TLSNIC_REG_RX_CQ_ADDRESS)
          bench.memory.name(address, 64 * 32);
        bench.write32(TLSNIC_DB_CONTROL, 1);
        bench.offer(64);
        for (std::uint32_t i = 0; i < 16; ++i)
          bench.post(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, i));
        for (int i = 0; i < 10; ++i) bench.send(arp_frame(1, 500));
        bench.arm();
        bench.settle();
        CHECK(bench.memory.refused > 0);
        CHECK(bench.memory.stray_writes == 0);
        works_after_all(bench);
      });
    }
  }
}

TEST_CASE("producers that jump are not followed") {
  in_child([] {
    Bench bench;
    bench.set_up_rings({16, 16, 16, 16, 2048});
    bench.write32(TLSNIC_DB_CONTROL, 1);
    for (const std::uint32_t jump : {17u, 18u, 1000u, 65536u, 0x7fffffffu, 0x80000000u, ~0u}) {
      bench.write32(TLSNIC_DB_RX_PRODUCER, jump);
      bench.write32(TLSNIC_DB_CMD_PRODUCER, jump);
    }
    bench.send(arp_frame(1));
    bench.settle();
    CHECK_FALSE(bench.receive());
    CHECK(bench.memory.interrupts.empty());
    bench.offer(16);
    bench.settle();
    CHECK(bench.receive());
    CHECK(bench.command(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 1)) == TLSNIC_STATUS_OK);
    // Backwards, behind what the chip has fetched already, while it wants more than is left.
    for (std::uint32_t producer = 0; producer <= 16 + 2; ++producer)
      bench.write32(TLSNIC_DB_RX_PRODUCER, producer);
    bench.send(arp_frame(1, 40000));
    bench.settle();
    CHECK(bench.seen.size() == 1);
    const std::uint64_t reads = bench.memory.reads;
    for (std::uint32_t producer = 0; producer < 16; ++producer)
      bench.write32(TLSNIC_DB_RX_PRODUCER, producer);
    CHECK(bench.memory.reads == reads);
    CHECK(bench.memory.stray_writes == 0);
    works_after_all(bench);
  });
}

TEST_CASE("descriptors of impossible lengths hold nothing and do not pile up") {
  in_child([] {
    Bench bench;
    bench.set_up_rings({16, 16, 8, 8, 64});
    bench.write32(TLSNIC_DB_CONTROL, 1);
    const auto store = [&](std::uint32_t slot, std::uint64_t address, std::uint32_t length) {
      bench.memory.store(bench.rx_ring + slot * sizeof(tlsnic_rx_descriptor),
                         tlsnic_rx_descriptor{address, length, 0});
    };
    const std::uint64_t buffer = bench.memory.allocate(70000, false);
    std::uint32_t slot = 0;
    for (const std::uint32_t length : {0u, 1u, 63u, 65537u, 0x80000000u, ~0u})
      store(slot++, buffer, length);
    const std::uint64_t good = bench.memory.allocate(2048);
    store(slot++, good, 2048);
    bench.write32(TLSNIC_DB_RX_PRODUCER, slot);
    bench.send(arp_frame(5, 100));
    bench.settle();
    const auto completion = bench.memory.load<tlsnic_rx_completion>(bench.rx_cq);
    CHECK(completion.phase == 1);
    CHECK(completion.byte_count == 100);
    CHECK(completion.buffers == 7);
    CHECK(bench.memory.load<std::array<std::uint8_t, 100>>(good)[99] == 5);

    // A ring full of them: the chip takes no more than the ring has, however often it is told.
    for (std::uint32_t i = 0; i < 8; ++i) store(i, buffer, 0);
    bench.send(arp_frame(6, 100));
    for (std::uint32_t producer = slot; producer < slot + 100000; producer += 4)
      bench.write32(TLSNIC_DB_RX_PRODUCER, producer);
    bench.settle();
    CHECK(bench.seen.size() == 1);
    const std::uint64_t reads = bench.memory.reads;
    for (std::uint32_t i = 0; i < 100; ++i) bench.write32(TLSNIC_DB_RX_PRODUCER, slot + 8);
    CHECK(bench.memory.reads == reads);
    works_after_all(bench);
  });
}

TEST_CASE("buffers outside of memory lose their bytes and nothing else") {
  in_child([] {
    Bench bench;
    bench.set_up_rings({16, 16, 4, 4, 64});
    bench.write32(TLSNIC_DB_CONTROL, 1);
    const std::uint64_t good = bench.memory.allocate(64);
    const std::uint64_t addresses[] = {memory_end - 63, good, ~std::uint64_t{0} - 63, 0};
    for (std::uint32_t i = 0; i < 4; ++i)
      bench.memory.store(bench.rx_ring + i * sizeof(tlsnic_rx_descriptor),
                         tlsnic_rx_descriptor{addresses[i], 64, 0});
    bench.write32(TLSNIC_DB_RX_PRODUCER, 4);
    bench.send(arp_frame(5, 128));
    bench.send(arp_frame(6, 128));
    bench.settle();
    CHECK(bench.memory.refused == 3);
    CHECK(*bench.memory.at(good) == 5);
    CHECK(bench.memory.load<tlsnic_rx_completion>(bench.rx_cq + sizeof(tlsnic_rx_completion))
              .byte_count == 128);
    works_after_all(bench);
  });
}

TEST_CASE("doorbells before the chip was ever started") {
  in_child([] {
    Bench bench;
    for (const std::uint32_t value : {0u, 1u, 64u, ~0u}) {
      for (std::uint32_t offset = TLSNIC_DB_CMD_PRODUCER; offset < TLSNIC_BAR_SIZE; offset += 4)
        bench.write32(offset, value);
      bench.send(arp_frame(1));
      bench.settle();
    }
    CHECK(bench.memory.refused == 0);
    CHECK(bench.memory.interrupts.empty());
    works_after_all(bench);
  });
}

TEST_CASE("property: a driver of random actions") {
  in_child([] {
    Bench bench(hostile_parameters());
    CHECK(rc::check("no stray write, no hang", [&] {
      const auto size = *rc::gen::inRange<std::size_t>(50, 3000);
      const auto script = *rc::gen::container<Buffer>(size, rc::gen::arbitrary<std::uint8_t>());
      play_hostile_driver(bench, script);
      RC_ASSERT(bench.memory.stray_writes == 0u);
    }));
    CHECK(bench.seen.size() > 10);
    CHECK(bench.nic.tx_counters().frames > 10);
    CHECK(bench.nic.tx_counters().encrypted_packets > 0);
    works_after_all(bench);
  });
}
