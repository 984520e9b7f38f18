// Whole connections: what one side writes, the other reads, whatever the link does.
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <random>

#include "tests/host_stack/tcp/simulation.h"
#include "tests/support/temporary_file.h"
#include "tests/support/tshark.h"

namespace tlsnic::host::test {
namespace {

// Both sides write and close; true if the connection came to its end by itself.
bool exchange(World& world, const std::vector<std::uint8_t>& up,
              const std::vector<std::uint8_t>& down) {
  world.server.tcp().listen();
  world.client.tcp().connect();
  world.client.write(up);
  world.server.write(down);
  world.client.close_after_writing();
  return world.clock.run();
}

struct Damage {
  double loss = 0;
  double duplication = 0;
  double reorder = 0;  // late by up to 20 ms
};

World::Fate damaged(const Damage& damage, std::uint32_t seed) {
  auto random = std::make_shared<std::mt19937>(seed);
  return [damage, random](const WireFrame&) {
    const auto chance = [&](double p) {
      return static_cast<double>((*random)()) < p * 4294967296.0;
    };
    std::vector<std::uint64_t> delays;
    const int copies = chance(damage.loss) ? 0 : chance(damage.duplication) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const std::uint64_t late = chance(damage.reorder) ? (*random)() % (20 * ns_per_ms) : 0;
      delays.push_back(5 * ns_per_ms + late);
    }
    return delays;
  };
}

void write_pcap(const World& world, const std::string& path) {
  std::vector<testing::BuiltFrame> frames;
  for (const WireFrame& frame : world.wire)
    frames.push_back({1'700'000'000'000'000'000 + frame.time_ns, frame.from, frame.bytes});
  testing::write_file(path, testing::pcap_file(frames));
}

TEST_CASE("A clean connection carries both streams and ends") {
  TcpSettings settings;
  settings.tso = GENERATE(false, true);
  settings.timestamps = GENERATE(false, true);
  const bool ipv6 = GENERATE(false, true);
  World world(settings, settings, ipv6);
  const auto up = pattern(3'000'000, 1);
  const auto down = pattern(700'000, 2);
  REQUIRE(exchange(world, up, down));
  CHECK((world.server.received == up));
  CHECK((world.client.received == down));
  CHECK(world.client.closed_with == 0);
  CHECK(world.server.closed_with == 0);
  CHECK(world.client.tcp().sender().statistics().retransmitted_segments == 0);
  CHECK(world.server.tcp().sender().statistics().retransmitted_segments == 0);
  CHECK(world.client.tcp().state() == TcpState::closed);
}

TEST_CASE("TSO changes the segments that TCP makes, not the stream on the wire") {
  TcpSettings settings;
  settings.congestion = CongestionAlgorithm::new_reno;
  std::vector<std::uint8_t> streams[2];
  for (const bool tso : {false, true}) {
    settings.tso = tso;
    World world(settings, settings);
    const auto up = pattern(2'000'000);
    REQUIRE(exchange(world, up, {}));
    REQUIRE((world.server.received == up));
    std::uint32_t largest = 0;
    for (const netdev::TxSkb& skb : world.client.segments) {
      largest = std::max(largest, skb.payload_size);
      CHECK((skb.payload_size <= 1448) == (skb.gso_size == 0));
    }
    CHECK((largest == 1448) == !tso);
    if (tso) CHECK(largest > 32000);
    for (const WireFrame& frame : world.wire) {
      CHECK(frame.length <= 1448);
      if (frame.from == Side::client)
        streams[tso].insert(streams[tso].end(), frame.bytes.end() - frame.length,
                            frame.bytes.end());
    }
  }
  CHECK((streams[0] == streams[1]));
}

TEST_CASE("tshark finds nothing to complain about in a clean connection") {
  if (!testing::have_tshark()) {
    WARN("no tshark: not checked");
    return;
  }
  TcpSettings settings;
  settings.tso = GENERATE(false, true);
  const bool ipv6 = GENERATE(false, true);
  settings.initial_sequence = 0xfffff000;
  World world(settings, settings, ipv6);
  const auto up = pattern(1'000'000, 1);
  REQUIRE(exchange(world, up, pattern(100'000, 2)));
  const testing::TemporaryFile file("tcp.pcap");
  write_pcap(world, file.path());
  const std::string checks =
      "-o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -Y '(tcp.analysis.flags && "
      "!tcp.analysis.window_update) || tcp.checksum.status != Good || _ws.malformed'";
  CHECK(testing::tshark(file.path(), checks).empty());
  CHECK(testing::tshark(file.path(), "").size() == world.wire.size());
  CHECK(testing::tshark(file.path(),
                        "-Y 'tcp.flags.syn == 1 && tcp.options.mss && "
                        "tcp.options.sack_perm && tcp.options.timestamp && "
                        "tcp.options.wscale'")
            .size() == 2);
  // SYN, SYN/ACK, ACK, data and FIN: known once the last of them has passed.
  CHECK_FALSE(testing::tshark(file.path(), "-Y 'tcp.completeness == 31'").empty());
}

TEST_CASE("Loss, reordering and duplication never change the stream") {
  const bool ok = rc::check([](std::uint32_t seed) {
    TcpSettings settings;
    settings.tso = *rc::gen::arbitrary<bool>();
    settings.sack = *rc::gen::arbitrary<bool>();
    settings.timestamps = *rc::gen::arbitrary<bool>();
    settings.window_scaling = *rc::gen::arbitrary<bool>();
    settings.nagle = *rc::gen::element(Nagle::off, Nagle::on, Nagle::minshall);
    settings.congestion =
        *rc::gen::element(CongestionAlgorithm::new_reno, CongestionAlgorithm::cubic);
    settings.initial_sequence = *rc::gen::element(1u, 0x7fffff00u, 0xffffff00u);
    settings.receive_buffer = *rc::gen::element<std::size_t>(3000, 40'000, 4'000'000);
    settings.send_buffer = *rc::gen::element<std::size_t>(2000, 100'000);
    settings.mtu = *rc::gen::element(576u, 1500u, 9000u);
    settings.retries = 1000;
    settings.syn_retries = 1000;
    const int worst = *rc::gen::inRange(0, 21);
    const Damage damage{worst / 100.0, *rc::gen::inRange(0, 21) / 100.0,
                        *rc::gen::inRange(0, 21) / 100.0};
    World world(settings, settings);
    world.fate = damaged(damage, seed);
    const auto up = pattern(*rc::gen::inRange<std::size_t>(0, 150'000), seed);
    const auto down = pattern(*rc::gen::inRange<std::size_t>(0, 150'000), seed + 1);
    RC_ASSERT(exchange(world, up, down));
    RC_ASSERT((world.server.received == up));
    RC_ASSERT((world.client.received == down));
    RC_ASSERT(world.client.closed_with == 0);
  });
  CHECK(ok);
}

}  // namespace
}  // namespace tlsnic::host::test
