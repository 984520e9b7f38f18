// Transmit as nfp and funeth do it (facts 4.2, 4.4): software fallback and next-record resync.
#include <cerrno>

#include "tests/driver_shim/tx_world.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

constexpr driver::Personality both[] = {driver::Personality::nfp, driver::Personality::funeth};

struct NextRecord : FourRecords {
  using FourRecords::FourRecords;
  void expect(std::uint64_t packets, std::uint64_t ooo, std::uint64_t drop, std::size_t requests) {
    CHECK(world.counter("tx_tls_encrypted_packets") == packets);
    CHECK(world.counter("tx_tls_ooo") == ooo);
    CHECK(world.counter("tx_tls_drop_no_sync_data") == drop);
    CHECK(flow.hardware.probe.requests == std::vector<bool>(requests, false));
  }
};

}  // namespace

TEST_CASE("next record: a retransmission is software's, and leaves the state alone") {
  for (const auto personality : both)
    in_child([personality] {
      NextRecord t(personality);
      CHECK(t.flow.send(50, 230) == Words{"static", "progress 1050 #7!", "send 1050+180 tls"});
      CHECK(t.flow.send(60, 200) == Words{"send 1060+140"});
      CHECK(t.flow.send(200, 200) == Words{"send 1200+0"});
      CHECK(t.flow.send(230, 260) == Words{"send 1230+30 tls"});
      CHECK(t.flow.send(10, 50) == Words{"send 1010+40"});
      t.expect(2, 2, 0, 0);
      t.flow.ack(160);
      CHECK(t.flow.send(60, 80).empty());
      t.expect(2, 3, 1, 0);
      CHECK(t.flow.send(260, 450, 100) == Words{"send 1260+190 tls"});
      t.expect(4, 3, 1, 0);
      t.flow.check_wire();
      CHECK(t.world.driver.tx_statistics().errors == 0);
    });
}

TEST_CASE("next record: a jump forward asks once, and the next record goes on in the chip") {
  for (const auto personality : both)
    in_child([personality] {
      NextRecord t(personality);
      t.flow.send(50, 100);
      CHECK(t.flow.send(250, 300) == Words{"send 1250+50"});
      t.expect(1, 1, 0, 1);
      // Until the stack answers everything is software's, also what would be in order.
      CHECK(t.flow.send(100, 250) == Words{"send 1100+150"});
      CHECK(t.flow.send(300, 450) == Words{"send 1300+150"});
      t.expect(1, 3, 0, 1);
      t.flow.record(71);  // number 11, at 450: the answer
      CHECK(t.flow.send(300, 450) == Words{"send 1300+150"});
      CHECK(t.flow.send(450, 550) == Words{"progress 1450 #11!", "send 1450+100 tls"});
      t.expect(2, 4, 0, 1);
      if (personality == driver::Personality::funeth) CHECK(t.world.counter("tx_tls_resync") == 1);
      const auto seen = t.flow.check_wire();
      CHECK(std::all_of(seen.begin() + 50, seen.end(), [](bool b) { return b; }));
    });
}

TEST_CASE("next record: forward ends at a quarter of the sequence space") {
  in_child([] {
    // The whole space cannot be in flight: the driver is asked directly.
    NextRecord t(driver::Personality::nfp);
    auto& ops = t.world.driver.tlsdev_ops();
    auto& connection = t.flow.hardware.connection;
    const auto lies_ahead_by = [&](std::uint32_t distance) {
      ops.tls_dev_resync(connection, 1150 - distance, 8, netdev::TlsDirection::tx);
      t.flow.hardware.probe.requests.clear();
      t.flow.send(150, 160);
      const bool asked = !t.flow.hardware.probe.requests.empty();
      if (asked) t.flow.record(71);  // served
      return asked;
    };
    CHECK(lies_ahead_by(1));
    CHECK(lies_ahead_by(0x3ffffffe));
    CHECK_FALSE(lies_ahead_by(0x3fffffff));
    CHECK_FALSE(lies_ahead_by(0xffffffff));
  });
}

TEST_CASE("next record: what the drivers refuse; a full table") {
  in_child([] {
    hw::NicParameters parameters = driver_test_nic();
    parameters.max_contexts = 1;
    TxDriverWorld world(driver::Personality::nfp, parameters);
    TxFlow a(world), b(world), c(world), d(world);
    CHECK_FALSE(a.install(TlsVersion::tls13));
    CHECK(a.hardware.tx->offload_result() == -EOPNOTSUPP);
    CHECK_FALSE(b.install(TlsVersion::tls12, TlsCipher::aes_gcm_256));
    CHECK(c.install());
    CHECK_FALSE(d.install());
    CHECK(d.hardware.tx->offload_result() == -ENOSPC);
    CHECK(world.counter("hw_tls_no_space") == 1);
    world.settle();
  });
  for (const auto personality : {driver::Personality::funeth, driver::Personality::chelsio})
    in_child([personality] {
      TxDriverWorld world(personality);
      netdev::TlsConnection connection;
      netdev::TlsCryptoInfo crypto{test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128), 0};
      auto& ops = world.driver.tlsdev_ops();
      CHECK(ops.tls_dev_add(connection, netdev::TlsDirection::rx, crypto, 1) == -EOPNOTSUPP);
      CHECK(ops.tls_dev_resync(connection, 1, 1, netdev::TlsDirection::rx) == -EOPNOTSUPP);
      ops.tls_dev_del(connection, netdev::TlsDirection::rx);
      CHECK(connection.driver_state_rx == nullptr);
    });
}
