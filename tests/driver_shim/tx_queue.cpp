// Transmit ring and backlog, below any personality.
#include "tests/driver_shim/tx_world.h"

using namespace tlsnic;
using namespace tlsnic::testing;

TEST_CASE("segments wait for room in the ring and for their context, in order") {
  in_child([] {
    TxDriverWorld world(driver::Personality::mlx5);
    TxFlow flow(world);
    world.chip.hold_commands(true);
    REQUIRE(flow.install());
    constexpr std::size_t records = 900;
    for (std::size_t i = 0; i < records; ++i) flow.record(71);
    flow.post(flow.skb(0, 100));
    flow.post(flow.skb(100, 100));
    world.settle();
    CHECK(world.chip.take_log().empty());
    world.chip.hold_tx(true);
    world.chip.hold_commands(false);
    world.settle();
    for (std::size_t i = 1; i < records; ++i) {
      flow.post(flow.skb(100 * i, 100 * i + 50));
      flow.post(flow.skb(100 * i + 50, 100 * i + 100));
      flow.post(flow.skb(100 * i + 100, 100 * i + 100));
    }
    world.settle();
    world.chip.hold_tx(false);
    world.settle();
    CHECK(world.chip.frames.size() == 2 + 3 * (records - 1));
    CHECK(world.chip.unit.counters().frames == world.chip.frames.size());
    CHECK(world.counter("tx_tls_ooo") == 0);
    std::uint32_t last = 0;
    bool in_order = true;
    for (const auto& frame : world.chip.frames) {
      const std::uint32_t sequence = parse_frame(frame).sequence;
      in_order = in_order && sequence >= last;
      last = sequence;
    }
    CHECK(in_order);
    const auto seen = flow.check_wire();
    CHECK(std::all_of(seen.begin(), seen.end(), [](bool b) { return b; }));
    CHECK(world.driver.tx_statistics().errors == 0);
    CHECK(world.memory.mappings() == 0);
  });
}

TEST_CASE("a connection that goes while its segments wait leaves them to software") {
  for (const bool starting : {true, false}) {
    in_child([starting] {
      TxDriverWorld world(driver::Personality::mlx5);
      TxFlow flow(world);
      if (starting) world.chip.hold_commands(true);
      REQUIRE(flow.install());
      for (int i = 0; i < 1500; ++i) flow.record(71);
      if (!starting) world.settle();
      if (!starting) world.chip.hold_tx(true);
      for (std::size_t i = 0; i < 1500; ++i) flow.post(flow.skb(100 * i, 100 * i + 100));
      flow.hardware.tx->release();
      world.chip.hold_commands(false);
      world.chip.hold_tx(false);
      world.settle();
      CHECK(world.chip.frames.size() == 1500);
      const auto seen = flow.check_wire();
      CHECK(std::all_of(seen.begin(), seen.end(), [](bool b) { return b; }));
      CHECK(flow.hardware.probe.outcomes.size() >= (starting ? 1500 : 500));
      CHECK(world.memory.mappings() == 0);
    });
  }
}

TEST_CASE("the chip refuses a key: the connection is software's") {
  in_child([] {
    TxDriverWorld world(driver::Personality::mlx5);
    TxFlow flow(world);
    world.chip.key_create_status = TLSNIC_STATUS_IN_USE;
    REQUIRE(flow.install());
    flow.record(71);
    CHECK(flow.send(0, 100) == Words{"send 1000+100"});
    const auto seen = flow.check_wire();
    CHECK(std::all_of(seen.begin(), seen.end(), [](bool b) { return b; }));
  });
}

TEST_CASE("many pieces are one packet; more than the ring can take are copied") {
  for (const std::uint32_t pieces : {18u, 64u, 65u, 3000u}) {
    in_child([pieces] {
      TxDriverWorld world(driver::Personality::mlx5);
      TxFlow flow(world);
      flow.plain(3000);
      netdev::TxSkb skb = flow.skb(0, 3000, 1400);
      const netdev::TxPiece whole = skb.payload.at(0);
      skb.payload.clear();
      for (std::uint32_t i = 0; i < pieces; ++i) {
        const std::uint32_t from = 3000 * i / pieces, to = 3000 * (i + 1) / pieces;
        skb.payload.push_back({whole.owner, whole.data + from, to - from});
        skb.payload.push_back({whole.owner, whole.data, 0});
      }
      if (pieces == 18) CHECK(skb.payload.size() == 36);
      world.driver.start_xmit(std::move(skb));
      world.settle();
      CHECK(world.chip.frames.size() == 3);
      CHECK(world.chip.longest_packet == (pieces <= 32 ? pieces + 1 : 2));
      flow.check_wire();
      CHECK(world.memory.mappings() == 0);
    });
  }
}

TEST_CASE("what is no packet is dropped and counted") {
  in_child([] {
    TxDriverWorld world(driver::Personality::nfp);
    TxFlow flow(world);
    REQUIRE(flow.install());
    world.settle();
    flow.record(71);
    netdev::TxSkb skb = flow.skb(0, 100);
    skb.payload_size = 99;
    flow.post(skb);
    CHECK(world.driver.tx_statistics().dropped == 1);
    CHECK(world.counter("tx_tls_encrypted_packets") == 0);
    skb = flow.skb(0, 100);
    skb.headers.resize(13);
    flow.post(skb);
    skb.headers.resize(5000);
    flow.post(skb);
    CHECK(world.driver.tx_statistics().dropped == 3);
    // Undone each time: the next one is still the first.
    CHECK(flow.send(0, 100).back() == "send 1000+100 tls");
    // Plaintext that belongs to no connection of the device.
    skb = flow.skb(0, 100);
    skb.decrypted = true;
    world.driver.start_xmit(skb);
    CHECK(world.driver.tx_statistics().dropped == 4);
    world.settle();
    CHECK(world.chip.frames.size() == 1);
    CHECK(world.memory.mappings() == 0);
  });
}

TEST_CASE("the device goes down with everything in flight") {
  in_child([] {
    TxDriverWorld world(driver::Personality::mlx5);
    TxFlow flow(world), late(world);
    REQUIRE(flow.install());
    world.settle();
    for (int i = 0; i < 1500; ++i) flow.record(71);
    world.chip.hold_tx(true);
    for (std::size_t i = 0; i < 1500; ++i) flow.post(flow.skb(100 * i, 100 * i + 100));
    world.chip.hold_commands(true);
    REQUIRE(late.install());
    late.hardware.tx->device_down();
    flow.hardware.tx->device_down();
    CHECK(world.memory.mappings() > 0);
    world.driver.stop();
    CHECK(world.memory.mappings() == 0);
    world.settle();
    CHECK(world.counter("tx_tls_pool_free") == 2);
    flow.post(flow.skb(0, 100));
    world.settle();
    CHECK(world.driver.tx_statistics().dropped == 1);
    CHECK(world.memory.mappings() == 0);
  });
}

TEST_CASE("names of personalities") {
  for (const driver::Personality each : driver::personalities)
    CHECK(driver::personality_from(driver::to_string(each)) == each);
  CHECK(driver::personality_from("nfp_stream_scan") == driver::Personality::nfp_stream_scan);
  CHECK_FALSE(driver::personality_from("mlx4"));
  CHECK_FALSE(driver::personality_from(""));
}
