// TLS on the way down: what leaves the chip is what OpenSSL seals (record_stream.h), and another
// chip opens it.
#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/hw_model/tls/tx_bench.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

TestConnection connection_of(TlsVersion version, TlsCipher cipher) {
  TestConnection connection;
  connection.keys = test_keys(version, cipher);
  connection.index = 2;
  connection.record_number = 41;
  return connection;
}

TxStream stream_of(const TestConnection& connection, const std::vector<std::size_t>& sizes) {
  return TxStream(connection.keys, sizes, connection.record_number, 3);
}

Buffer segment(const TestConnection& connection, const TxStream& stream, std::size_t offset,
               std::size_t size) {
  return unfinished_packet(connection.start + static_cast<std::uint32_t>(offset),
                           stream.plain_bytes(offset, size));
}

// Payload bytes of all frames that left, in their order.
Buffer payload_sent(const Bench& bench) {
  Buffer joined;
  for (const auto& frame : bench.sent) {
    const ParsedFrame parsed = parse_frame(frame.bytes);
    const bool is_right =
        parsed.kind == FrameKind::tcp && tcp_checksum_is_right(frame.bytes, parsed);
    if (!is_right) throw std::logic_error("a frame with a wrong checksum");
    const Bytes part = parsed.payload(frame.bytes);
    joined.insert(joined.end(), part.begin(), part.end());
  }
  return joined;
}

}  // namespace

TEST_CASE("property: any segmentation of any records leaves as OpenSSL seals them") {
  for (const auto version : {TlsVersion::tls12, TlsVersion::tls13}) {
    for (const auto cipher : {TlsCipher::aes_gcm_128, TlsCipher::aes_gcm_256}) {
      in_child([&] {
        Bench bench;
        const TestConnection connection = connection_of(version, cipher);
        CHECK(rc::check("transmit is seal", [&] {
          bench.write32(TLSNIC_DB_CONTROL, 0);
          bench.bring_up();
          bench.install_tx(connection);
          bench.sent.clear();
          const auto sizes =
              *rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(rc::gen::oneOf(
                  rc::gen::inRange<std::size_t>(0, 60), rc::gen::inRange<std::size_t>(0, 16385))));
          const TxStream stream = stream_of(connection, sizes);
          for (std::size_t at = 0; at < stream.plain.size();) {
            const auto wanted = *rc::gen::oneOf(rc::gen::inRange<std::size_t>(1, 40),
                                                rc::gen::inRange<std::size_t>(1, 60000));
            const auto mss = *rc::gen::element<std::uint16_t>(0, 200, 1448, 9000);
            const std::size_t size = std::min(wanted, stream.plain.size() - at);
            const auto done = bench.transmit(segment(connection, stream, at, size),
                                             TLSNIC_TX_TLS | (mss > 0 ? TLSNIC_TX_SEGMENT : 0u),
                                             connection.index, mss);
            RC_ASSERT(done.status == TLSNIC_TX_OK);
            RC_ASSERT(done.context == connection.index);
            at += size;
            if (*rc::gen::inRange(0, 4) == 0)  // a pure ACK
              bench.transmit(segment(connection, stream, at, 0), TLSNIC_TX_TLS, connection.index);
          }
          RC_ASSERT(payload_sent(bench) == stream.wire);
          RC_ASSERT(bench.memory.stray_writes == 0u);
        }));
      });
    }
  }
}

TEST_CASE("a segment out of sequence is dropped and changes nothing") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const auto connection = connection_of(TlsVersion::tls13, TlsCipher::aes_gcm_256);
    bench.install_tx(connection);
    const TxStream stream = stream_of(connection, {5000});
    const auto pass = [&](std::size_t offset, std::size_t size) {
      return bench
          .transmit(segment(connection, stream, offset, size), TLSNIC_TX_TLS, connection.index)
          .status;
    };
    CHECK(pass(0, 1000) == TLSNIC_TX_OK);
    const tlsnic_tx_context before = bench.dump_tx_context(connection.index);
    for (const std::size_t offset : {0u, 999u, 1001u, 3000u})
      CHECK(pass(offset, 1000) == TLSNIC_TX_OUT_OF_SEQUENCE);
    const tlsnic_tx_context after = bench.dump_tx_context(connection.index);
    CHECK(std::memcmp(&before, &after, sizeof before) == 0);
    CHECK(before.expected_sequence == connection.start + 1000);
    CHECK(before.state == TLSNIC_TX_STATE_RUNNING);
    CHECK(bench.sent.size() == 1);
    CHECK(bench.reports.back().reason == hw::TxReason::out_of_sequence);
    CHECK(bench.reports.back().sequence == connection.start + 3000);
    CHECK(bench.nic.tx_counters().count(hw::TxReason::out_of_sequence) == 4);
    CHECK(pass(1000, stream.plain.size() - 1000) == TLSNIC_TX_OK);
    CHECK((payload_sent(bench) == stream.wire));
    CHECK(bench.nic.tx_counters().encrypted_packets == 2);
    CHECK(bench.nic.tx_counters().encrypted_bytes == stream.wire.size());
  });
}

TEST_CASE("a record is rebuilt by parameters and DUMPs, whatever byte goes on the wire again") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const auto connection = connection_of(TlsVersion::tls12, TlsCipher::aes_gcm_128);
    bench.install_tx(connection);
    const TxStream stream = stream_of(connection, {300, 2000, 700});
    const std::uint32_t context = connection.index;
    bench.transmit(segment(connection, stream, 0, stream.plain.size()), TLSNIC_TX_TLS, context);
    for (std::size_t offset = 0; offset < stream.plain.size(); offset += 13) {
      const std::size_t size = std::min<std::size_t>(1000, stream.plain.size() - offset);
      const std::size_t record = stream.record_at(offset);
      const std::size_t begin = stream.starts[record];
      // All of it with one doorbell, as a driver does.
      bench.post_tx(tx_static_params(context, context, connection.keys));
      bench.post_tx(tx_progress_params(context,
                                       connection.start + static_cast<std::uint32_t>(begin),
                                       connection.record_number + record));
      unsigned operations = 4;
      for (std::size_t at = begin; at < offset; at += 700, ++operations) {
        const std::size_t piece = std::min<std::size_t>(700, offset - at);
        bench.post_tx(tx_dump(context, connection.start + static_cast<std::uint32_t>(at),
                              bench.put(stream.plain_bytes(at, piece)), piece));
      }
      bench.post_tx(tx_operation(TLSNIC_TX_OP_NOP, 0, TLSNIC_TX_FENCE));
      bench.post_packet(segment(connection, stream, offset, size), TLSNIC_TX_TLS, context);
      bench.sent.clear();
      bench.ring_tx_producer();
      bench.settle();
      for (unsigned i = 0; i < operations; ++i) {
        const auto done = bench.poll_tx();
        REQUIRE(done.has_value());
        REQUIRE(done->status == TLSNIC_TX_OK);
      }
      REQUIRE(bench.sent.size() == 1);
      REQUIRE(stream.is_wire(offset, payload_sent(bench)));
    }
    CHECK(bench.nic.tx_counters().dump_operations > 100);
    CHECK(bench.nic.tx_counters().parameter_operations > 400);
  });
}

TEST_CASE("packets with and without TLS, of several connections, keep their order") {
  in_child([] {
    Bench bench;
    RingSizes sizes;
    sizes.tx_descriptors = sizes.tx_completions = 128;
    bench.bring_up(sizes);
    std::vector<TestConnection> connections(2);
    std::vector<TxStream> streams;
    for (std::uint32_t i = 0; i < 2; ++i) {
      connections[i].index = i;
      connections[i].start = 1000 + i;
      bench.install_tx(connections[i]);
      streams.push_back(stream_of(connections[i], {16000, 16000, 16000}));
    }
    for (std::size_t i = 0; i < 30; ++i) {
      bench.post_packet(segment(connections[i % 2], streams[i % 2], i / 2 * 3000, 3000),
                        TLSNIC_TX_TLS | TLSNIC_TX_SEGMENT, static_cast<std::uint32_t>(i % 2), 1500);
      bench.post_packet(arp_frame(static_cast<std::uint8_t>(i)), 0);
      bench.post_packet(unfinished_packet(static_cast<std::uint32_t>(i), {}), TLSNIC_TX_CHECKSUM);
    }
    bench.ring_tx_producer();
    bench.settle();
    REQUIRE(bench.sent.size() == 30 * 4);
    for (std::size_t i = 0; i < 30; ++i) {
      const std::size_t offset = i / 2 * 3000;
      for (std::size_t half = 0; half < 2; ++half) {
        const Buffer& frame = bench.sent[4 * i + half].bytes;
        const Buffer payload(frame.begin() + 54, frame.end());
        CHECK(payload.size() == 1500);
        CHECK(streams[i % 2].is_wire(offset + half * 1500, payload));
      }
      CHECK((bench.sent[4 * i + 2].bytes == arp_frame(static_cast<std::uint8_t>(i))));
      CHECK(parse_frame(bench.sent[4 * i + 3].bytes).sequence == i);
    }
  });
}

TEST_CASE("what one chip sends, the other one decrypts") {
  in_child([] {
    Bench sender({}, "sender");
    Bench receiver({}, "receiver");
    std::vector<Buffer> delivered;
    sender.on_sent = [&](Buffer frame) { receiver.send(std::move(frame)); };
    sender.bring_up();
    receiver.bring_up({16, 16, 1024, 1024, 2048});
    std::uint32_t index = 0;
    for (const auto version : {TlsVersion::tls12, TlsVersion::tls13}) {
      TestConnection connection = connection_of(version, TlsCipher::aes_gcm_128);
      connection.index = index++;
      const TxStream stream = stream_of(connection, {16384, 1, 0, 5000, 16384, 16384, 16384, 900});
      sender.install_tx(connection);
      receiver.install(connection);
      for (std::size_t at = 0; at < stream.plain.size(); at += 30000) {
        const std::size_t size = std::min<std::size_t>(30000, stream.plain.size() - at);
        CHECK(sender
                  .transmit(segment(connection, stream, at, size),
                            TLSNIC_TX_TLS | TLSNIC_TX_SEGMENT, connection.index, 1448)
                  .status == TLSNIC_TX_OK);
      }
      receiver.settle();
      std::size_t at = 0;
      for (const Received& received : receiver.receive_all()) {
        CHECK(received.completion.tls == TLSNIC_TLS_DECRYPTED);
        CHECK(received.completion.context == connection.index);
        const Bytes payload = parse_frame(received.bytes).payload(received.bytes);
        CHECK(std::equal(payload.begin(), payload.end(),
                         stream.clear.begin() + static_cast<std::ptrdiff_t>(at)));
        at += payload.size();
      }
      CHECK(at == stream.clear.size());
      receiver.offer(1024);
      receiver.command(flow_command(TLSNIC_CMD_FLOW_DELETE, connection));
    }
  });
}
