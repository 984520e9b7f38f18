// Packets from host memory to the wire without TLS: bytes, checksums, cutting, order, completions.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/hw_model/tls/tx_bench.h"

using namespace tlsnic;
using namespace tlsnic::testing;

TEST_CASE("a packet of one or of many fragments leaves as it came") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const Buffer packet = tcp_frame(ipv4_tuple(), 77, Buffer(900, 5));
    for (const std::size_t piece : {packet.size(), std::size_t{400}, std::size_t{17}}) {
      bench.sent.clear();
      bench.post_packet(packet, 0, 99, 0, piece);
      bench.ring_tx_producer();
      bench.settle();
      REQUIRE(bench.sent.size() == 1);
      CHECK((bench.sent[0].bytes == packet));
      const auto done = bench.poll_tx();
      REQUIRE(done.has_value());
      CHECK(done->status == TLSNIC_TX_OK);
      CHECK(done->opcode == TLSNIC_TX_OP_SEND);
      CHECK(done->frames == 1);
      CHECK(done->descriptors == (packet.size() + piece - 1) / piece);
      CHECK(done->context == TLSNIC_NO_CONTEXT);
      CHECK(done->time_ns == bench.sent[0].time / 1000);
      CHECK_FALSE(bench.poll_tx());
    }
    CHECK(bench.nic.tx_counters().packets == 3);
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("a packet whose last fragments come with a later doorbell waits for them") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const Buffer packet = arp_frame(3, 100);
    const std::uint64_t address = bench.put(packet);
    bench.post_tx(tx_fragment(address, 40, TLSNIC_TX_FIRST));
    bench.ring_tx_producer();
    bench.settle();
    CHECK(bench.sent.empty());
    bench.post_tx(tx_fragment(address + 40, 60, TLSNIC_TX_LAST));
    bench.ring_tx_producer();
    bench.settle();
    REQUIRE(bench.sent.size() == 1);
    CHECK((bench.sent[0].bytes == packet));
  });
}

TEST_CASE("checksums and lengths are filled in, in IPv4 and IPv6") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    for (const auto& tuple : {ipv4_tuple(), ipv6_tuple()}) {
      const Buffer right = tcp_frame(tuple, 1234, Buffer(333, 9));
      Buffer unfinished = right;
      const ParsedFrame parsed = parse_frame(right);
      store_be16(&unfinished[parsed.l4_offset + 16], 0xdead);
      const bool is_ipv6 = tuple.source.address.is_ipv6;
      store_be16(&unfinished[parsed.l3_offset + (is_ipv6 ? 4 : 2)], 0);
      if (!is_ipv6) store_be16(&unfinished[parsed.l3_offset + 10], 0xbeef);
      bench.sent.clear();
      CHECK(bench.transmit(unfinished, TLSNIC_TX_CHECKSUM).status == TLSNIC_TX_OK);
      CHECK((bench.sent.at(0).bytes == right));
      // Without the flag the chip does not look.
      CHECK(bench.transmit(unfinished, 0).status == TLSNIC_TX_OK);
      CHECK((bench.sent.at(1).bytes == unfinished));
    }
    CHECK(bench.transmit(arp_frame(1), TLSNIC_TX_CHECKSUM).status == TLSNIC_TX_BAD_PACKET);
  });
}

TEST_CASE("a large packet leaves as frames of mss bytes, one behind the other") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    Buffer payload(45 * 1448 - 100);
    for (std::size_t i = 0; i < payload.size(); ++i)
      payload[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    const std::uint32_t start = 0xffff0000;
    const auto done = bench.transmit(unfinished_packet(start, payload), TLSNIC_TX_SEGMENT, 0, 1448);
    CHECK(done.status == TLSNIC_TX_OK);
    CHECK(done.frames == 45);
    REQUIRE(bench.sent.size() == 45);
    CHECK(done.time_ns == bench.sent.back().time / 1000);
    Buffer joined;
    for (const auto& frame : bench.sent) {
      const ParsedFrame parsed = parse_frame(frame.bytes);
      REQUIRE(parsed.kind == FrameKind::tcp);
      CHECK(tcp_checksum_is_right(frame.bytes, parsed));
      CHECK(parsed.sequence == start + static_cast<std::uint32_t>(joined.size()));
      const Bytes part = parsed.payload(frame.bytes);
      joined.insert(joined.end(), part.begin(), part.end());
    }
    CHECK((joined == payload));
    CHECK(bench.nic.tx_counters().packets == 1);
    CHECK(bench.nic.tx_counters().frames == 45);
  });
}

TEST_CASE("packets of every size leave in the ring's order, over many passes of both rings") {
  in_child([] {
    Bench bench;
    RingSizes sizes;
    sizes.tx_descriptors = 16;
    sizes.tx_completions = 32;
    bench.bring_up(sizes);
    std::vector<Buffer> expected;
    std::uint64_t last_time = 0;
    for (unsigned round = 0; round < 40; ++round) {
      std::uint32_t posted = 0;
      for (unsigned i = 0; i < 5; ++i) {
        const auto size = std::size_t{14} + (round * 5 + i) * 131 % 3000;
        expected.emplace_back(arp_frame(static_cast<std::uint8_t>(round * 5 + i), size));
        bench.post_packet(expected.back(), 0, 0, 0, i == 3 ? size / 4 + 1 : size);
        if (i == 1) bench.post_tx(tx_operation(TLSNIC_TX_OP_NOP));
        posted += i == 1 ? 2 : 1;
      }
      bench.ring_tx_producer();
      bench.settle();
      for (; posted > 0; --posted) {
        const auto done = bench.poll_tx();
        REQUIRE(done.has_value());
        CHECK(done->status == TLSNIC_TX_OK);
        CHECK(done->frames == (done->opcode == TLSNIC_TX_OP_SEND ? 1 : 0));
      }
      REQUIRE_FALSE(bench.poll_tx());
    }
    REQUIRE(bench.sent.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK((bench.sent[i].bytes == expected[i]));
      CHECK(bench.sent[i].time > last_time);
      last_time = bench.sent[i].time;
    }
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("the probe hears of every operation; without probe and wire the chip does the same") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const Buffer packet = unfinished_packet(4000, Buffer(3000, 1));
    bench.transmit(packet, TLSNIC_TX_SEGMENT, 0, 1000);
    const std::uint64_t took = bench.now();
    bench.transmit(tx_operation(TLSNIC_TX_OP_NOP));
    bench.transmit(arp_frame(1), TLSNIC_TX_TLS, 5);
    REQUIRE(bench.reports.size() == 3);
    const hw::TxReport& sent = bench.reports[0];
    CHECK(sent.opcode == TLSNIC_TX_OP_SEND);
    CHECK(sent.reason == hw::TxReason::ok);
    CHECK(sent.context == TLSNIC_NO_CONTEXT);
    CHECK_FALSE(sent.encrypted);
    CHECK(sent.bytes == packet.size());
    CHECK(sent.payload == 3000);
    CHECK(sent.sequence == 4000);
    CHECK(sent.frames == 3);
    CHECK(sent.time == bench.sent.back().time);
    CHECK(bench.reports[1].opcode == TLSNIC_TX_OP_NOP);
    CHECK(bench.reports[2].reason == hw::TxReason::bad_packet);
    CHECK(bench.reports[2].context == 5);
    CHECK(bench.reports[2].frames == 0);

    bench.nic.probe = nullptr;
    bench.nic.wire = nullptr;
    const std::uint64_t posted = bench.now();
    const auto unwatched = bench.transmit(packet, TLSNIC_TX_SEGMENT, 0, 1000);
    CHECK(unwatched.frames == 3);
    CHECK(bench.now() - posted == took);
    CHECK(bench.reports.size() == 3);
    CHECK(bench.sent.size() == 3);
  });
}
