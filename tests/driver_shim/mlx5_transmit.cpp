// Transmit as mlx5 does it (facts 4.1.1): which operations are posted for which segment.
#include <cerrno>

#include "tests/driver_shim/tx_world.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

struct Four : FourRecords {
  Four() : FourRecords(driver::Personality::mlx5) {}
  void expect(std::uint64_t packets, std::uint64_t ooo, std::uint64_t skip, std::uint64_t drop) {
    CHECK(world.counter("tx_tls_encrypted_packets") == packets);
    CHECK(world.counter("tx_tls_ooo") == ooo);
    CHECK(world.counter("tx_tls_skip_no_sync_data") == skip);
    CHECK(world.counter("tx_tls_drop_no_sync_data") == drop);
  }
};

}  // namespace

TEST_CASE("mlx5: parameters come with the first packet, then packets alone") {
  in_child([] {
    Four four;
    CHECK(four.world.chip.take_log().empty());
    CHECK(four.flow.send(50, 120) ==
          Words{"static", "progress 1050 #7!", "nop!", "send 1050+70 tls"});
    CHECK(four.flow.send(120, 120) == Words{"send 1120+0"});
    CHECK(four.flow.send(120, 450, 100) == Words{"send 1120+330 tls"});
    four.expect(1 + 4, 0, 0, 0);
    CHECK(four.world.counter("tx_tls_encrypted_bytes") == 400);
    CHECK(four.world.counter("tx_tls_ctx") == 1);
    const auto seen = four.flow.check_wire();
    CHECK(std::all_of(seen.begin() + 50, seen.end(), [](bool b) { return b; }));
    CHECK(four.world.chip.frames.size() == 6);
    CHECK(four.world.memory.mappings() == 0);
  });
}

TEST_CASE("mlx5: one retransmission is two out-of-order packets, each with a rebuild") {
  in_child([] {
    Four four;
    four.flow.send(50, 230);
    // In the middle of record 8: from its beginning, with static parameters of another number.
    CHECK(four.flow.send(180, 230) ==
          Words{"static!", "progress 1150 #8", "nop!", "dump 30", "send 1180+50 tls"});
    four.expect(2, 1, 0, 0);
    // It goes on behind the retransmitted packet: here that is where the stream is, too.
    CHECK(four.flow.send(230, 250) == Words{"send 1230+20 tls"});
    CHECK(four.flow.send(60, 70) ==
          Words{"static!", "progress 1050 #7", "nop!", "dump 10", "send 1060+10 tls"});
    CHECK(four.flow.send(250, 300) ==
          Words{"static!", "progress 1250 #9", "nop!", "send 1250+50 tls"});
    four.expect(5, 3, 0, 0);
    // The same record again: its number is the one programmed last.
    CHECK(four.flow.send(260, 270) ==
          Words{"progress 1250 #9!", "nop!", "dump 10", "send 1260+10 tls"});
    CHECK(four.flow.send(300, 310) ==
          Words{"progress 1250 #9!", "nop!", "dump 50", "send 1300+10 tls"});
    four.expect(7, 5, 0, 0);
    CHECK(four.world.counter("tx_tls_dump_packets") == 4);
    CHECK(four.world.counter("tx_tls_dump_bytes") == 30 + 10 + 10 + 50);
    four.flow.check_wire();
    CHECK(four.world.driver.tx_statistics().errors == 0);
  });
}

TEST_CASE("mlx5: a jump forward is a rebuild like any other") {
  in_child([] {
    Four four;
    four.flow.send(50, 100);
    CHECK(four.flow.send(350, 400) ==
          Words{"static!", "progress 1350 #10", "nop!", "send 1350+50 tls"});
    four.expect(2, 1, 0, 0);
    CHECK(four.flow.hardware.probe.requests.empty());
    four.flow.check_wire();
    CHECK(four.world.driver.tlsdev_ops().tls_dev_resync(four.flow.hardware.connection, 1, 1,
                                                        netdev::TlsDirection::tx) == -EOPNOTSUPP);
  });
}

TEST_CASE("mlx5: before the offload plain, across its start and acknowledged dropped") {
  in_child([] {
    Four four;
    four.flow.send(50, 450);
    CHECK(four.flow.send(10, 50) == Words{"send 1010+40"});
    four.expect(1, 1, 1, 0);
    CHECK(four.flow.send(40, 60).empty());
    four.expect(1, 2, 1, 1);
    four.flow.ack(160);  // record 7 is gone, 8 is partly acknowledged and stays
    CHECK(four.flow.send(60, 80).empty());
    CHECK(four.flow.send(140, 170).empty());
    four.expect(1, 4, 1, 3);
    CHECK(four.flow.send(155, 170).back() == "send 1155+15 tls");
    four.expect(2, 5, 1, 3);
    // Plaintext from before the start is none: it is never sent.
    netdev::TxSkb marked = four.flow.skb(10, 50);
    marked.decrypted = true;
    marked.connection = &four.flow.hardware.connection;
    four.world.driver.start_xmit(std::move(marked));
    four.world.settle();
    CHECK(four.world.chip.take_log().empty());
    four.flow.check_wire();
  });
}

TEST_CASE("mlx5: DUMPs are as long as the MTU at most") {
  in_child([] {
    TxDriverWorld world(driver::Personality::mlx5);
    TxFlow flow(world);
    REQUIRE(flow.install(TlsVersion::tls13, TlsCipher::aes_gcm_256, 0));
    world.settle();
    flow.record(16384);
    flow.record(16384);
    flow.send(0, 16406 + 8000, 1448);
    CHECK(flow.send(16406 + 4000, 16406 + 4500) == Words{"static!", "progress 17406 #1", "nop!",
                                                         "dump 1500", "dump 1500", "dump 1000",
                                                         "send 21406+500 tls"});
    flow.check_wire();
  });
}

TEST_CASE("mlx5: a full table, keys or contexts; its place is free when the chip has let go") {
  for (const bool by_keys : {true, false}) {
    in_child([by_keys] {
      hw::NicParameters parameters = driver_test_nic();
      (by_keys ? parameters.max_keys : parameters.max_contexts) = 1;
      TxDriverWorld world(driver::Personality::mlx5, parameters);
      TxFlow one(world), two(world), three(world);
      CHECK(one.install());
      CHECK_FALSE(two.install());
      CHECK(two.hardware.tx->offload_result() == -ENOSPC);
      world.settle();
      one.record(50);
      one.send(0, 20);
      // Operations that name the context are in the ring: it stays until they are through.
      world.chip.hold_tx(true);
      one.post(one.skb(20, 79));
      world.chip.opcodes.clear();
      one.hardware.tx->release();
      world.settle();
      CHECK(world.chip.opcodes.empty());
      world.chip.hold_tx(false);
      world.settle();
      CHECK(world.chip.opcodes ==
            std::vector<std::uint32_t>{TLSNIC_CMD_TX_CONTEXT_DESTROY, TLSNIC_CMD_KEY_DESTROY});
      CHECK(world.driver.tx_statistics().errors == 0);
      const auto seen = one.check_wire();
      CHECK(std::all_of(seen.begin(), seen.end(), [](bool b) { return b; }));
      CHECK(three.install());
      CHECK(world.counter("tx_tls_ctx") == 2);
      CHECK(world.counter("tx_tls_del") == 1);
      CHECK(world.counter("tx_tls_pool_alloc") == 2);
      CHECK(world.counter("tx_tls_pool_free") == 1);
      world.settle();
    });
  }
}
