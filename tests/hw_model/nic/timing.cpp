// Time through the chip against what the parameters of its units say, computed here by hand.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/hw_model/nic/unit_times.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

using hw::Picoseconds;

std::uint64_t through(const hw::StageParameters& unit, std::uint64_t bytes) {
  return occupied(unit, bytes) + unit.latency_cycles;
}

// Times at which packets were complete in host memory, for packets sent all at once.
std::vector<Picoseconds> completions(const hw::NicParameters& parameters, std::size_t packets,
                                     std::size_t payload, std::vector<hw::StageStatistics>* units) {
  Bench bench(parameters);
  bench.bring_up({16, 16, 256, 256, 2048});
  TestConnection connection;
  bench.install(connection);
  const RecordStream stream(connection.keys, std::vector<std::size_t>(packets, payload - 22));
  for (std::size_t i = 0; i < packets; ++i)
    bench.send(connection.frame(stream, i * payload, payload));
  bench.settle();
  std::vector<Picoseconds> times;
  for (const auto& seen : bench.seen) times.push_back(seen.completed);
  for (const auto& received : bench.receive_all())
    CHECK(received.completion.tls == TLSNIC_TLS_DECRYPTED);
  if (units != nullptr) *units = bench.nic.unit_statistics();
  return times;
}

constexpr std::size_t payload_bytes = 1000;
constexpr std::size_t header_bytes = 14 + 20 + 20;
constexpr std::size_t frame_bytes = header_bytes + payload_bytes;

}  // namespace

TEST_CASE("a packet alone takes the sum of the units' times") {
  in_child([] {
    const hw::NicParameters p = odd_parameters();
    Bench bench(p);
    bench.bring_up();
    TestConnection connection;
    bench.install(connection);
    const RecordStream stream(connection.keys, {478, 978, 2000});  // 500, 1000, 2022 on the wire
    const auto latency = [&](const Buffer& frame) {
      const Picoseconds sent = bench.now();
      bench.pass(frame);
      CHECK(bench.seen.back().arrival >= sent);
      return bench.seen.back().completed - bench.seen.back().arrival;
    };
    const auto expected = [&](std::size_t headers, std::size_t size, std::size_t aead,
                              std::size_t records) {
      return p.clock_period *
             (through(p.parser, headers) + through(p.checksum, size) + through(p.flow, 0) +
              through(p.tls, aead) + records * p.tls_cycles_per_record + through(p.dma, size));
    };
    bench.run(1'000'000);
    // The first packet of a connection brings its context from host memory.
    CHECK(latency(connection.frame(stream, 0, 1000)) ==
          expected(54, 1054, 1000, 1) + p.context_fetch);
    bench.run(1'000'000);
    CHECK(latency(connection.frame(stream, 1000, 500)) == expected(54, 554, 500, 1));
    CHECK(latency(connection.frame(stream, 1500, 1000, {true, false})) ==
          expected(58, 1058, 1000, 0));
    // What is not decrypted does not go through the cipher.
    CHECK(latency(connection.frame(stream, 0, 700)) == expected(54, 754, 0, 0));
    CHECK(latency(connection.frame(stream, 2500, 100, {false, true})) == expected(54, 154, 0, 0));
    CHECK(latency(tcp_frame(connection.tuple, 1, {})) == expected(54, 54, 0, 0));
    CHECK(latency(arp_frame(1, 60)) == expected(60, 60, 0, 0));
    CHECK(latency(arp_frame(1, 300)) == expected(64, 300, 0, 0));
  });
}

TEST_CASE("the wire spaces frames that come faster than its rate") {
  in_child([] {
    const hw::NicParameters p = odd_parameters();
    Bench bench(p);
    bench.bring_up();
    bench.run(5'000'000);
    for (int i = 0; i < 5; ++i) bench.send(arp_frame(1, 1000));
    bench.settle();
    REQUIRE(bench.seen.size() == 5);
    for (std::size_t i = 1; i < 5; ++i)
      CHECK(bench.seen[i].arrival - bench.seen[i - 1].arrival == 1000 * p.wire_per_byte);
    CHECK(bench.receive().value().completion.time_ns == bench.seen[0].arrival / 1000);
  });
}

TEST_CASE("packets one behind the other come at the rate of the slowest unit") {
  const auto slowest =
      GENERATE(as<std::string>{}, "parser", "checksum", "flow", "tls", "dma", "wire", "defaults");
  in_child([&] {
    hw::NicParameters p;
    p.context_fetch = 0;
    p.wire_per_byte = slowest == "wire" ? 2000 : slowest == "defaults" ? 80 : 0;
    if (slowest == "parser") p.parser = {3000, 64, 50};
    if (slowest == "checksum") p.checksum = {1, 1, 2000};
    if (slowest == "flow") p.flow = {2500, 64, 8};
    if (slowest == "tls") p.tls = {8, 1, 5000};
    if (slowest == "dma") p.dma = {8, 1, 5000};
    Picoseconds gap = 0;
    gap = std::max(gap, frame_bytes * p.wire_per_byte);
    gap = std::max(gap, occupied(p.parser, header_bytes) * p.clock_period);
    gap = std::max(gap, occupied(p.checksum, frame_bytes) * p.clock_period);
    gap = std::max(gap, occupied(p.flow, 0) * p.clock_period);
    gap =
        std::max(gap, (occupied(p.tls, payload_bytes) + p.tls_cycles_per_record) * p.clock_period);
    gap = std::max(gap, occupied(p.dma, frame_bytes) * p.clock_period);
    const auto times = completions(p, 60, payload_bytes, nullptr);
    REQUIRE(times.size() == 60);
    for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] == gap);
  });
}

TEST_CASE("busy and waited times add up") {
  in_child([] {
    hw::NicParameters p = odd_parameters();
    p.wire_per_byte = 1;
    constexpr std::size_t n = 50;
    std::vector<hw::StageStatistics> units;
    completions(p, n, payload_bytes, &units);
    const auto check = [&](const std::string& name, Picoseconds per_packet, Picoseconds once,
                           Picoseconds waited) {
      INFO(name);
      const auto unit = std::find_if(units.begin(), units.end(),
                                     [&](const auto& each) { return each.name == name; });
      REQUIRE(unit != units.end());
      CHECK(unit->packets == n);
      CHECK(unit->busy == n * per_packet + once);
      CHECK(unit->waited == waited);
    };
    const Picoseconds wire = frame_bytes * p.wire_per_byte;
    const Picoseconds parser = occupied(p.parser, header_bytes) * p.clock_period;
    const Picoseconds checksum = occupied(p.checksum, frame_bytes) * p.clock_period;
    const Picoseconds flow = occupied(p.flow, 0) * p.clock_period;
    const Picoseconds tls =
        (occupied(p.tls, payload_bytes) + p.tls_cycles_per_record) * p.clock_period;
    const Picoseconds dma = occupied(p.dma, frame_bytes) * p.clock_period;
    // In front of a unit that is slower than all before it, packet i waits i times the difference.
    constexpr Picoseconds sum = n * (n - 1) / 2;
    REQUIRE((parser > wire && checksum > parser && flow < checksum && tls > checksum && dma < tls));
    check("mac", wire, 0, sum * wire);
    check("parser", parser, 0, sum * (parser - wire));
    check("checksum", checksum, 0, sum * (checksum - parser));
    check("flow", flow, 0, 0);
    check("tls", tls, p.context_fetch, sum * (tls - checksum) + (n - 1) * p.context_fetch);
    check("dma", dma, 0, 0);
  });
}

TEST_CASE("every miss of the context cache costs one fetch") {
  in_child([] {
    hw::NicParameters p = odd_parameters();
    p.cached_contexts = 2;
    p.firmware_command = 1000;
    Bench bench(p);
    bench.bring_up();
    std::vector<TestConnection> connections(3);
    for (std::uint32_t i = 0; i < 3; ++i) {
      connections[i].index = i;
      connections[i].tuple = ipv4_tuple(static_cast<std::uint16_t>(100 + i));
      bench.install(connections[i]);
    }
    const RecordStream stream(connections[0].keys, {16000});
    std::vector<std::size_t> at(3, 0);
    Picoseconds hit_latency = 0;
    const auto is_miss = [&](std::size_t i) {
      bench.run(10'000'000);
      // Inside one record: every packet costs the same.
      bench.pass(connections[i].frame(stream, at[i], 500));
      at[i] += 500;
      const Picoseconds latency = bench.seen.back().completed - bench.seen.back().arrival;
      if (hit_latency == 0) hit_latency = latency - p.context_fetch;
      CHECK((latency == hit_latency || latency == hit_latency + p.context_fetch));
      return latency != hit_latency;
    };
    // Least recently used goes: 0 1 | 2 replaces 0 | 1 stays | 0 replaces 2 | 1 | 2 replaces 0.
    const std::vector<std::size_t> order{0, 1, 2, 1, 0, 1, 2, 2};
    const std::vector<bool> misses{true, true, true, false, true, false, true, false};
    for (std::size_t i = 0; i < order.size(); ++i) CHECK(is_miss(order[i]) == misses[i]);
    CHECK(bench.nic.contexts().misses() == 5);
    CHECK(bench.nic.contexts().hits() == 3);
  });
}

TEST_CASE("firmware commands and fast commands take their time, one after the other") {
  in_child([] {
    hw::NicParameters p = odd_parameters();
    Bench bench(p);
    bench.bring_up();
    TestConnection connection;
    const Picoseconds start = bench.now();
    bench.post(key_create(connection));
    bench.post(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 0));
    bench.post(static_params(connection, 0));
    bench.post(progress_params(connection));
    bench.post(flow_command(TLSNIC_CMD_FLOW_ADD, connection));
    bench.settle();
    REQUIRE(bench.memory.interrupts.size() == 5);
    Picoseconds expected = start;
    std::size_t i = 0;
    for (const bool firmware : {true, true, false, false, true}) {
      expected += firmware ? p.firmware_command : p.fast_command;
      CHECK(bench.memory.interrupts[i++].time == expected);
    }
  });
}

TEST_CASE("two timed events per packet and none per clock") {
  in_child([] {
    hw::NicParameters p = odd_parameters();
    Bench bench(p);
    bench.bring_up({16, 16, 256, 256, 2048});
    TestConnection connection;
    bench.install(connection);
    const RecordStream stream(connection.keys, std::vector<std::size_t>(200, 978));
    const auto before = sc_core::sc_delta_count();
    for (std::size_t i = 0; i < 200; ++i) bench.send(connection.frame(stream, i * 1000, 1000));
    bench.settle();
    REQUIRE(bench.receive_all().size() == 200);
    const auto deltas = sc_core::sc_delta_count() - before;
    CHECK(deltas <= 2 * 200 + 2);  // sc_start itself may take one
    CHECK(deltas > 200);
  });
}

TEST_CASE("the same input gives the same times and the same bytes in two runs") {
  const auto run = [] {
    return number_from_child([&] {
      hw::NicParameters p = odd_parameters();
      p.cached_contexts = 1;
      Bench bench(p);
      bench.bring_up({16, 16, 32, 32, 512});
      std::vector<TestConnection> connections(2);
      connections[1].index = 1;
      connections[1].tuple = ipv6_tuple();
      for (const auto& connection : connections) bench.install(connection);
      const RecordStream stream(connections[0].keys, std::vector<std::size_t>(20, 700));
      for (std::size_t i = 0; i < 20; ++i)
        bench.send(connections[i % 3 == 0].frame(stream, i / 2 * 722, 722));
      std::uint64_t hash = 1469598103934665603u;
      const auto mix = [&](const void* data, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i)
          hash = (hash ^ static_cast<const std::uint8_t*>(data)[i]) * 1099511628211u;
      };
      for (int i = 0; i < 10; ++i) {
        bench.settle();
        for (const auto& received : bench.receive_all()) {
          mix(&received.completion, sizeof received.completion);
          mix(received.bytes.data(), received.bytes.size());
        }
        bench.offer(5);
      }
      for (const auto& seen : bench.seen) mix(&seen.completed, sizeof seen.completed);
      CHECK(bench.seen.size() == 20);
      return hash;
    });
  };
  CHECK(run() == run());
}
