// Every row of the table in facts 1.16.
#include "host_stack/ktls/fallback.h"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/host_stack/ktls/tx_world.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TxWorld;

// 100 plain bytes, then from sequence 1100 on records of 200 and 300 bytes on the wire.
struct Offloaded : TxWorld {
  explicit Offloaded(TlsVersion version = TlsVersion::tls12) : TxWorld(true) {
    tcp.write_plain(test::some_bytes(100, 9));
    const TxCryptoInfo info = test::crypto_info(version, TlsCipher::aes_gcm_128, 4, 77);
    const std::size_t overhead = record_format(version, TlsCipher::aes_gcm_128).overhead();
    const ByteVector data = test::some_bytes(500);
    TxWorld software(false);
    for (TxWorld* world : {static_cast<TxWorld*>(this), &software}) {
      REQUIRE(world->tx->install(info) == 0);
      world->tx->send(Bytes(data).first(200 - overhead));
      world->tx->send(Bytes(data).first(300 - overhead));
    }
    wire.insert(wire.end(), tcp.bytes.begin(), tcp.bytes.begin() + 100);
    wire.insert(wire.end(), software.tcp.bytes.begin(), software.tcp.bytes.end());
    REQUIRE(wire.size() == 600);
  }

  FallbackOutcome outcome(const netdev::TxSkb& skb, bool passes) {
    const auto result = tx->validate_xmit_skb(skb, other);
    REQUIRE(result.has_value() == passes);
    if (result) {
      REQUIRE(result->connection == nullptr);
      REQUIRE(result->headers == skb.headers);
    }
    return probe.outcomes.back();
  }

  ByteVector wire;
};

TEST_CASE("Fallback passes an empty segment", "[tx]") {
  Offloaded world;
  REQUIRE(world.outcome(world.tcp.segment(150, 150), true) == FallbackOutcome::no_payload);
  world.ack(600);
  REQUIRE(world.outcome(world.tcp.segment(600, 600), true) == FallbackOutcome::no_payload);
}

TEST_CASE("Fallback drops what has no record", "[tx]") {
  Offloaded world;
  netdev::TxSkb beyond = world.tcp.segment(500, 600);
  beyond.sequence += 100;
  REQUIRE(world.outcome(beyond, false) == FallbackOutcome::no_record);
  world.ack(300);
  REQUIRE(world.outcome(world.tcp.segment(299, 310), false) == FallbackOutcome::no_record);
  REQUIRE(world.outcome(world.tcp.segment(50, 60), false) == FallbackOutcome::no_record);
  world.ack(600);
  REQUIRE(world.outcome(world.tcp.segment(500, 600), false) == FallbackOutcome::no_record);
}

TEST_CASE("Fallback passes what lies before the offload", "[tx]") {
  Offloaded world;
  for (const auto& [start, end] : {std::pair{0, 100}, {99, 100}, {0, 1}}) {
    const auto skb = world.tcp.segment(start, end);
    const auto result = world.tx->validate_xmit_skb(skb, world.other);
    REQUIRE(result);
    REQUIRE(test::flatten(result->payload) == test::flatten(skb.payload));
    REQUIRE(world.probe.outcomes.back() == FallbackOutcome::before_offload);
  }
}

TEST_CASE("Fallback drops what crosses the offload's start", "[tx]") {
  Offloaded world;
  REQUIRE(world.outcome(world.tcp.segment(99, 101), false) == FallbackOutcome::crosses_start);
  REQUIRE(world.outcome(world.tcp.segment(0, 600), false) == FallbackOutcome::crosses_start);
}

TEST_CASE("Fallback drops what starts before the record found", "[tx]") {
  // Only a list with a hole leads there: the second line of defence.
  TxRecords records;
  records.start(1000, 0);
  const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[100]());
  records.push(1200, {{owner, owner.get(), 100}});
  SoftwareFallback fallback(test::crypto_info(TlsVersion::tls12, TlsCipher::aes_gcm_128).base.keys);
  netdev::TxSkb skb;
  skb.sequence = 1100;
  skb.payload = {{owner, owner.get(), 100}};
  skb.payload_size = 100;
  const FallbackResult result = fallback.encrypt(skb, records);
  REQUIRE(result.outcome == FallbackOutcome::acknowledged);
  REQUIRE_FALSE(result.skb);
}

TEST_CASE("Every segment of the records comes out as software would have sent it", "[tx]") {
  const auto version = GENERATE(TlsVersion::tls12, TlsVersion::tls13);
  Offloaded world(version);
  for (std::size_t start = 100; start < 600; ++start)
    for (std::size_t end = start + 1; end <= 600; end += 1 + (end - start) / 20) {
      const auto sent = world.transmit(start, end, world.other);
      const bool same = sent && std::equal(sent->begin(), sent->end(), world.wire.begin() + start,
                                           world.wire.begin() + end);
      if (!same) FAIL("segment " << start << " to " << end);
    }
  REQUIRE(world.probe.outcomes.back() == FallbackOutcome::encrypted);
}

TEST_CASE("The result is one piece without a mark, and the records stay plain", "[tx]") {
  Offloaded world;
  const ByteVector before = world.tcp.bytes;
  const auto skb = world.tcp.segment(250, 350);
  REQUIRE(skb.decrypted);
  const auto result = world.tx->validate_xmit_skb(skb, world.other);
  REQUIRE(result);
  REQUIRE_FALSE(result->decrypted);
  REQUIRE(result->payload.size() == 1);
  REQUIRE(test::flatten(world.tcp.pieces) == before);
  // The mark is not asked for.
  netdev::TxSkb unmarked = skb;
  unmarked.decrypted = false;
  REQUIRE(test::flatten(world.tx->validate_xmit_skb(unmarked, world.other)->payload) ==
          test::flatten(result->payload));
}

TEST_CASE("A driver gets the same from tls_encrypt_skb, and keeps the connection", "[tx]") {
  Offloaded world;
  auto skb = world.tx->validate_xmit_skb(world.tcp.segment(250, 350), world.nic);
  REQUIRE(skb);
  REQUIRE(skb->decrypted);
  REQUIRE(skb->connection == &world.connection);
  const auto encrypted = skb->connection->tx->encrypt_skb(*skb);
  REQUIRE(encrypted);
  REQUIRE(encrypted->connection == &world.connection);
  REQUIRE(test::flatten(encrypted->payload) ==
          ByteVector(world.wire.begin() + 250, world.wire.begin() + 350));
}

TEST_CASE("Segments that no sender of records made do no harm", "[tx]") {
  REQUIRE(rc::check([] {
    Offloaded world(*rc::gen::element(TlsVersion::tls12, TlsVersion::tls13));
    netdev::TxSkb skb;
    ByteVector payload = *rc::gen::container<ByteVector>(rc::gen::arbitrary<std::uint8_t>());
    if (*rc::gen::arbitrary<bool>())
      payload.insert(payload.begin(), world.tcp.bytes.begin() + 100, world.tcp.bytes.end());
    const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[payload.size() + 1]);
    std::copy(payload.begin(), payload.end(), owner.get());
    const auto size = static_cast<std::uint32_t>(payload.size());
    skb.payload = {{owner, owner.get(), size}};
    skb.payload_size =
        *rc::gen::elementOf(std::vector<std::uint32_t>{size, size, size + 1, 0xffffffff});
    skb.sequence = *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(1000, 1700),
                                   rc::gen::arbitrary<std::uint32_t>());
    const auto result = world.tx->validate_xmit_skb(skb, world.other);
    if (result) RC_ASSERT(result->payload_size == size);
  }));
}

TEST_CASE("A lying header in the payload is dropped", "[tx]") {
  Offloaded world;
  for (const int length : {0, 23, 16384 + 8 + 17, 65535}) {
    auto skb = world.tcp.segment(300, 400);
    ByteVector bytes = test::flatten(skb.payload);
    store_be16(bytes.data() + 3, static_cast<std::uint16_t>(length));
    skb.payload = {{nullptr, bytes.data(), 100}};
    REQUIRE(world.outcome(skb, false) == FallbackOutcome::malformed);
  }
}

}  // namespace
}  // namespace tlsnic::host
