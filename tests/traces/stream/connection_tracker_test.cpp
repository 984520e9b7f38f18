#include "traces/stream/connection_tracker.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "protocol/checksum.h"
#include "tests/support/capture_builder.h"
#include "tests/support/temporary_file.h"
#include "tests/support/tshark.h"
#include "traces/capture/capture_reader.h"

namespace tlsnic::traces {
namespace {

struct Packet {
  std::uint16_t from;
  std::uint16_t to;
  std::uint8_t flags;
  std::uint32_t sequence;
  std::uint32_t acknowledgement = 0;
  std::size_t payload = 0;
};

// Hosts 10.0.0.1 (low ports) and 10.0.0.2.
std::vector<std::uint8_t> frame_of(const Packet& packet) {
  std::vector<std::uint8_t> frame(54 + packet.payload, 0x17);
  std::fill_n(frame.begin(), 54, std::uint8_t{0});
  store_be16(&frame[12], 0x0800);
  frame[14] = 0x45;
  store_be16(&frame[16], static_cast<std::uint16_t>(40 + packet.payload));
  frame[22] = 64;
  frame[23] = 6;
  const bool from_server = packet.from < packet.to;
  store_be32(&frame[26], from_server ? 0x0a000001 : 0x0a000002);
  store_be32(&frame[30], from_server ? 0x0a000002 : 0x0a000001);
  store_be16(&frame[34], packet.from);
  store_be16(&frame[36], packet.to);
  store_be32(&frame[38], packet.sequence);
  store_be32(&frame[42], packet.acknowledgement);
  frame[46] = 0x50;
  frame[47] = packet.flags;
  store_be16(&frame[48], 1000);
  repair_checksums(frame, parse_frame(frame));
  return frame;
}

std::vector<std::uint64_t> numbers_of(const std::vector<Packet>& packets) {
  ConnectionTracker tracker;
  std::vector<std::uint64_t> out;
  for (const Packet& packet : packets)
    out.push_back(tracker.track(parse_frame(frame_of(packet))).stream->number());
  return out;
}

std::vector<std::uint64_t> tshark_numbers_of(const std::vector<Packet>& packets) {
  std::vector<testing::BuiltFrame> frames;
  for (const Packet& packet : packets) {
    testing::BuiltFrame frame;
    frame.time_ns = 1'700'000'000'000'000'000 + frames.size() * 1'000'000;
    frame.bytes = frame_of(packet);
    frames.push_back(frame);
  }
  const testing::TemporaryFile file("streams.pcap");
  testing::write_file(file.path(), testing::pcap_file(frames));
  std::vector<std::uint64_t> out;
  for (const std::string& line : testing::tshark(file.path(), "-T fields -e tcp.stream"))
    out.push_back(std::stoull(line));
  return out;
}

std::map<std::uint64_t, std::uint64_t> streams_of_capture(const std::string& path) {
  ConnectionTracker tracker;
  std::map<std::uint64_t, std::uint64_t> out;
  CaptureReader reader(path);
  CapturedFrame frame;
  while (reader.next(frame)) {
    const ParsedFrame parsed = parse_frame(frame.ethernet);
    if (parsed.kind == FrameKind::tcp) out[frame.number] = tracker.track(parsed).stream->number();
  }
  return out;
}

constexpr std::uint8_t syn_ack = tcp_syn | tcp_ack;

}  // namespace

TEST_CASE("streams of real captures have tshark's numbers") {
  if (!testing::have_tshark()) {
    WARN("tshark is not installed");
    return;
  }
  const std::string corpus = TLSNIC_SOURCE_DIR "/traces/corpus";
  int captures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    if (entry.path().extension() != ".pcap") continue;
    std::map<std::uint64_t, std::uint64_t> expected;
    for (const std::string& line :
         testing::tshark(entry.path(), "-Y tcp -T fields -e frame.number -e tcp.stream")) {
      const std::size_t tab = line.find('\t');
      expected[std::stoull(line)] = std::stoull(line.substr(tab + 1));
    }
    INFO(entry.path());
    REQUIRE(!expected.empty());
    CHECK((streams_of_capture(entry.path()) == expected));
    ++captures;
  }
  CHECK(captures >= 12);
}

TEST_CASE("port reuse opens a stream, a repeated SYN does not") {
  const std::vector<Packet> packets = {
      {5000, 443, tcp_syn, 100},
      {5000, 443, tcp_syn, 100},                // retransmission
      {443, 5000, syn_ack, 900, 101},           //
      {5001, 443, tcp_syn, 100},                // another port
      {5000, 443, tcp_ack, 101, 901, 10},       //
      {5000, 443, tcp_syn, 7000},               // the ports again
      {443, 5000, syn_ack, 300, 7001},          //
      {443, 5000, tcp_ack, 901, 111, 20},       // late, of the first
      {5000, 443, tcp_ack | tcp_rst, 101, 901}  //
  };
  const std::vector<std::uint64_t> expected = {0, 0, 0, 1, 0, 2, 2, 2, 2};
  CHECK(numbers_of(packets) == expected);
  if (testing::have_tshark()) CHECK(tshark_numbers_of(packets) == expected);
}

TEST_CASE("random packets on few ports have tshark's numbers") {
  if (!testing::have_tshark()) {
    WARN("tshark is not installed");
    return;
  }
  std::mt19937 random(1);
  const auto below = [&](std::uint32_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  const auto number = [&](std::uint32_t plus) { return 1000 * below(4) + plus; };
  const std::uint8_t flags[] = {tcp_syn, syn_ack, tcp_ack, tcp_ack, tcp_ack | tcp_fin, tcp_rst};
  std::vector<Packet> packets;
  for (int i = 0; i < 4000; ++i) {
    Packet packet{static_cast<std::uint16_t>(5000 + below(200)),
                  443,
                  flags[below(6)],
                  number(0),
                  number(1),
                  below(3)};
    if (below(2) == 0) std::swap(packet.from, packet.to);
    packets.push_back(packet);
  }
  const auto ours = numbers_of(packets);
  const auto theirs = tshark_numbers_of(packets);
  REQUIRE(theirs.size() == ours.size());
  const auto differ = std::mismatch(ours.begin(), ours.end(), theirs.begin()).first - ours.begin();
  // The frame from which on they differ says more than two long lists.
  CHECK(static_cast<std::size_t>(differ) == ours.size());
}

TEST_CASE("the client is known from SYN or SYN/ACK") {
  ConnectionTracker tracker;
  const auto track = [&](const Packet& packet) {
    return tracker.track(parse_frame(frame_of(packet)));
  };
  SECTION("SYN, though the client has the lower port") {
    const auto first = track({443, 5000, tcp_syn, 100});
    CHECK(first.opens_stream);
    CHECK(first.direction == Direction::client_to_server);
    CHECK(first.stream->is_client_certain());
    CHECK(first.stream->client_tuple().source.port == 443);
    CHECK(first.stream->initial_sequence(Direction::client_to_server) == 100u);
    CHECK_FALSE(first.stream->initial_sequence(Direction::server_to_client));
    const auto second = track({5000, 443, syn_ack, 0xffffffff, 101});
    CHECK_FALSE(second.opens_stream);
    CHECK(second.direction == Direction::server_to_client);
    CHECK(second.stream->initial_sequence(Direction::server_to_client) == 0xffffffffu);
  }
  SECTION("SYN/ACK only: it tells the client's sequence too") {
    const auto first = track({443, 5000, syn_ack, 900, 101});
    CHECK(first.direction == Direction::server_to_client);
    CHECK(first.stream->initial_sequence(Direction::client_to_server) == 100u);
    CHECK(first.stream->initial_sequence(Direction::server_to_client) == 900u);
  }
  SECTION("neither: the higher port is presumed, until a SYN says otherwise") {
    const auto first = track({443, 5000, tcp_ack, 900, 101, 10});
    CHECK(first.direction == Direction::server_to_client);
    CHECK_FALSE(first.stream->is_client_certain());
    CHECK_FALSE(first.stream->initial_sequence(Direction::client_to_server));
    CHECK_FALSE(first.stream->initial_sequence(Direction::server_to_client));
    const auto second = track({5000, 443, syn_ack, 100, 900});
    CHECK_FALSE(second.opens_stream);
    CHECK(second.direction == Direction::server_to_client);
    CHECK(second.stream->client_tuple().source.port == 443);
  }
}

TEST_CASE("the oldest streams are forgotten beyond the limit") {
  ConnectionTracker tracker(2);
  const auto number = [&](std::uint16_t port) {
    return tracker.track(parse_frame(frame_of({port, 443, tcp_ack, 1}))).stream->number();
  };
  CHECK(number(5000) == 0);
  CHECK(number(5001) == 1);
  CHECK(number(5000) == 0);
  CHECK(number(5002) == 2);
  CHECK(number(5001) == 1);
  CHECK(number(5000) == 3);
  CHECK(number(5002) == 2);
  // Of two streams on the same ports only the older is forgotten.
  ConnectionTracker reused(2);
  const auto number_of = [&](const Packet& packet) {
    return reused.track(parse_frame(frame_of(packet))).stream->number();
  };
  CHECK(number_of({5000, 443, tcp_syn, 100}) == 0);
  CHECK(number_of({5000, 443, tcp_syn, 200}) == 1);
  CHECK(number_of({5001, 443, tcp_syn, 300}) == 2);
  CHECK(number_of({5000, 443, tcp_ack, 201}) == 1);
}

}  // namespace tlsnic::traces
