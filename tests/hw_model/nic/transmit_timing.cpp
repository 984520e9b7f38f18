// When frames leave, against what the parameters of the units say, computed here by hand.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/hw_model/nic/unit_times.h"
#include "tests/hw_model/tls/tx_bench.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

using hw::Picoseconds;

// Nothing else under way: when an operation has left the TLS unit.
Picoseconds through(const hw::NicParameters& p, std::uint64_t bytes, std::uint64_t descriptors,
                    std::uint64_t aead, std::uint64_t records) {
  return p.clock_period *
         (occupied(p.tx_dma, bytes + 64 * descriptors) + p.tx_dma.latency_cycles +
          occupied(p.tx_tls, aead) + p.tx_tls.latency_cycles + records * p.tls_cycles_per_record);
}

const hw::StageStatistics& unit_of(const std::vector<hw::StageStatistics>& units,
                                   const std::string& name) {
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const auto& unit) { return unit.name == name; });
  if (found == units.end()) throw std::logic_error("no unit " + name);
  return *found;
}

}  // namespace

TEST_CASE("a packet alone takes the sum of the units' times, and leaves with its last bit") {
  in_child([] {
    const hw::NicParameters p = odd_parameters();
    Bench bench(p);
    bench.bring_up();
    TestConnection connection;
    bench.install_tx(connection);
    bench.run(1'000'000);
    const TxStream stream(connection.keys, {978, 2000, 5000});  // 1000 bytes are the first record
    Picoseconds posted = bench.now();
    const auto since = [&](Picoseconds time) { return time - posted; };

    bench.transmit(unfinished_packet(connection.start, stream.plain_bytes(0, 1200)), TLSNIC_TX_TLS);
    CHECK(since(bench.sent.back().time) == through(p, 1254, 1, 1200, 1) + 1254 * p.wire_per_byte);

    posted = bench.now();
    const Buffer packet = arp_frame(1, 1000);
    bench.post_packet(packet, 0, 0, 0, 300);
    bench.ring_tx_producer();
    bench.settle();
    CHECK(since(bench.sent.back().time) == through(p, 1000, 4, 0, 0) + 1000 * p.wire_per_byte);
    CHECK(bench.poll_tx()->time_ns == bench.sent.back().time / 1000);

    posted = bench.now();
    auto done = bench.transmit(tx_progress_params(0, connection.start, 0));
    CHECK(done.time_ns == (posted + through(p, 0, 1, 0, 0)) / 1000);
    CHECK(bench.reports.back().time == posted + through(p, 0, 1, 0, 0));

    posted = bench.now();
    bench.transmit(tx_dump(0, connection.start, bench.put(stream.plain_bytes(0, 600)), 600));
    CHECK(since(bench.reports.back().time) == through(p, 600, 1, 600, 0));

    posted = bench.now();
    bench.transmit(unfinished_packet(connection.start, Buffer(50)), TLSNIC_TX_TLS);
    CHECK(bench.reports.back().reason == hw::TxReason::out_of_sequence);
    CHECK(since(bench.reports.back().time) == through(p, 104, 1, 0, 0));
  });
}

TEST_CASE("the first operation of a connection brings its context from host memory") {
  in_child([] {
    hw::NicParameters p = odd_parameters();
    p.cached_contexts = 1;
    Bench bench(p);
    bench.bring_up();
    std::vector<TestConnection> connections(2);
    connections[1].index = 1;
    for (const auto& connection : connections) bench.install_tx(connection);
    const auto misses = bench.nic.tx_contexts().misses();
    const auto is_fetched = [&](std::uint32_t context) {
      const Picoseconds posted = bench.now();
      bench.transmit(tx_progress_params(context, 5, 0));
      const Picoseconds took = bench.reports.back().time - posted;
      CHECK((took == through(p, 0, 1, 0, 0) || took == through(p, 0, 1, 0, 0) + p.context_fetch));
      return took != through(p, 0, 1, 0, 0);
    };
    CHECK_FALSE(is_fetched(1));
    CHECK(is_fetched(0));
    CHECK_FALSE(is_fetched(0));
    CHECK(is_fetched(1));
    CHECK(bench.nic.tx_contexts().misses() == misses + 2);
  });
}

TEST_CASE("each frame of a large packet leaves at its own time, and the wire is never idle") {
  in_child([] {
    const hw::NicParameters p = odd_parameters();
    Bench bench(p);
    bench.bring_up();
    for (int i = 0; i < 3; ++i)
      bench.post_packet(unfinished_packet(1, Buffer(10 * 1000 + 10)), TLSNIC_TX_SEGMENT, 0, 1000);
    bench.ring_tx_producer();
    bench.settle();
    REQUIRE(bench.sent.size() == 33);
    for (std::size_t i = 1; i < bench.sent.size(); ++i)
      CHECK(bench.sent[i].time - bench.sent[i - 1].time ==
            bench.sent[i].bytes.size() * p.wire_per_byte);
    Picoseconds busy = 0;
    for (const auto& frame : bench.sent) busy += frame.bytes.size() * p.wire_per_byte;
    const auto units = bench.nic.unit_statistics();
    CHECK(unit_of(units, "tx_mac").packets == 33);
    CHECK(unit_of(units, "tx_mac").busy == busy);
    CHECK(unit_of(units, "tx_tls").packets == 3);
    CHECK(unit_of(units, "tx_tls").busy == 3 * p.clock_period * occupied(p.tx_tls, 0));
    CHECK(unit_of(units, "tx_dma").packets == 3);
    CHECK(unit_of(units, "tx_dma").busy ==
          3 * p.clock_period * occupied(p.tx_dma, 54 + 10'010 + 64));
  });
}

TEST_CASE("packets one behind the other leave at the rate of the slowest unit") {
  const auto slowest = GENERATE(as<std::string>{}, "dma", "tls", "wire", "defaults");
  in_child([&] {
    hw::NicParameters p;
    p.context_fetch = 0;
    p.wire_per_byte = slowest == "wire" ? 2000 : slowest == "defaults" ? 80 : 0;
    if (slowest == "dma") p.tx_dma = {8, 1, 5000};
    if (slowest == "tls") p.tx_tls = {8, 1, 5000};
    Bench bench(p);
    bench.bring_up();
    TestConnection connection;
    bench.install_tx(connection);
    const TxStream stream(connection.keys, std::vector<std::size_t>(40, 978));
    for (std::uint32_t i = 0; i < 40; ++i)
      bench.post_packet(
          unfinished_packet(connection.start + i * 1000, stream.plain_bytes(i * 1000, 1000)),
          TLSNIC_TX_TLS);
    bench.ring_tx_producer();
    bench.settle();
    const Picoseconds gap =
        std::max({1054 * p.wire_per_byte, p.clock_period * occupied(p.tx_dma, 1054 + 64),
                  p.clock_period * (occupied(p.tx_tls, 1000) + p.tls_cycles_per_record)});
    REQUIRE(bench.sent.size() == 40);
    for (std::size_t i = 1; i < 40; ++i) CHECK(bench.sent[i].time - bench.sent[i - 1].time == gap);
  });
}

TEST_CASE("a fence lets every operation before take effect first") {
  in_child([] {
    hw::NicParameters p = odd_parameters();
    p.tx_tls.latency_cycles = 5000;
    p.tx_dma = {1, 64, 0};
    Bench bench(p);
    const auto gap = [&](unsigned flags) {
      bench.write32(TLSNIC_DB_CONTROL, 0);
      bench.bring_up();
      bench.reports.clear();
      bench.post_tx(tx_operation(TLSNIC_TX_OP_NOP));
      bench.post_tx(tx_operation(TLSNIC_TX_OP_NOP, 0, flags));
      bench.ring_tx_producer();
      bench.settle();
      return bench.reports.at(1).time - bench.reports.at(0).time;
    };
    CHECK(gap(0) == p.clock_period * occupied(p.tx_tls, 0));
    CHECK(gap(TLSNIC_TX_FENCE) == p.clock_period * (occupied(p.tx_tls, 0) + 5000));
  });
}

TEST_CASE("parameters behind a packet take effect while it leaves, and are answered after it") {
  in_child([] {
    const hw::NicParameters p = odd_parameters();
    Bench bench(p);
    bench.bring_up();
    bench.post_packet(arp_frame(1, 10'000), 0);
    bench.post_tx(tx_operation(TLSNIC_TX_OP_NOP));
    bench.ring_tx_producer();
    bench.run(p.wire_per_byte * 10'000);  // not long enough for DMA and wire
    CHECK_FALSE(bench.poll_tx());
    bench.settle();
    const auto packet = bench.poll_tx();
    const auto nop = bench.poll_tx();
    REQUIRE((packet && nop));
    CHECK(packet->time_ns == bench.now() / 1000);
    CHECK(nop->time_ns < packet->time_ns);
  });
}

TEST_CASE("the path takes no more from the ring than its buffer holds") {
  in_child([] {
    hw::NicParameters p = odd_parameters();
    p.tx_buffer_bytes = 5000;
    p.wire_per_byte = 100'000;
    Bench bench(p);
    bench.bring_up();
    for (int i = 0; i < 20; ++i) bench.post_packet(arp_frame(1, 1000), 0);
    const std::uint64_t reads = bench.memory.reads;
    bench.ring_tx_producer();
    bench.run(10'000'000);
    CHECK(bench.memory.reads == reads + 1 + 5);  // the descriptors, five packets
    bench.settle();
    CHECK(bench.sent.size() == 20);
    for (std::size_t i = 1; i < 20; ++i)
      CHECK(bench.sent[i].time - bench.sent[i - 1].time == 1000 * p.wire_per_byte);
  });
}

TEST_CASE("one timed event per frame, and one more per operation") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    const auto events = [&](int operations, const Buffer& packet, unsigned flags,
                            std::uint16_t mss) {
      for (int i = 0; i < operations; ++i) bench.post_packet(packet, flags, 0, mss);
      const auto before = sc_core::sc_delta_count();
      bench.ring_tx_producer();
      bench.settle();
      return sc_core::sc_delta_count() - before;
    };
    // sc_start itself may take one.
    CHECK(events(10, unfinished_packet(1, Buffer(45 * 1448)), TLSNIC_TX_SEGMENT, 1448) <= 461);
    CHECK(bench.sent.size() == 450);
    CHECK(events(50, arp_frame(1, 1000), 0, 0) <= 101);
    CHECK(bench.sent.size() == 500);
  });
}
