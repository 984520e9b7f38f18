// The transmit rules, as timelines of operations.
#include "hw_model/tls/tx_unit.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "protocol/checksum.h"
#include "tests/hw_model/tls/tx_bench.h"

using namespace tlsnic;
using namespace tlsnic::testing;
using hw::TxReason;

namespace {

const TrafficKeys keys12 = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
const TrafficKeys keys13 = test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_256);
constexpr std::uint32_t start = 0xfffff000;  // the sequence wraps under way
constexpr unsigned tls = TLSNIC_TX_TLS;

std::uint32_t sequence(std::size_t offset) {
  return start + static_cast<std::uint32_t>(offset);
}

tlsnic_tx_completion send(TxBench& bench, const TxStream& stream, std::size_t offset,
                          std::size_t size, std::uint16_t mss = 0, std::uint32_t context = 1) {
  const Buffer packet = unfinished_packet(sequence(offset), stream.plain_bytes(offset, size));
  return bench.send(packet, tls | TLSNIC_TX_SEGMENT, context, mss);
}

// The TCP payload of frames from `from` on, each checked to be a right TCP segment.
Buffer payload_of(const TxBench& bench, std::size_t from = 0) {
  Buffer out;
  for (std::size_t i = from; i < bench.frames.size(); ++i) {
    const ParsedFrame parsed = parse_frame(bench.frames[i]);
    REQUIRE(parsed.kind == FrameKind::tcp);
    REQUIRE(tcp_checksum_is_right(bench.frames[i], parsed));
    const Bytes payload = parsed.payload(bench.frames[i]);
    out.insert(out.end(), payload.begin(), payload.end());
  }
  return out;
}

hw::TxContext context_of(TxBench& bench, std::uint32_t id = 1) {
  return *bench.unit.contexts.find(id);
}
bool equal(const hw::TxContext& a, const hw::TxContext& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST_CASE("in order: encrypted, cut, with right checksums, the wire of software TLS") {
  for (const TrafficKeys& keys : {keys12, keys13}) {
    TxBench bench;
    bench.install(1, keys, start);
    const TxStream stream(keys, {16384, 16384, 100, 16384, 3000});
    std::size_t at = 0;
    for (const std::size_t size : {20000u, 1u, 15000u, 17000u}) {
      const auto done = send(bench, stream, at, size, 1448);
      CHECK(done.status == TLSNIC_TX_OK);
      CHECK(done.context == 1);
      CHECK(done.frames == (size + 1447) / 1448);
      CHECK(bench.last_work.aead_bytes == size);
      at += size;
    }
    CHECK(send(bench, stream, at, stream.plain.size() - at).frames == 1);
    CHECK(payload_of(bench) == stream.wire);
    const hw::TxCounters& counters = bench.unit.counters();
    CHECK(counters.packets == 5);
    CHECK(counters.frames == bench.frames.size());
    CHECK(counters.encrypted_packets == 5);
    CHECK(counters.encrypted_bytes == stream.wire.size());
    CHECK(counters.parameter_operations == 2);
    CHECK(counters.count(TxReason::ok) == 7);
  }
}

TEST_CASE("the context is the one that is named, whatever the addresses") {
  TxBench bench;
  bench.install(1, keys12, start);
  bench.install(2, keys13, start);
  const TxStream one(keys12, {500});
  const TxStream two(keys13, {500});
  CHECK(send(bench, two, 0, two.plain.size(), 0, 2).status == TLSNIC_TX_OK);
  CHECK(send(bench, one, 0, one.plain.size(), 0, 1).status == TLSNIC_TX_OK);
  Buffer both = two.wire;
  both.insert(both.end(), one.wire.begin(), one.wire.end());
  CHECK(payload_of(bench) == both);
}

TEST_CASE("out of order: dropped, counted, and the context stays") {
  TxBench bench;
  bench.install(1, keys12, start);
  const TxStream stream(keys12, {5000, 5000});
  REQUIRE(send(bench, stream, 0, 3000, 1000).status == TLSNIC_TX_OK);
  const std::size_t frames = bench.frames.size();
  const hw::TxContext before = context_of(bench);
  const auto done = send(bench, stream, 1000, 1000);
  CHECK(done.status == TLSNIC_TX_OUT_OF_SEQUENCE);
  CHECK(done.frames == 0);
  CHECK(send(bench, stream, 4000, 1000).status == TLSNIC_TX_OUT_OF_SEQUENCE);
  CHECK(bench.frames.size() == frames);
  CHECK(equal(context_of(bench), before));
  CHECK(bench.unit.counters().count(TxReason::out_of_sequence) == 2);
  CHECK(bench.unit.counters().packets == 1);
  CHECK(send(bench, stream, 3000, 7058 - 3000, 1000).status == TLSNIC_TX_OK);
}

TEST_CASE("retransmission: parameters, DUMPs, the packet; then back to the new data") {
  for (const TrafficKeys& keys : {keys12, keys13}) {
    TxBench bench;
    bench.install(1, keys, start);
    const TxStream stream(keys, {4000, 4000, 4000, 4000});
    const std::size_t sent = 10000;
    REQUIRE(send(bench, stream, 0, sent, 1000).status == TLSNIC_TX_OK);

    const auto rebuild = [&](std::size_t offset, std::size_t piece) {
      const std::size_t record = stream.record_at(offset);
      std::size_t at = stream.starts[record];
      CHECK(bench.progress_params(1, sequence(at), record).status == TLSNIC_TX_OK);
      while (at < offset) {
        const std::size_t n = std::min(piece, offset - at);
        const auto done = bench.dump(1, sequence(at), stream.plain_bytes(at, n));
        CHECK(done.status == TLSNIC_TX_OK);
        CHECK(done.frames == 0);
        at += n;
      }
    };
    const std::size_t frames = bench.frames.size();
    rebuild(5500, 700);
    CHECK(bench.frames.size() == frames);  // a DUMP is not transmitted
    CHECK(bench.unit.counters().dump_bytes == 5500 - stream.starts[1]);
    CHECK(send(bench, stream, 5500, 1000).status == TLSNIC_TX_OK);
    CHECK(stream.is_wire(5500, payload_of(bench, frames)));

    CHECK(send(bench, stream, sent, 1000).status == TLSNIC_TX_OUT_OF_SEQUENCE);
    rebuild(sent, 1500);
    CHECK(send(bench, stream, sent, stream.plain.size() - sent, 1000).status == TLSNIC_TX_OK);
    CHECK(stream.is_wire(sent, payload_of(bench, frames + 1)));
  }
}

TEST_CASE("a DUMP out of order, or of what is no record, changes nothing") {
  TxBench bench;
  bench.install(1, keys12, start);
  const TxStream stream(keys12, {4000});
  const hw::TxContext before = context_of(bench);
  CHECK(bench.dump(1, sequence(1), stream.plain_bytes(1, 100)).status == TLSNIC_TX_OUT_OF_SEQUENCE);
  CHECK(bench.dump(1, sequence(0), Buffer(100)).status == TLSNIC_TX_BAD_HEADER);
  CHECK(bench.dump(1, sequence(0), Buffer()).status == TLSNIC_TX_BAD_LENGTH);
  CHECK(bench.dump(1, sequence(0), Buffer(TLSNIC_TX_MAX_DUMP + 1)).status == TLSNIC_TX_BAD_LENGTH);
  CHECK(bench.dump(7, sequence(0), stream.plain_bytes(0, 100)).status == TLSNIC_TX_NO_CONTEXT);
  CHECK(equal(context_of(bench), before));
}

TEST_CASE("what has no payload passes and changes nothing, known context or not") {
  TxBench bench;
  bench.install(1, keys12, start);
  const hw::TxContext before = context_of(bench);
  for (const std::uint32_t context : {1u, 5u, 0xffffffffu})
    for (const std::uint8_t flags : {tcp_ack, std::uint8_t{tcp_ack | tcp_fin}, tcp_rst})
      CHECK(bench.send(unfinished_packet(12345, {}, flags), tls, context).status == TLSNIC_TX_OK);
  CHECK(payload_of(bench).empty());
  CHECK(bench.frames.size() == 9);
  CHECK(equal(context_of(bench), before));
  CHECK(bench.unit.counters().encrypted_packets == 0);
}

TEST_CASE("packets that are no TCP segments pass untouched if nothing is asked for") {
  TxBench bench;
  Buffer arp(42, 0xff);
  store_be16(&arp[12], 0x0806);
  CHECK(bench.send(arp, 0).status == TLSNIC_TX_OK);
  CHECK(bench.frames == std::vector<Buffer>{arp});
  for (const unsigned flag : {TLSNIC_TX_CHECKSUM, TLSNIC_TX_SEGMENT, TLSNIC_TX_TLS})
    CHECK(bench.send(arp, flag).status == TLSNIC_TX_BAD_PACKET);
  // A finished TCP frame is not looked into either.
  const Buffer unfinished = unfinished_packet(1, Buffer(10));
  CHECK(bench.send(unfinished, 0, 0, 4).status == TLSNIC_TX_OK);
  CHECK(bench.frames.back() == unfinished);
  CHECK(bench.send(unfinished, TLSNIC_TX_CHECKSUM, 0, 4).frames == 1);  // mss without SEGMENT
  CHECK(bench.send(unfinished, TLSNIC_TX_SEGMENT, 0, 4).frames == 3);
}

TEST_CASE("a packet that cannot leave is refused before it moves the context") {
  TxBench bench;
  bench.install(1, keys12, start);
  const TxStream stream(keys12, {16384, 16384, 16384, 16384});
  const hw::TxContext before = context_of(bench);
  const Buffer bytes = stream.plain_bytes(0, 3000);
  CHECK(bench.send(unfinished_packet(start, bytes, tcp_syn), tls, 1).status ==
        TLSNIC_TX_BAD_PACKET);
  CHECK(bench.send(unfinished_packet(start, bytes, tcp_rst), tls | TLSNIC_TX_SEGMENT, 1, 1000)
            .status == TLSNIC_TX_BAD_PACKET);
  CHECK(bench.send(unfinished_packet(start, stream.plain_bytes(0, 65510)), tls, 1).status ==
        TLSNIC_TX_BAD_LENGTH);
  Buffer headers_lie = unfinished_packet(start, bytes);
  headers_lie[14 + 20 + 12] = 0x40;  // TCP header of 16 bytes
  CHECK(bench.send(headers_lie, tls, 1).status == TLSNIC_TX_BAD_PACKET);
  CHECK(equal(context_of(bench), before));
  CHECK(bench.frames.empty());
  CHECK(send(bench, stream, 0, 65000, 1448).status == TLSNIC_TX_OK);
  CHECK(stream.is_wire(0, payload_of(bench)));
}

TEST_CASE("contexts and keys that are not there") {
  TxBench bench;
  const TxStream stream(keys12, {1000});
  CHECK(bench.unit.create_context(8) == TLSNIC_STATUS_BAD_OBJECT);  // small_nic() has eight
  CHECK(bench.unit.create_context(0xffffffff) == TLSNIC_STATUS_BAD_OBJECT);
  CHECK(bench.unit.destroy_context(1) == TLSNIC_STATUS_BAD_OBJECT);
  for (const std::uint32_t id : {1u, 8u, 0xffffffffu}) {
    CHECK(send(bench, stream, 0, 100, 0, id).status == TLSNIC_TX_NO_CONTEXT);
    CHECK(bench.static_params(id, 0, keys12).status == TLSNIC_TX_NO_CONTEXT);
    CHECK(bench.progress_params(id, 0, 0).status == TLSNIC_TX_NO_CONTEXT);
  }
  CHECK(bench.unit.create_context(1) == TLSNIC_STATUS_OK);
  CHECK(bench.unit.create_context(1) == TLSNIC_STATUS_IN_USE);
  CHECK(send(bench, stream, 0, 100).status == TLSNIC_TX_NO_PARAMETERS);
  CHECK(bench.progress_params(1, start, 0).status == TLSNIC_TX_NO_PARAMETERS);
  CHECK(bench.static_params(1, 1, keys12).status == TLSNIC_TX_NO_KEY);
  CHECK(bench.static_params(1, 0xffffffff, keys12).status == TLSNIC_TX_NO_KEY);
  bench.keys.create(1, Bytes(keys12.key).first(16));
  CHECK(bench.static_params(1, 1, keys12).status == TLSNIC_TX_OK);
  CHECK(send(bench, stream, 0, 100).status == TLSNIC_TX_NO_PARAMETERS);
  CHECK(bench.progress_params(1, start, 0).status == TLSNIC_TX_OK);
  CHECK(send(bench, stream, 0, 100).status == TLSNIC_TX_OK);
  bench.keys.destroy(1);
  CHECK(send(bench, stream, 100, 100).status == TLSNIC_TX_NO_KEY);
  CHECK(bench.unit.destroy_context(1) == TLSNIC_STATUS_OK);
  CHECK(send(bench, stream, 100, 100).status == TLSNIC_TX_NO_CONTEXT);
  CHECK(bench.frames.size() == 1);
}

TEST_CASE("static parameters: versions that do not exist; a running context stops") {
  TxBench bench;
  bench.install(1, keys12, start);
  const TxStream stream(keys12, {1000});
  REQUIRE(send(bench, stream, 0, 500).status == TLSNIC_TX_OK);
  const hw::TxContext before = context_of(bench);
  for (const int version : {0, 1, 4, 255}) {
    tlsnic_tx_descriptor descriptor{};
    descriptor.opcode = TLSNIC_TX_OP_STATIC_PARAMS;
    descriptor.context = 1;
    descriptor.body.static_params.key_index = 1;
    descriptor.body.static_params.tls_version = static_cast<std::uint8_t>(version);
    bench.post(descriptor);
    CHECK(bench.completions.back().status == TLSNIC_TX_BAD_DESCRIPTOR);
  }
  CHECK(equal(context_of(bench), before));

  // New keys in the middle of a record make no sense: the place in the stream must be given again.
  bench.keys.create(3, Bytes(keys13.key));
  REQUIRE(bench.static_params(1, 3, keys13).status == TLSNIC_TX_OK);
  CHECK(send(bench, stream, 500, 500).status == TLSNIC_TX_NO_PARAMETERS);
  const TxStream fresh(keys13, {1000});
  REQUIRE(bench.progress_params(1, start, 0).status == TLSNIC_TX_OK);
  CHECK(send(bench, fresh, 0, fresh.plain.size()).status == TLSNIC_TX_OK);
  CHECK(fresh.is_wire(0, payload_of(bench, 1)));
}

TEST_CASE("a context that is not on the chip is fetched once") {
  TxBench bench;
  for (const std::uint32_t id : {1u, 2u, 3u}) bench.install(id, keys12, start);
  const TxStream stream(keys12, {1000});
  const auto fetched = [&](std::uint32_t id, std::size_t offset) {
    REQUIRE(send(bench, stream, offset, 100, 0, id).status == TLSNIC_TX_OK);
    return bench.last_work.context_fetched;
  };
  CHECK(fetched(1, 0));  // two fit: 2 and 3 were used last
  CHECK_FALSE(fetched(1, 100));
  CHECK_FALSE(fetched(3, 0));
  CHECK(fetched(2, 0));
}

TEST_CASE("any mix of packets, retransmissions and lies: what is on the wire is right") {
  CHECK(rc::check([] {
    const TrafficKeys& keys = *rc::gen::arbitrary<bool>() ? keys12 : keys13;
    const TxStream stream(keys, *rc::gen::container<std::vector<std::size_t>>(
                                    8, rc::gen::inRange<std::size_t>(0, 9000)));
    TxBench bench;
    bench.install(1, keys, start);
    Receiver receiver(keys, {}, start);
    std::size_t next = 0;
    for (int i = 0; i < 60; ++i) {
      const std::size_t size =
          std::min(stream.plain.size() - next, *rc::gen::inRange<std::size_t>(1, 12000));
      const auto mss = *rc::gen::element<std::uint16_t>(0, 100, 536, 1448);
      const std::size_t frames = bench.frames.size();
      bool sent = false;
      const int what = *rc::gen::inRange(0, 6);
      if (what <= 1 && size > 0) {
        const auto done = send(bench, stream, next, size, mss);
        sent = done.status == TLSNIC_TX_OK;
        RC_ASSERT(sent || done.status == TLSNIC_TX_OUT_OF_SEQUENCE);
      } else if (what <= 3 && size > 0) {
        const std::size_t record = stream.record_at(next);
        const std::size_t begin = stream.starts[record];
        bench.progress_params(1, sequence(begin), record);
        if (begin < next) bench.dump(1, sequence(begin), stream.plain_bytes(begin, next - begin));
        sent = send(bench, stream, next, size, mss).status == TLSNIC_TX_OK;
        RC_ASSERT(sent);
      } else if (what == 4) {
        const Buffer noise = *rc::gen::nonEmpty<Buffer>();
        const hw::TxContext before = context_of(bench);
        const auto sn = *rc::gen::arbitrary<std::uint32_t>();
        if (sn != before.expected_sequence)
          RC_ASSERT(bench.dump(1, sn, noise).status == TLSNIC_TX_OUT_OF_SEQUENCE);
        RC_ASSERT(equal(context_of(bench), before));
      } else {
        next = *rc::gen::inRange<std::size_t>(0, next + 1);  // TCP goes back
        continue;
      }
      for (std::size_t f = frames; f < bench.frames.size(); ++f) {
        const ParsedFrame parsed = parse_frame(bench.frames[f]);
        RC_ASSERT(parsed.kind == FrameKind::tcp);
        RC_ASSERT(tcp_checksum_is_right(bench.frames[f], parsed));
        const Bytes payload = parsed.payload(bench.frames[f]);
        RC_ASSERT(stream.is_wire(parsed.sequence - start, Buffer(payload.begin(), payload.end())));
      }
      if (sent) next += size;
    }
  }));
}
