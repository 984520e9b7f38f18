// Installing and removing connections as mlx5 does it (facts 4.1.2).
#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>

#include "tests/driver_shim/world.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

TEST_CASE("what the personality does not offload") {
  in_child([] {
    World world;
    world.start();
    FakeConnection connection;
    connection.crypto.keys.cipher = TlsCipher::chacha20_poly1305;
    CHECK(world.add(connection) == -EOPNOTSUPP);
    CHECK(connection.connection.driver_state_rx == nullptr);
    CHECK(world.counter("rx_tls_ctx") == 0);
    // An answer or a removal for a connection that is not the device's.
    CHECK(world.driver.tlsdev_ops().tls_dev_resync(connection.connection, 1, 1,
                                                   netdev::TlsDirection::rx) == -EOPNOTSUPP);
    world.del(connection);
    CHECK(world.counter("rx_tls_del") == 0);
    world.settle();
  });
}

TEST_CASE("packets are marked only after the chip has taken the parameters and the rule") {
  in_child([] {
    World world;
    world.start();
    FakeConnection connection;
    const RecordStream stream(connection.crypto.keys, {900, 900, 900, 900});
    CHECK(world.add(connection) == 0);
    CHECK(connection.type == netdev::TlsRxResyncType::driver_req_async);
    CHECK(world.counter("rx_tls_ctx") == 1);
    // Key and context are made by firmware, 30 us each: this one comes before the rule.
    world.send(connection.frame(stream, 0, 100));
    world.run_us(30);
    REQUIRE(world.delivered.size() == 1);
    CHECK_FALSE(world.delivered[0].decrypted);
    CHECK((world.delivered[0].bytes == connection.frame(stream, 0, 100)));
    world.settle();

    const auto first = world.pass(connection.frame(stream, 0, 922, {true, false}));
    CHECK(first.decrypted);
    CHECK((first.bytes == with_payload(connection.frame(stream, 0, 922, {true, false}),
                                       Bytes(stream.clear).first(922))));
    CHECK(world.pass(connection.frame(stream, 922, 500)).decrypted);
    CHECK(world.counter("rx_tls_decrypted_packets") == 2);
    // Whole frames, headers and the VLAN tag included.
    CHECK(world.counter("rx_tls_decrypted_bytes") == (58 + 922) + (54 + 500));
    CHECK(world.counter("rx_tls_err") == 0);
  });
}

TEST_CASE("a record that fails counts as an error") {
  in_child([] {
    World world;
    world.start();
    FakeConnection connection;
    RecordStream stream(connection.crypto.keys, {500, 500});
    stream.wire[50] ^= 1;
    REQUIRE(world.add(connection) == 0);
    world.settle();
    CHECK_FALSE(world.pass(connection.frame(stream, 0, 600)).decrypted);
    CHECK(world.counter("rx_tls_err") == 1);
  });
}

TEST_CASE("no more connections than the chip has contexts or keys") {
  for (const bool keys : {true, false}) {
    in_child([keys] {
      hw::NicParameters parameters;
      (keys ? parameters.max_keys : parameters.max_contexts) = 3;
      World world(parameters);
      world.start();
      std::vector<std::unique_ptr<FakeConnection>> all;
      for (std::uint16_t i = 0; i < 5; ++i) {
        all.push_back(std::make_unique<FakeConnection>(ipv4_tuple(i)));
        CHECK(world.add(*all.back()) == (i < 3 ? 0 : -ENOSPC));
      }
      CHECK(all[3]->connection.driver_state_rx == nullptr);
      world.settle();
      world.del(*all[1]);
      CHECK(world.add(*all[3]) == -ENOSPC);  // the chip has not let go of it yet
      world.settle();
      CHECK(world.add(*all[3]) == 0);
      world.settle();
      const RecordStream stream(all[0]->crypto.keys, {500});
      for (const std::size_t i : {0u, 2u, 3u})
        CHECK(world.pass(all[i]->frame(stream, 0, 500)).decrypted);
      for (const std::size_t i : {1u, 4u})
        CHECK_FALSE(world.pass(all[i]->frame(stream, 0, 500)).decrypted);
      CHECK(world.counter("rx_tls_ctx") == 4);
      CHECK(world.counter("rx_tls_del") == 1);
    });
  }
}

TEST_CASE("a connection that goes before its rule was added leaves nothing behind") {
  for (const double us : {0., 10., 40., 61., 65., 69., 75., 100., 200.}) {
    in_child([us] {
      INFO("removed after " << us << " us");
      hw::NicParameters parameters;
      parameters.max_contexts = 1;
      World world(parameters);
      world.start();
      FakeConnection connection;
      const RecordStream stream(connection.crypto.keys, {500});
      REQUIRE(world.add(connection) == 0);
      if (us > 0) world.run_us(us);
      world.del(connection);
      world.settle();
      CHECK_FALSE(world.pass(connection.frame(stream, 0, 100)).decrypted);
      // Its only place in the chip, and its 4-tuple, are free again.
      REQUIRE(world.add(connection) == 0);
      world.settle();
      CHECK(world.pass(connection.frame(stream, 0, 500)).decrypted);
    });
  }
}

TEST_CASE("the same 4-tuple is installed again at once, with other keys") {
  for (const double us : {0., 40., 61., 66., 75., 200.}) {
    in_child([us] {
      INFO("replaced after " << us << " us");
      World world;
      world.start();
      FakeConnection old_one;
      FakeConnection new_one;
      new_one.crypto.keys.key[0] ^= 0x55;
      new_one.crypto.record_number = 9;
      new_one.start = old_one.start + 5000;
      const RecordStream stream(new_one.crypto.keys, {500, 500}, 9);
      REQUIRE(world.add(old_one) == 0);
      if (us > 0) world.run_us(us);
      world.del(old_one);
      REQUIRE(world.add(new_one) == 0);
      world.settle();
      const auto delivered = world.pass(new_one.frame(stream, 0, 700));
      CHECK(delivered.decrypted);
      CHECK((delivered.bytes ==
             with_payload(new_one.frame(stream, 0, 700), Bytes(stream.clear).first(700))));
    });
  }
}

TEST_CASE("more commands outstanding than the ring holds") {
  in_child([] {
    World world;
    world.start();
    std::vector<std::unique_ptr<FakeConnection>> all;
    for (std::uint16_t i = 0; i < 300; ++i) {
      all.push_back(std::make_unique<FakeConnection>(ipv4_tuple(i)));
      all.back()->crypto.keys.key[0] = static_cast<std::uint8_t>(i);
      REQUIRE(world.add(*all.back()) == 0);
    }
    world.settle();
    for (auto& each : all) {
      const RecordStream stream(each->crypto.keys, {100});
      if (!world.pass(each->frame(stream, 0, 122)).decrypted) FAIL("not installed");
    }
    for (auto& each : all) world.del(*each);
    world.settle();
    const RecordStream stream(all[7]->crypto.keys, {100});
    CHECK_FALSE(world.pass(all[7]->frame(stream, 0, 122)).decrypted);
    CHECK(world.counter("rx_tls_del") == 300);
  });
}
