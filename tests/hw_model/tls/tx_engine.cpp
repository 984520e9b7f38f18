#include "hw_model/tls/tx_engine.h"

#include <catch2/catch.hpp>

#include "tests/hw_model/tls/generators.h"
#include "tests/hw_model/tls/tx_stream.h"

using namespace tlsnic;
using namespace tlsnic::testing;
using hw::TxReason;

namespace {

bool equal(const hw::TxContext& a, const hw::TxContext& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

const TrafficKeys every_keys[] = {test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128),
                                  test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_256),
                                  test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128),
                                  test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_256)};

}  // namespace

TEST_CASE("a transmit context is no larger than a ConnectX-6 Dx's") {
  CHECK(sizeof(hw::TxContext) <= 208);
}

TEST_CASE("in order, the wire is OpenSSL's, and the receive side gets the plaintext back") {
  CHECK(rc::check([] {
    const TrafficKeys keys = *any_keys();
    const std::uint64_t first_number = *rc::gen::element<std::uint64_t>(0, 5, 0xfffffffffffff000);
    const TxStream stream(keys, *record_sizes(), first_number);
    const std::size_t longest = *rc::gen::element<std::size_t>(1, 2, 7, 31, 1448, 9000, 70000);
    Sender sender(keys, *rc::gen::arbitrary<std::uint32_t>(), first_number);
    Receiver receiver(keys, {}, sender.start, first_number);
    Buffer wire;
    for (std::size_t at = 0; at < stream.plain.size();) {
      const std::size_t size =
          std::min(stream.plain.size() - at, *rc::gen::inRange<std::size_t>(1, longest + 1));
      // Drawing every cut is slow; long streams of tiny segments repeat one.
      const std::size_t repeat = longest < 32 ? 64 : 1;
      for (std::size_t i = 0; i < repeat && at < stream.plain.size(); ++i) {
        const std::size_t n = std::min(size, stream.plain.size() - at);
        Buffer sent;
        const auto outcome = sender.send(stream, at, n, sent);
        RC_ASSERT(outcome.reason == TxReason::ok);
        RC_ASSERT(outcome.aead_bytes == n);
        RC_ASSERT(stream.is_wire(at, sent));
        Buffer received(n);
        RC_ASSERT(
            receiver.engine
                .segment(receiver.context, receiver.key, sender.sequence(at), sent, received.data())
                .decrypted);
        RC_ASSERT(std::equal(received.begin(), received.end(),
                             stream.clear.begin() + static_cast<std::ptrdiff_t>(at)));
        at += n;
      }
    }
    RC_ASSERT(sender.context.record_number == first_number + stream.starts.size());
    RC_ASSERT(sender.context.record_offset == 0u);
    RC_ASSERT(sender.context.expected_sequence == sender.sequence(stream.plain.size()));
  }));
}

TEST_CASE("byte by byte and in one piece, every kind of record") {
  for (const TrafficKeys& keys : every_keys) {
    const TxStream stream(keys, {0, 1, 16, 17, 300, 0, 0});
    Sender sender(keys);
    std::uint32_t ended = 0;
    for (std::size_t at = 0; at < stream.plain.size(); ++at) {
      Buffer out;
      const auto outcome = sender.send(stream, at, 1, out);
      REQUIRE(outcome.reason == TxReason::ok);
      REQUIRE(out[0] == stream.wire[at]);
      ended += outcome.records_ended;
    }
    CHECK(ended == 7);
    Sender at_once(keys);
    Buffer out;
    CHECK(at_once.send(stream, 0, stream.plain.size(), out).records_ended == 7);
    CHECK(out == stream.wire);
    CHECK(equal(at_once.context, sender.context));
  }
}

TEST_CASE("the tag replaces its placeholder, however it is cut") {
  const TrafficKeys keys = every_keys[0];
  const TxStream stream(keys, {100, 50});
  const std::size_t tag = stream.end_of(0) - aead_tag_size;
  for (std::size_t first = 0; first <= aead_tag_size; ++first) {
    for (std::size_t second = first; second <= aead_tag_size; ++second) {
      Sender sender(keys);
      Buffer wire;
      std::size_t at = 0;
      for (const std::size_t end : {tag + first, tag + second, stream.plain.size()}) {
        if (end == at) continue;
        Buffer out;
        REQUIRE(sender.send(stream, at, end - at, out).reason == TxReason::ok);
        wire.insert(wire.end(), out.begin(), out.end());
        at = end;
      }
      CHECK(wire == stream.wire);
    }
  }
}

TEST_CASE("a wrong sequence is refused and changes nothing") {
  const TrafficKeys keys = every_keys[2];
  const TxStream stream(keys, {500, 500});
  Sender sender(keys);
  REQUIRE(sender.send(stream, 0, 300).reason == TxReason::ok);
  const hw::TxContext before = sender.context;
  for (const std::size_t offset :
       {std::size_t{0}, std::size_t{299}, std::size_t{301}, std::size_t{stream.starts[1]}}) {
    Buffer out;
    CHECK(sender.send(stream, offset, 100, out).reason == TxReason::out_of_sequence);
    CHECK(equal(sender.context, before));
    CHECK(out == stream.plain_bytes(offset, 100));
  }
  Buffer out;
  CHECK(sender.send(stream, 300, stream.plain.size() - 300, out).reason == TxReason::ok);
  CHECK(stream.is_wire(300, out));
}

TEST_CASE("a header that cannot be is refused and changes nothing, wherever it is in the segment") {
  for (const TrafficKeys& keys : every_keys) {
    const std::size_t max = record_format(keys.version, keys.cipher).max_length();
    const std::size_t min = record_format(keys.version, keys.cipher).min_length();
    struct Change {
      std::uint16_t version;
      std::size_t length;
      TxReason reason;
    };
    const Change changes[] = {{0x0301, 100, TxReason::bad_header},
                              {0x0304, 100, TxReason::bad_header},
                              {0x0303, max + 1, TxReason::bad_header},
                              {0x0303, min - 1, TxReason::bad_header},
                              {0x0303, 0xffff, TxReason::bad_header},
                              {0x0303, 0, TxReason::bad_header},
                              {0x0303, max, TxReason::ok},
                              {0x0303, min, TxReason::ok}};
    for (const Change& change : changes) {
      TxStream stream(keys, {100, 100});
      std::uint8_t* header = &stream.plain[stream.starts[1]];
      store_be16(header + 1, change.version);
      store_be16(header + 3, static_cast<std::uint16_t>(change.length));
      for (const std::size_t from :
           {std::size_t{0}, stream.starts[1] - std::size_t{1}, stream.starts[1] + std::size_t{3}}) {
        Sender sender(keys);
        if (from > 0) REQUIRE(sender.send(stream, 0, from).reason == TxReason::ok);
        const hw::TxContext before = sender.context;
        CHECK(sender.send(stream, from, stream.starts[1] + 5 - from).reason == change.reason);
        CHECK(equal(sender.context, before) == (change.reason != TxReason::ok));
      }
    }
  }
}

TEST_CASE("any content type is encrypted: an application may set its own") {
  for (const int type : {0, 20, 21, 22, 24, 100, 255}) {
    for (const TrafficKeys& keys : every_keys) {
      TxStream stream(keys, {64});
      Buffer record = stream.plain;
      record[0] = static_cast<std::uint8_t>(type);
      Buffer expected = record;
      RecordAead(keys).seal(expected, 0);
      Sender sender(keys);
      CHECK(hw::encrypt_segment(sender.context, sender.key, sender.start, record).reason ==
            TxReason::ok);
      CHECK(record == expected);
    }
  }
}

TEST_CASE("without its place in the stream a context encrypts nothing") {
  const TxStream stream(every_keys[0], {100});
  for (const unsigned state : {TLSNIC_TX_STATE_EMPTY, TLSNIC_TX_STATE_STATIC}) {
    Sender sender(every_keys[0]);
    sender.context.state = static_cast<std::uint8_t>(state);
    CHECK(sender.send(stream, 0, 50).reason == TxReason::no_parameters);
  }
}

TEST_CASE("the state can be rebuilt at every byte of a record and goes on as if nothing happened") {
  for (const TrafficKeys& keys : every_keys) {
    const TxStream stream(keys, {40, 130, 60}, 7);
    Sender straight(keys, 0xffffff00, 7);
    for (std::size_t offset = 0; offset < stream.plain.size(); ++offset) {
      for (const std::size_t piece : {std::size_t{1}, std::size_t{16}, std::size_t{1500}}) {
        Sender sender(keys, 0xffffff00, 7);
        sender.send(stream, 0, stream.plain.size());  // all was sent once
        sender.rebuild(stream, offset, piece);
        Buffer rest;
        REQUIRE(sender.send(stream, offset, stream.plain.size() - offset, rest).reason ==
                TxReason::ok);
        REQUIRE(stream.is_wire(offset, rest));
      }
      // The rebuilt state is the one that in-order sending had there, byte for byte.
      Sender rebuilt(keys, 0xffffff00, 7);
      rebuilt.rebuild(stream, offset);
      if (straight.context.record_offset >= record_format(keys.version, keys.cipher).prepend())
        CHECK(std::memcmp(&rebuilt.context.gcm, &straight.context.gcm,
                          sizeof rebuilt.context.gcm) == 0);
      CHECK(rebuilt.context.expected_sequence == straight.context.expected_sequence);
      CHECK(rebuilt.context.record_offset == straight.context.record_offset);
      CHECK(rebuilt.context.record_number == straight.context.record_number);
      straight.send(stream, offset, 1);
    }
  }
}

TEST_CASE("retransmissions of any range put the same bytes on the wire") {
  CHECK(rc::check([] {
    const TrafficKeys keys = *any_keys();
    const TxStream stream(keys, *record_sizes(), 3);
    Sender sender(keys, *rc::gen::arbitrary<std::uint32_t>(), 3);
    std::size_t next = 0;
    for (int i = 0; i < 40; ++i) {
      const bool is_new = next < stream.plain.size() && *rc::gen::inRange(0, 3) > 0;
      const std::size_t from = is_new ? next : *rc::gen::inRange<std::size_t>(0, next + 1);
      if (from == stream.plain.size()) continue;
      const std::size_t size = *rc::gen::inRange<std::size_t>(
          1, std::min<std::size_t>(stream.plain.size() - from, 9000) + 1);
      if (sender.context.expected_sequence != sender.sequence(from)) {
        RC_ASSERT(sender.send(stream, from, size).reason == TxReason::out_of_sequence);
        sender.rebuild(stream, from, *rc::gen::inRange<std::size_t>(1, 9000));
      }
      Buffer out;
      RC_ASSERT(sender.send(stream, from, size, out).reason == TxReason::ok);
      RC_ASSERT(stream.is_wire(from, out));
      next = std::max(next, from + size);
    }
  }));
}
