#include "hw_model/tls/record_walker.h"

#include <catch2/catch.hpp>

#include "tests/hw_model/tls/generators.h"

using namespace tlsnic;
using namespace tlsnic::testing;

TEST_CASE("in order, every segment is decrypted, wherever it is cut") {
  CHECK(rc::check([] {
    const TrafficKeys keys = *any_keys();
    const std::vector<std::size_t> sizes = *record_sizes();
    const RecordStream stream(keys, sizes, 5);
    const std::size_t longest = *rc::gen::element<std::size_t>(1, 2, 7, 31, 1448, 9000, 70000);
    Receiver receiver(keys, {}, *rc::gen::arbitrary<std::uint32_t>(), 5);
    for (std::size_t at = 0; at < stream.wire.size();) {
      const std::size_t size =
          std::min(stream.wire.size() - at, *rc::gen::inRange<std::size_t>(1, longest + 1));
      // Drawing every cut is slow; long streams of tiny segments repeat one.
      const std::size_t repeat = longest < 32 ? 64 : 1;
      for (std::size_t i = 0; i < repeat && at < stream.wire.size(); ++i) {
        const std::size_t n = std::min(size, stream.wire.size() - at);
        Buffer out;
        const auto outcome = receiver.receive(stream, at, n, out);
        RC_ASSERT(outcome.decrypted);
        RC_ASSERT(std::equal(out.begin(), out.end(),
                             stream.clear.begin() + static_cast<std::ptrdiff_t>(at)));
        at += n;
      }
    }
    RC_ASSERT(receiver.context.record_number == 5 + sizes.size());
    RC_ASSERT(receiver.context.record_offset == 0u);
  }));
}

TEST_CASE("byte by byte through every kind of record") {
  for (const auto version : {TlsVersion::tls12, TlsVersion::tls13}) {
    const TrafficKeys keys = test_keys(version, TlsCipher::aes_gcm_128);
    const RecordStream stream(keys, {0, 1, 16, 17, 300, 0, 0});
    Receiver receiver(keys);
    for (std::size_t at = 0; at < stream.wire.size(); ++at) {
      Buffer out;
      REQUIRE(receiver.receive(stream, at, 1, out).decrypted);
      REQUIRE(out[0] == stream.clear[at]);
    }
  }
}

TEST_CASE("the context can be copied at any point and continued from the copy") {
  const TrafficKeys keys = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_256);
  const RecordStream stream(keys, {100, 50});
  Receiver receiver(keys);
  for (std::size_t at = 0; at < stream.wire.size(); ++at) {
    Receiver copy(keys);
    copy.context = receiver.context;
    Buffer rest;
    CHECK(copy.receive(stream, at, stream.wire.size() - at, rest).decrypted);
    CHECK(std::equal(rest.begin(), rest.end(),
                     stream.clear.begin() + static_cast<std::ptrdiff_t>(at)));
    receiver.receive(stream, at, 1);
  }
}

TEST_CASE("a wrong tag fails its record and no other") {
  const TrafficKeys keys = test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128);
  RecordStream stream(keys, {1000, 1000, 1000});
  stream.wire[stream.starts[2] - 1] ^= 1;
  Receiver receiver(keys);
  CHECK(receiver.receive(stream, 0, stream.starts[1]).decrypted);
  CHECK(receiver.receive(stream, stream.starts[1], 600).decrypted);  // nothing wrong known yet
  const auto failed =
      receiver.receive(stream, stream.starts[1] + 600, stream.starts[2] - stream.starts[1] - 600);
  CHECK(failed.reason == hw::RxReason::tag_wrong);
  CHECK_FALSE(failed.decrypted);
  CHECK(
      receiver.receive(stream, stream.starts[2], stream.wire.size() - stream.starts[2]).decrypted);
}

TEST_CASE("headers that cannot be are refused") {
  const TrafficKeys keys = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  const RecordStream good(keys, {100});
  const auto reason = [&](std::size_t at, std::uint8_t value) {
    RecordStream stream = good;
    stream.wire[at] = value;
    Receiver receiver(keys);
    return receiver.receive(stream, 0, stream.wire.size()).reason;
  };
  CHECK(reason(0, 19) == hw::RxReason::header_invalid);
  CHECK(reason(0, 25) == hw::RxReason::header_invalid);
  CHECK(reason(1, 2) == hw::RxReason::header_invalid);
  CHECK(reason(2, 4) == hw::RxReason::header_invalid);
  CHECK(reason(3, 0xff) == hw::RxReason::header_invalid);  // longer than any record
  CHECK(reason(4, 23) == hw::RxReason::header_invalid);    // shorter than nonce and tag
  // A full record has 16384 + 24 in its length field: "below 16 KiB" would refuse it.
  const RecordStream full(keys, {16384});
  Receiver receiver(keys);
  CHECK(receiver.receive(full, 0, full.wire.size()).decrypted);
}
