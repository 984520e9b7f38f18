// A sending connection and its device: in, out, elsewhere, gone (facts 1.4, 1.9, 1.14, 1.15).
#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/tx_world.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TxWorld;
using Log = std::vector<std::string>;

const TxCryptoInfo gcm = test::crypto_info(TlsVersion::tls12, TlsCipher::aes_gcm_128, 3);

ByteVector software_stream(const TxCryptoInfo& info, const std::vector<std::size_t>& sizes) {
  TxWorld world(false);
  REQUIRE(world.tx->install(info) == 0);
  for (const std::size_t size : sizes) world.tx->send(test::some_bytes(size));
  return world.tcp.bytes;
}

TEST_CASE("A connection enters the device at write_seq, behind a fence", "[tx]") {
  TxWorld world(true);
  world.tcp.write_plain(test::some_bytes(250));
  REQUIRE(world.tx->install(gcm) == 0);
  REQUIRE(world.driver.log == Log{"add 1250 #3"});
  REQUIRE(world.driver.installed.keys.key == gcm.base.keys.key);
  REQUIRE(world.tcp.fences == std::set<std::size_t>{250});
  REQUIRE(world.connection.tx != nullptr);
  REQUIRE(world.tx->is_hardware());
  REQUIRE(world.stat[TlsCounter::tx_device] == 1);
  REQUIRE(world.stat[TlsCounter::curr_tx_device] == 1);
  REQUIRE(world.stat[TlsCounter::tx_sw] == 0);
  const auto marker = world.connection.tx->get_record(1249);
  REQUIRE(marker);
  REQUIRE(marker->length == 0);
  REQUIRE(marker->number == 2);
}

TEST_CASE("A refusal is invisible, and software sends", "[tx]") {
  TxWorld world(true);
  TxCryptoInfo info = gcm;
  int expected = 0;
  SECTION("no feature") {
    world.nic.hw_tls_tx = false;
    expected = -EOPNOTSUPP;
  }
  SECTION("no operations") {
    world.nic.tlsdev_ops = nullptr;
    expected = -EOPNOTSUPP;
  }
  SECTION("cipher") {
    info = test::crypto_info(TlsVersion::tls12, TlsCipher::chacha20_poly1305, 3);
    expected = -EINVAL;
  }
  SECTION("device down") {
    world.nic.is_up = false;
    expected = -EINVAL;
  }
  SECTION("the driver") {
    world.driver.add_result = -ENOSPC;
    expected = -ENOSPC;
  }
  REQUIRE(world.tx->install(info) == 0);
  REQUIRE(world.tx->offload_result() == expected);
  REQUIRE_FALSE(world.tx->is_hardware());
  REQUIRE(world.connection.tx == nullptr);
  REQUIRE(world.stat[TlsCounter::tx_sw] == 1);
  REQUIRE(world.stat[TlsCounter::curr_tx_sw] == 1);
  REQUIRE(world.stat[TlsCounter::curr_tx_device] == 0);
  REQUIRE(world.driver.log.size() == (expected == -ENOSPC ? 1 : 0));
  world.tx->send(test::some_bytes(500));
  REQUIRE(world.tcp.bytes == software_stream(info, {500}));
  world.tx->close();
  REQUIRE(world.stat[TlsCounter::curr_tx_sw] == 0);
  world.tx.reset();
  REQUIRE(std::find(world.driver.log.begin(), world.driver.log.end(), "del") ==
          world.driver.log.end());
}

TEST_CASE("The checks come in the kernel's order", "[tx]") {
  const TxCryptoInfo chacha13 = test::crypto_info(TlsVersion::tls13, TlsCipher::chacha20_poly1305);
  TxSettings released;
  released.tls13_offload = false;
  TxWorld world(true, 1000, released);
  world.nic.is_up = false;
  REQUIRE(world.tx->install(chacha13) == 0);
  REQUIRE(world.tx->offload_result() == -EOPNOTSUPP);  // version before cipher

  TxWorld pending(true);
  REQUIRE(pending.tx->install(chacha13) == 0);
  REQUIRE(pending.tx->offload_result() == -EINVAL);

  test::FakeTcp tcp(5);
  Tx without_route(nullptr, world.connection, tcp, world.stat, world.probes, {});
  REQUIRE(without_route.install(gcm) == 0);
  REQUIRE(without_route.offload_result() == -EINVAL);
}

TEST_CASE("A segment for another device is encrypted, for its own it is not", "[tx]") {
  TxWorld world(true);
  REQUIRE(world.tx->install(gcm) == 0);
  world.tx->send(test::some_bytes(500));
  REQUIRE(world.transmit(100, 300, world.nic) ==
          ByteVector(world.tcp.bytes.begin() + 100, world.tcp.bytes.begin() + 300));
  REQUIRE(world.probe.outcomes.empty());
  const ByteVector wire = software_stream(gcm, {500});
  REQUIRE(world.transmit(100, 300, world.other) ==
          ByteVector(wire.begin() + 100, wire.begin() + 300));
  REQUIRE(world.probe.outcomes.size() == 1);
  REQUIRE(world.driver.log.size() == 1);  // the way back is open
  const auto skb = world.tx->validate_xmit_skb(world.tcp.segment(0, 100), world.nic);
  REQUIRE(skb->connection == &world.connection);
}

TEST_CASE("A mark without a device is a mistake, and the segment is dropped", "[tx]") {
  TxWorld world(false);
  REQUIRE(world.tx->install(gcm) == 0);
  world.tx->send(test::some_bytes(500));
  auto skb = world.tcp.segment(0, 100);
  REQUIRE(world.tx->validate_xmit_skb(skb, world.nic));
  skb.decrypted = true;
  REQUIRE_FALSE(world.tx->validate_xmit_skb(skb, world.nic));
}

TEST_CASE("When the device goes down software takes over, for good", "[tx]") {
  TxWorld world(true);
  world.tcp.write_plain(test::some_bytes(50));
  REQUIRE(world.tx->install(gcm) == 0);
  world.tx->send(test::some_bytes(500));
  world.tx->send(test::some_bytes(400));
  world.connection.tx->resync_request(1100, 1050);
  world.tx->device_down();
  REQUIRE(world.driver.log == Log{"add 1050 #3", "del"});
  REQUIRE(world.connection.tx == nullptr);
  REQUIRE(world.tx->is_hardware());
  REQUIRE_FALSE(world.tx->in_device());
  REQUIRE(world.stat[TlsCounter::curr_tx_device] == 1);

  world.tcp.fences.clear();
  world.tx->send(test::some_bytes(300));
  REQUIRE(world.tcp.fences.size() == 1);  // the request is served without a device
  world.tx->send(test::some_bytes(200));
  REQUIRE(world.tcp.fences.size() == 1);
  const ByteVector wire = software_stream(gcm, {500, 400, 300, 200});
  world.nic.is_up = true;
  for (const auto& [start, end] : {std::pair{0, 529}, {100, 700}, {529, 958}, {958, 1287}})
    REQUIRE(world.transmit(50 + start, 50 + end, world.nic) ==
            ByteVector(wire.begin() + start, wire.begin() + end));
  REQUIRE(world.transmit(0, 50, world.nic) == test::some_bytes(50));
  world.ack(50 + 529);
  REQUIRE_FALSE(world.transmit(100, 200, world.nic));
  REQUIRE(world.transmit(50 + 529, 50 + 600, world.nic) ==
          ByteVector(wire.begin() + 529, wire.begin() + 600));
  world.tx.reset();
  REQUIRE(world.stat[TlsCounter::curr_tx_device] == 0);
  REQUIRE(world.driver.log == Log{"add 1050 #3", "del"});
}

TEST_CASE("After close the device keeps the connection until all is acknowledged", "[tx]") {
  TxWorld world(true);
  REQUIRE(world.tx->install(gcm) == 0);
  world.tx->send(test::some_bytes(500));
  world.tx->send(test::some_bytes(100), {true, false});
  world.tx->close();
  world.tx->close();
  REQUIRE(world.stat[TlsCounter::curr_tx_device] == 0);
  REQUIRE(world.driver.log == Log{"add 1000 #3"});
  REQUIRE(world.tcp.size() == 529);  // the open record is lost
  REQUIRE(world.tx->send(test::some_bytes(1)).error == EPIPE);
  REQUIRE(world.transmit(0, 529, world.other) == software_stream(gcm, {500}));

  SECTION("the last acknowledgement") {
    world.ack(528);
    REQUIRE(world.tx->in_device());
    world.ack(529);
  }
  SECTION("the world says so") {
    world.tx->release();
  }
  SECTION("the socket is destroyed") {
    world.tx.reset();
  }
  SECTION("the device goes down") {
    world.tx->device_down();
  }
  REQUIRE(world.driver.log == Log{"add 1000 #3", "del"});
  REQUIRE(world.connection.tx == nullptr);
  world.tx.reset();
  REQUIRE(world.driver.log == Log{"add 1000 #3", "del"});
}

TEST_CASE("A partially sent record is cut off by close", "[tx]") {
  TxWorld world(true);
  REQUIRE(world.tx->install(gcm) == 0);
  world.tcp.room = 100;
  world.tx->send(test::some_bytes(500));
  world.tx->close();
  world.tcp.room = 1000;
  world.tx->write_space();
  REQUIRE(world.tcp.size() == 100);
  const ByteVector wire = software_stream(gcm, {500});
  REQUIRE(world.transmit(0, 100, world.other) == ByteVector(wire.begin(), wire.begin() + 100));
  world.ack(100);
  REQUIRE_FALSE(world.tx->in_device());
}

// Resync timelines (facts 1.9). A record of 71 bytes is 100 on the wire.
struct Resync : TxWorld {
  Resync() : TxWorld(true) {
    REQUIRE(tx->install(gcm) == 0);
    driver.log.clear();
    tcp.fences.clear();
    send();
  }
  void send() { tx->send(test::some_bytes(71)); }
};

TEST_CASE("A resync request waits for the next record", "[tx]") {
  Resync world;
  world.connection.tx->resync_request(1050, 1000);
  REQUIRE(world.connection.tx->resync_pending());
  world.ack(50);
  world.tx->write_space();
  REQUIRE(world.driver.log.empty());
  world.tx->send(test::some_bytes(10), {true, false});  // stays open: not pushed
  REQUIRE(world.driver.log.empty());
  world.tx->send(test::some_bytes(61));
  REQUIRE(world.driver.log == Log{"resync 1100 #4"});
  REQUIRE(world.tcp.fences == std::set<std::size_t>{100});
  REQUIRE_FALSE(world.connection.tx->resync_pending());
  world.send();
  REQUIRE(world.driver.log.size() == 1);
}

TEST_CASE("A resync that fails is tried again with the next record", "[tx]") {
  Resync world;
  world.driver.resync_result = -EBUSY;
  world.connection.tx->resync_request(1050, 1000);
  world.send();
  REQUIRE(world.connection.tx->resync_pending());
  world.driver.resync_result = 0;
  world.send();
  REQUIRE(world.driver.log == Log{"resync 1100 #4", "resync 1200 #5"});
  REQUIRE(world.tcp.fences == std::set<std::size_t>{100, 200});
  REQUIRE_FALSE(world.connection.tx->resync_pending());
}

TEST_CASE("Asking twice is the driver's mistake, and is told", "[tx]") {
  Resync world;
  world.connection.tx->resync_request(1050, 1000);
  world.connection.tx->resync_request(1060, 1000);
  REQUIRE(world.probe.requests == std::vector<bool>{false, true});
  world.send();
  REQUIRE(world.driver.log.size() == 1);
  world.connection.tx->resync_request(1150, 1100);
  world.send();
  REQUIRE(world.driver.log.size() == 2);
}

TEST_CASE("The record is on the list when its resync is served", "[tx]") {
  struct Looking : test::TxDriver {
    int tls_dev_resync(netdev::TlsConnection& connection, std::uint32_t sequence,
                       std::uint64_t number, netdev::TlsDirection) override {
      found = connection.tx->get_record(sequence);
      REQUIRE(found);
      REQUIRE(found->number == number);
      REQUIRE(connection.tx->resync_pending());
      return 0;
    }
    std::optional<netdev::TlsTxRecord> found;
  } driver;
  Resync world;
  world.nic.tlsdev_ops = &driver;
  world.connection.tx->resync_request(1050, 1000);
  world.send();
  REQUIRE(driver.found);
}

TEST_CASE("The probe sees each record", "[tx]") {
  TxWorld world(true);
  REQUIRE(world.tx->install(gcm) == 0);
  world.tx->send(test::some_bytes(71));
  world.tx->send_control(record_alert, ByteVector{1, 0});
  REQUIRE(world.probe.records.size() == 2);
  REQUIRE(world.probe.records[1].number == 4);
  REQUIRE(world.probe.records[1].sequence == 1100);
  REQUIRE(world.probe.records[1].length == 31);
  REQUIRE(world.probe.records[1].type == record_alert);
  REQUIRE(world.probe.sealed == std::vector<bool>{false, false});
}

}  // namespace
}  // namespace tlsnic::host
