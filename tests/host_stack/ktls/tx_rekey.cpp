// A new key on a sending connection (facts 1.17, 2.10). That the peer can read it is tested with
// OpenSSL; here it is what the device and the retransmissions see.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/tx_world.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TxWorld;
using Log = std::vector<std::string>;

TxCryptoInfo key(std::uint8_t seed, std::uint64_t number = 0) {
  return test::crypto_info(TlsVersion::tls13, TlsCipher::aes_gcm_128, number, 0, seed);
}

// Records of 78 bytes are 100 on the wire: one under each of the keys.
ByteVector software_stream(const std::vector<std::uint8_t>& seeds) {
  TxWorld world(false);
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    REQUIRE((i == 0 ? world.tx->install(key(seeds[i])) : world.tx->rekey(key(seeds[i]))) == 0);
    world.tx->send(test::some_bytes(78));
  }
  return world.tcp.bytes;
}

struct Rekeyed : TxWorld {
  Rekeyed() : TxWorld(true) {
    REQUIRE(tx->install(key(1)) == 0);
    send();
  }
  void send() { REQUIRE(tx->send(test::some_bytes(78)).taken == 78); }
  void check(std::size_t start, std::size_t end, const ByteVector& wire) {
    for (const auto* device : {&other, &nic}) {
      const auto skb = tx->validate_xmit_skb(tcp.segment(start, end), *device);
      REQUIRE(skb);
      if (skb->decrypted) continue;  // the device's work
      REQUIRE(test::flatten(skb->payload) ==
              ByteVector(wire.begin() + static_cast<std::ptrdiff_t>(start),
                         wire.begin() + static_cast<std::ptrdiff_t>(end)));
    }
  }
};

TEST_CASE("With nothing unacknowledged the device gets the new key at once", "[tx]") {
  Rekeyed world;
  world.ack(100);
  world.connection.tx->resync_request(1150, 1100);
  REQUIRE(world.tx->rekey(key(2, 9)) == 0);
  REQUIRE_FALSE(world.connection.tx->resync_pending());  // the driver starts afresh
  REQUIRE(world.driver.log == Log{"add 1000 #0", "del", "add 1100 #9"});
  REQUIRE(world.driver.installed.keys.key == key(2).base.keys.key);
  world.send();
  REQUIRE(world.tcp.decrypted.back());
  REQUIRE(world.stat[TlsCounter::tx_rekey_ok] == 1);
  REQUIRE(world.stat[TlsCounter::tx_device] == 1);
}

TEST_CASE("Old records stay with the old key; new ones are software's until all are acked",
          "[tx]") {
  Rekeyed world;
  REQUIRE(world.tx->rekey(key(2)) == 0);
  REQUIRE(world.driver.log == Log{"add 1000 #0"});
  world.send();
  const ByteVector wire = software_stream({1, 2, 3});
  world.check(0, 100, wire);
  world.check(30, 90, wire);
  world.check(100, 200, wire);
  const auto ready = world.tx->validate_xmit_skb(world.tcp.segment(100, 200), world.nic);
  // The driver knows nothing of the new key, but keeps them in their place.
  REQUIRE(ready->connection == &world.connection);
  REQUIRE(ready->sealed);
  REQUIRE(world.tcp.fences.count(100) == 1);
  auto marked = world.tcp.segment(100, 200);
  marked.decrypted = true;
  REQUIRE_FALSE(world.tx->validate_xmit_skb(marked, world.nic));
  const auto old = world.tx->validate_xmit_skb(world.tcp.segment(0, 100), world.nic);
  REQUIRE(old->connection == &world.connection);
  REQUIRE_FALSE(old->sealed);

  REQUIRE(world.tx->rekey(key(3)) == 0);  // once more, meanwhile
  world.send();
  world.check(0, 100, wire);
  world.check(200, 300, wire);
  world.ack(99);
  world.send();
  REQUIRE_FALSE(world.tcp.decrypted.back());
  world.ack(150);
  REQUIRE(world.driver.log.size() == 1);  // not before the next send
  world.send();
  REQUIRE(world.driver.log == Log{"add 1000 #0", "del", "add 1400 #2"});
  REQUIRE(world.tcp.decrypted.back());
  // What software has encrypted meanwhile lies before the new start now, and passes as it is.
  world.check(150, 300, wire);
  const auto passed = world.transmit(300, 400, world.other);
  REQUIRE(passed == ByteVector(world.tcp.bytes.begin() + 300, world.tcp.bytes.begin() + 400));
}

TEST_CASE("A device that does not take the new key is done with", "[tx]") {
  Rekeyed world;
  world.driver.add_result = -ENOSPC;
  REQUIRE(world.tx->rekey(key(2)) == 0);
  world.send();
  world.ack(100);
  REQUIRE(world.tx->rekey(key(3)) == 0);
  world.send();
  REQUIRE(world.driver.log == Log{"add 1000 #0", "del", "add 1200 #0"});
  const ByteVector wire = software_stream({1, 2, 3});
  world.check(100, 300, wire);
  world.driver.add_result = 0;
  REQUIRE(world.tx->rekey(key(1)) == 0);
  world.send();
  REQUIRE(world.driver.log.size() == 3);
  REQUIRE(world.tx->is_hardware());
  REQUIRE(world.connection.tx == nullptr);
}

TEST_CASE("The device goes down between the keys", "[tx]") {
  Rekeyed world;
  REQUIRE(world.tx->rekey(key(2)) == 0);
  world.tx->device_down();
  world.send();
  const ByteVector wire = software_stream({1, 2, 2});
  world.check(0, 100, wire);
  world.check(100, 200, wire);
  world.ack(120);
  world.send();
  world.check(120, 200, wire);
  REQUIRE(world.driver.log == Log{"add 1000 #0", "del"});
}

TEST_CASE("A rekey flushes the device's open record under the old key", "[tx]") {
  Rekeyed world;
  world.tx->send(test::some_bytes(78), {true, false});
  world.tcp.room = 10;
  REQUIRE(world.tx->rekey(key(2)) == EAGAIN);
  world.tcp.room = 1000;
  REQUIRE(world.tx->rekey(key(2)) == 0);
  REQUIRE(world.tcp.size() == 200);
  REQUIRE(world.tcp.decrypted.back());
  REQUIRE(world.stat[TlsCounter::tx_rekey_ok] == 1);
}

TEST_CASE("TLS 1.2 has no rekey, and nothing else may change with the key", "[tx]") {
  TxWorld world(true);
  const auto tls12 = test::crypto_info(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  REQUIRE(world.tx->install(tls12) == 0);
  REQUIRE(world.tx->rekey(tls12) == EBUSY);
  Rekeyed tls13;
  REQUIRE(tls13.tx->rekey(tls12) == EINVAL);
  REQUIRE(tls13.tx->rekey(test::crypto_info(TlsVersion::tls13, TlsCipher::aes_gcm_256)) == EINVAL);
  REQUIRE(tls13.stat[TlsCounter::tx_rekey_error] == 2);
  REQUIRE(world.stat[TlsCounter::tx_rekey_error] == 1);
}

}  // namespace
}  // namespace tlsnic::host
