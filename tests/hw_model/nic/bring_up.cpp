// Bringing the chip up, and its register space.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

TEST_CASE("identity and capabilities are readable from reset and cannot be written") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.max_keys = 77;
    parameters.max_contexts = 55;
    Bench bench(parameters);
    const auto check = [&] {
      CHECK(bench.read32(TLSNIC_REG_ID) == TLSNIC_ID);
      CHECK(bench.read32(TLSNIC_REG_ABI_VERSION) == TLSNIC_ABI_VERSION);
      CHECK((bench.read32(TLSNIC_REG_CAPABILITIES) & 0xf) == 0xf);  // receive, all four kinds
      CHECK(bench.read32(TLSNIC_REG_MAX_KEYS) == 77);
      CHECK(bench.read32(TLSNIC_REG_MAX_CONTEXTS) == 55);
      CHECK(bench.read32(0x100) == 0);
    };
    check();
    for (std::uint32_t offset = 0; offset < 0x100; offset += 4) bench.write32(offset, 0xffffffff);
    for (std::uint32_t offset = 0; offset < 0x100; offset += 8) bench.write64(offset, ~0ull);
    check();
  });
}

TEST_CASE("registers take aligned words of 4 and 8 bytes inside the BAR and nothing else") {
  in_child([] {
    Bench bench;
    std::uint8_t data[16] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (const auto command : {tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND}) {
      for (const unsigned size : {0u, 1u, 2u, 3u, 5u, 6u, 7u, 9u, 12u, 16u})
        CHECK_FALSE(bench.access(command, 0x100, data, size));
      for (const std::uint64_t offset : {0x101u, 0x102u, 0x103u, 0xffdu, 0xffeu, 0xfffu, 0x1000u})
        CHECK_FALSE(bench.access(command, offset, data, 4));
      for (const std::uint64_t offset : {0x104u, 0x10cu, 0xffcu})
        CHECK_FALSE(bench.access(command, offset, data, 8));
      for (const std::uint64_t offset :
           {std::uint64_t{1} << 32, ~std::uint64_t{3}, ~std::uint64_t{7}})
        CHECK_FALSE(bench.access(command, offset, data, 4));
      CHECK(bench.access(command, 0x100, data, 8));
      CHECK(bench.access(command, 0xffc, data, 4));
      CHECK(bench.access(command, 0xff8, data, 8));
    }
  });
}

TEST_CASE("only a write of 4 bytes rings a doorbell") {
  in_child([] {
    Bench bench;
    bench.set_up_rings();
    bench.write64(TLSNIC_DB_CONTROL, 1);
    bench.write32(TLSNIC_REG_RX_RING_ENTRIES, bench.sizes.buffers);
    bench.offer(1);
    bench.send(arp_frame(1));
    bench.settle();
    CHECK_FALSE(bench.receive());
  });
}

TEST_CASE("rings that cannot be used as they are described leave the chip stopped") {
  in_child([] {
    Bench bench;
    struct {
      std::uint32_t offset;
      std::uint32_t entries;
    } const wrong[] = {
        {TLSNIC_REG_CMD_RING_ENTRIES, 0},     {TLSNIC_REG_CMD_RING_ENTRIES, 1},
        {TLSNIC_REG_CMD_RING_ENTRIES, 3},     {TLSNIC_REG_CMD_RING_ENTRIES, 32},  // > its queue
        {TLSNIC_REG_CMD_CQ_ENTRIES, 8},       {TLSNIC_REG_CMD_CQ_ENTRIES, 24},
        {TLSNIC_REG_RX_RING_ENTRIES, 65},     {TLSNIC_REG_RX_RING_ENTRIES, 128},
        {TLSNIC_REG_RX_RING_ENTRIES, 131072}, {TLSNIC_REG_RX_RING_ENTRIES, 0xffffffff},
        {TLSNIC_REG_RX_CQ_ENTRIES, 32},       {TLSNIC_REG_RX_CQ_ENTRIES, 0x80000000},
    };
    for (const auto& [offset, entries] : wrong) {
      INFO("register " << offset << " = " << entries);
      bench.set_up_rings();
      bench.write32(offset, entries);
      bench.write32(TLSNIC_DB_CONTROL, 1);
      bench.offer(4);
      bench.post(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 1));
      bench.send(arp_frame(1));
      bench.arm();
      bench.settle();
      CHECK_FALSE(bench.receive());
      CHECK_FALSE(bench.poll_command());
      bench.write32(TLSNIC_DB_CONTROL, 0);
    }
    CHECK(bench.memory.interrupts.empty());
    // Nothing of that stays: a proper driver gets what waited on the wire meanwhile.
    bench.bring_up();
    bench.settle();
    CHECK(bench.receive_all().size() == std::size(wrong));
    CHECK(bench.command(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 1)) == TLSNIC_STATUS_OK);
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("the smallest and the largest rings work") {
  in_child([] {
    Bench bench;
    bench.bring_up({2, 2, 2, 2, 64});
    for (std::uint8_t i = 0; i < 9; ++i) {
      CHECK((bench.pass(arp_frame(i)).bytes == arp_frame(i)));
      CHECK(bench.command(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, i)) == TLSNIC_STATUS_OK);
    }
    bench.write32(TLSNIC_DB_CONTROL, 0);
    bench.bring_up({65536, 65536, 16384, 65536, 64});
    CHECK((bench.pass(arp_frame(99)).bytes == arp_frame(99)));
    CHECK(bench.command(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 1)) == TLSNIC_STATUS_OK);
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("control 0 resets: objects are gone, rings start from their first slot") {
  in_child([] {
    Bench bench;
    TestConnection connection;
    const RecordStream stream(connection.keys, {400, 400});
    bench.bring_up();
    bench.install(connection);
    CHECK(bench.pass(connection.frame(stream, 0, 300)).completion.tls == TLSNIC_TLS_DECRYPTED);

    bench.write32(TLSNIC_DB_CONTROL, 0);
    bench.bring_up();
    const auto passed = bench.pass(connection.frame(stream, 300, 100));
    CHECK(passed.completion.tls == TLSNIC_TLS_NOT_DECRYPTED);
    CHECK(passed.completion.context == TLSNIC_NO_CONTEXT);
    CHECK(bench.command(make_command(TLSNIC_CMD_KEY_DESTROY, 0)) == TLSNIC_STATUS_BAD_OBJECT);
    bench.install(connection);
    CHECK(bench.pass(connection.frame(stream, 0, 300)).completion.tls == TLSNIC_TLS_DECRYPTED);
  });
}

TEST_CASE("a command after a reset takes its whole time, whatever ran before") {
  in_child([] {
    hw::NicParameters parameters;
    Bench bench(parameters);
    bench.bring_up();
    bench.post(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 1));
    bench.run(parameters.firmware_command / 2);
    bench.write32(TLSNIC_DB_CONTROL, 0);
    bench.bring_up();
    const std::uint64_t posted = bench.now();
    CHECK(bench.command(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 1)) == TLSNIC_STATUS_OK);
    CHECK(bench.now() - posted == parameters.firmware_command);
  });
}

TEST_CASE("a reset or a second start with packets at any place in the chip loses none of them") {
  for (const bool reset : {true, false}) {
    in_child([reset] {
      Bench bench;
      TestConnection connection;
      const RecordStream stream(connection.keys, std::vector<std::size_t>(40, 1000));
      for (std::uint64_t offset_ns = 0; offset_ns < 1500; offset_ns += 37) {
        bench.write32(TLSNIC_DB_CONTROL, 0);
        bench.bring_up();
        bench.install(connection);
        std::vector<Buffer> sent;
        for (std::size_t i = 0; i < 8; ++i) {
          sent.push_back(connection.frame(stream, i * 1022, 1022));
          bench.send(sent.back());
        }
        bench.run(offset_ns * 1000);
        const std::size_t before = bench.receive_all().size();
        if (reset) bench.write32(TLSNIC_DB_CONTROL, 0);
        bench.bring_up();
        bench.settle();
        const auto after = bench.receive_all();
        REQUIRE(before + after.size() == sent.size());
        for (std::size_t i = 0; reset && i < after.size(); ++i) {
          // What the connection was is forgotten; so is what was decrypted for it.
          CHECK(after[i].completion.tls == TLSNIC_TLS_NOT_DECRYPTED);
          CHECK(after[i].completion.context == TLSNIC_NO_CONTEXT);
          CHECK((after[i].bytes == sent[before + i]));
        }
      }
      CHECK(bench.memory.stray_writes == 0);
    });
  }
}
