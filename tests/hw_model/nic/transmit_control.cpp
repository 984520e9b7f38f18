// Commands on transmit contexts, capabilities, interrupts, start and reset.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/hw_model/tls/tx_bench.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

Buffer tls_packet(const TestConnection& connection, const TxStream& stream, std::size_t size) {
  return unfinished_packet(connection.start, stream.plain_bytes(0, size));
}

}  // namespace

TEST_CASE("the chip says that it transmits") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.max_contexts = 55;
    Bench bench(parameters);
    CHECK((bench.read32(TLSNIC_REG_CAPABILITIES) & 0x3f0) == 0x3f0);
    CHECK(bench.read32(TLSNIC_REG_MAX_TX_CONTEXTS) == 55);
  });
}

TEST_CASE("every status of the transmit context commands") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.max_contexts = 4;
    Bench bench(parameters);
    bench.bring_up();
    const auto status = [&](std::uint32_t opcode, std::uint32_t object, std::uint64_t address = 0) {
      return bench.command(dma_command(opcode, object, address));
    };
    for (const std::uint32_t opcode : {TLSNIC_CMD_TX_CONTEXT_DESTROY, TLSNIC_CMD_TX_CONTEXT_DUMP}) {
      for (const std::uint32_t object : {0u, 4u, ~0u})
        CHECK(status(opcode, object) == TLSNIC_STATUS_BAD_OBJECT);
    }
    CHECK(status(TLSNIC_CMD_TX_CONTEXT_DUMP + 1, 0) == TLSNIC_STATUS_BAD_OPCODE);
    CHECK(status(TLSNIC_CMD_TX_CONTEXT_CREATE, 4) == TLSNIC_STATUS_BAD_OBJECT);
    CHECK(status(TLSNIC_CMD_TX_CONTEXT_CREATE, ~0u) == TLSNIC_STATUS_BAD_OBJECT);
    for (std::uint32_t i = 0; i < 4; ++i) {
      CHECK(status(TLSNIC_CMD_TX_CONTEXT_CREATE, i) == TLSNIC_STATUS_OK);
      CHECK(status(TLSNIC_CMD_TX_CONTEXT_CREATE, i) == TLSNIC_STATUS_IN_USE);
      // Receive contexts are others.
      CHECK(status(TLSNIC_CMD_RX_CONTEXT_DESTROY, i) == TLSNIC_STATUS_BAD_OBJECT);
    }
    CHECK(status(TLSNIC_CMD_TX_CONTEXT_DUMP, 3, 0x1000) == TLSNIC_STATUS_BAD_ADDRESS);
    CHECK(bench.dump_tx_context(3).state == TLSNIC_TX_STATE_EMPTY);
    CHECK(status(TLSNIC_CMD_TX_CONTEXT_DESTROY, 3) == TLSNIC_STATUS_OK);
    CHECK(status(TLSNIC_CMD_TX_CONTEXT_DUMP, 3) == TLSNIC_STATUS_BAD_OBJECT);
    CHECK(status(TLSNIC_CMD_TX_CONTEXT_CREATE, 3) == TLSNIC_STATUS_OK);
  });
}

TEST_CASE("one key serves both directions, and without it operations fail") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    TestConnection connection;
    const TxStream stream(connection.keys, {1000});
    bench.install_tx(connection);
    bench.command(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 0));
    CHECK(bench.command(static_params(connection, 0)) == TLSNIC_STATUS_OK);
    CHECK(bench.command(make_command(TLSNIC_CMD_KEY_DESTROY, 0)) == TLSNIC_STATUS_OK);
    const Buffer packet = tls_packet(connection, stream, 500);
    CHECK(bench.transmit(packet, TLSNIC_TX_TLS, 0).status == TLSNIC_TX_NO_KEY);
    CHECK(bench.transmit(tx_static_params(0, 0, connection.keys)).status == TLSNIC_TX_NO_KEY);
    CHECK(bench.command(key_create(connection)) == TLSNIC_STATUS_OK);
    CHECK(bench.transmit(packet, TLSNIC_TX_TLS, 0).status == TLSNIC_TX_OK);
  });
}

TEST_CASE("operations in the ring fail when their context is destroyed before their turn") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.tx_buffer_bytes = 1;
    parameters.wire_per_byte = 40'000;  // slow: what follows a packet waits for it
    parameters.firmware_command = 10'000;
    Bench bench(parameters);
    bench.bring_up();
    TestConnection connection;
    const TxStream stream(connection.keys, {4000});
    bench.install_tx(connection);
    bench.post_packet(tls_packet(connection, stream, 1000), TLSNIC_TX_TLS, 0);
    bench.post_packet(unfinished_packet(connection.start + 1000, stream.plain_bytes(1000, 1000)),
                      TLSNIC_TX_TLS, 0);
    bench.post_packet(arp_frame(4), 0);
    bench.ring_tx_producer();
    bench.run(20'000'000);  // the first one is on the wire for 42 us
    CHECK(bench.command(make_command(TLSNIC_CMD_TX_CONTEXT_DESTROY, 0)) == TLSNIC_STATUS_OK);
    CHECK(bench.poll_tx()->status == TLSNIC_TX_OK);
    const auto refused = bench.poll_tx();
    CHECK(refused->status == TLSNIC_TX_NO_CONTEXT);
    CHECK(refused->context == 0);
    CHECK(bench.poll_tx()->status == TLSNIC_TX_OK);
    CHECK(bench.sent.size() == 2);
  });
}

TEST_CASE("one interrupt for each time it is armed, at once if there is something unread") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const auto interrupts = [&] { return bench.memory.interrupts_of(TLSNIC_VECTOR_TX); };
    bench.transmit(arp_frame(1), 0);
    CHECK(interrupts() == 0);
    bench.arm_tx();
    bench.settle();
    CHECK(interrupts() == 0);
    for (int i = 0; i < 3; ++i) bench.post_packet(arp_frame(2), 0);
    bench.ring_tx_producer();
    bench.settle();
    CHECK(interrupts() == 1);
    CHECK(bench.memory.interrupts.back().time == bench.sent[1].time);
    bench.arm_tx();  // nothing of these has been read
    CHECK(interrupts() == 2);
    while (bench.poll_tx()) {
    }
    bench.arm_tx();
    CHECK(interrupts() == 2);
    bench.transmit(tx_operation(TLSNIC_TX_OP_NOP));
    CHECK(interrupts() == 3);
    CHECK(bench.memory.interrupts_of(TLSNIC_VECTOR_RX) == 0);
    // A reset forgets it.
    bench.arm_tx();
    bench.write32(TLSNIC_DB_CONTROL, 0);
    bench.bring_up();
    bench.transmit(arp_frame(1), 0);
    CHECK(interrupts() == 3);
  });
}

TEST_CASE("a driver without a transmit ring receives; a ring that cannot be used stops the chip") {
  in_child([] {
    Bench bench;
    RingSizes sizes;
    sizes.tx_descriptors = 0;
    bench.bring_up(sizes);
    CHECK((bench.pass(arp_frame(1)).bytes == arp_frame(1)));
    for (const std::uint32_t producer : {0u, 1u, 64u, ~0u})
      bench.write32(TLSNIC_DB_TX_PRODUCER, producer);
    bench.settle();
    CHECK(bench.memory.refused == 0);
    CHECK(bench.memory.interrupts_of(TLSNIC_VECTOR_TX) == 0);
    struct {
      std::uint32_t offset;
      std::uint32_t entries;
    } const wrong[] = {
        {TLSNIC_REG_TX_RING_ENTRIES, 1},   {TLSNIC_REG_TX_RING_ENTRIES, 24},
        {TLSNIC_REG_TX_RING_ENTRIES, ~0u}, {TLSNIC_REG_TX_RING_ENTRIES, 128},
        {TLSNIC_REG_TX_CQ_ENTRIES, 0},     {TLSNIC_REG_TX_CQ_ENTRIES, 32},
    };
    for (const auto& [offset, entries] : wrong) {
      bench.write32(TLSNIC_DB_CONTROL, 0);
      bench.set_up_rings();
      bench.write32(offset, entries);
      bench.write32(TLSNIC_DB_CONTROL, 1);
      bench.post_packet(arp_frame(1), 0);
      bench.ring_tx_producer();
      bench.post(make_command(TLSNIC_CMD_TX_CONTEXT_CREATE, 1));
      bench.settle();
      CHECK(bench.sent.empty());
      CHECK_FALSE(bench.poll_command());
    }
  });
}

TEST_CASE("a reset at any time drops what is under way, and the chip transmits again after it") {
  for (const bool reset : {true, false}) {
    in_child([reset] {
      Bench bench;
      TestConnection connection;
      const TxStream stream(connection.keys, {16000, 16000});
      for (std::uint64_t offset_ns = 0; offset_ns < 5000; offset_ns += 97) {
        bench.write32(TLSNIC_DB_CONTROL, 0);
        bench.bring_up();
        bench.install_tx(connection);
        bench.post_packet(tls_packet(connection, stream, 16000), TLSNIC_TX_TLS | TLSNIC_TX_SEGMENT,
                          0, 1448);
        bench.post_packet(arp_frame(7), 0, 0, 0, 30);
        bench.post_tx(tx_fragment(bench.put(Buffer(50)), 50, TLSNIC_TX_FIRST));
        bench.ring_tx_producer();
        bench.run(offset_ns * 1000);
        const std::size_t left = bench.sent.size();
        if (reset) bench.write32(TLSNIC_DB_CONTROL, 0);
        bench.bring_up();
        bench.settle();
        REQUIRE(bench.sent.size() == left);
        REQUIRE_FALSE(bench.poll_tx());
        bench.sent.clear();
        if (reset) {
          REQUIRE(bench.command(make_command(TLSNIC_CMD_TX_CONTEXT_DESTROY, 0)) ==
                  TLSNIC_STATUS_BAD_OBJECT);
          bench.install_tx(connection);
        } else {  // contexts stay
          REQUIRE(bench.transmit(tx_progress_params(0, connection.start, 0)).status ==
                  TLSNIC_TX_OK);
        }
        REQUIRE(bench.transmit(tls_packet(connection, stream, 900), TLSNIC_TX_TLS, 0).status ==
                TLSNIC_TX_OK);
        const Buffer& frame = bench.sent.at(0).bytes;
        REQUIRE(stream.is_wire(0, Buffer(frame.begin() + 54, frame.end())));
      }
      CHECK(bench.memory.stray_writes == 0);
    });
  }
}

TEST_CASE("a stop in the very instant in which a unit has done its work") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.wire_per_byte = 1000;  // all in whole ns
    Bench bench(parameters);
    for (std::uint64_t ns = 0; ns < 2000; ++ns) {
      bench.bring_up();
      bench.post_packet(tcp_frame(ipv4_tuple(), 1, Buffer(10)), 0);
      bench.ring_tx_producer();
      bench.send(arp_frame(1));
      bench.run(ns * 1000);
      bench.write32(TLSNIC_DB_CONTROL, 0);
      bench.settle();
      bench.bring_up();
      bench.settle();
      CHECK(bench.receive_all().size() <= 1);
    }
    CHECK(bench.sent.size() < 2000);
  });
}
