#include "hw_model/segmentation/segmentation.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>
#include <random>

#include "protocol/checksum.h"
#include "tests/support/capture_builder.h"
#include "tests/support/temporary_file.h"
#include "tests/support/tshark.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

using Buffer = std::vector<std::uint8_t>;
constexpr std::uint8_t psh = 0x08;
constexpr std::uint8_t urg = 0x20;
constexpr std::uint8_t ece = 0x40;
constexpr std::uint8_t cwr = 0x80;

Buffer random_bytes(std::size_t size) {
  std::mt19937 random(static_cast<std::uint32_t>(size));
  Buffer bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

ConversationOptions options(bool is_ipv6) {
  ConversationOptions out;
  if (is_ipv6) {
    out.client = endpoint("2001:db8::2", 50000);
    out.server = endpoint("2001:db8::1", 443);
  }
  return out;
}

// A segment as Linux hands it down: one packet, however large.
Buffer large_packet(bool is_ipv6, int vlan_tags, Bytes payload) {
  Capture capture;
  Conversation conversation(capture, options(is_ipv6));
  if (payload.empty()) {
    conversation.acknowledge(Side::client);
  } else {
    conversation.send_cut(Side::client, payload, {payload.size()});
  }
  Buffer packet = capture.frames[0].bytes;
  const Buffer tag{0x81, 0x00, 0x00, 0x2a};
  for (int i = 0; i < vlan_tags; ++i) packet.insert(packet.begin() + 12, tag.begin(), tag.end());
  return packet;
}

std::vector<Buffer> segments(Buffer& packet, std::uint16_t mss) {
  const ParsedFrame parsed = hw::parse_unfinished(packet);
  std::vector<Buffer> frames(hw::segment_count(parsed, mss));
  for (std::uint32_t i = 0; i < frames.size(); ++i) {
    frames[i].resize(hw::segment_size(parsed, mss, i));
    hw::write_segment(packet, parsed, mss, i, frames[i]);
  }
  return frames;
}

std::uint8_t& flags_of(Buffer& packet) {
  return packet[hw::parse_unfinished(packet).l4_offset + 13];
}

}  // namespace

TEST_CASE("frames reassemble to the packet, each whole and right in itself") {
  CHECK(rc::check([] {
    const bool is_ipv6 = *rc::gen::arbitrary<bool>();
    const std::uint16_t mss = *rc::gen::oneOf(rc::gen::element<std::uint16_t>(1, 536, 1448, 9000),
                                              rc::gen::inRange<std::uint16_t>(1, 20000));
    const std::size_t limit = mss < 100 ? 300 : 65536;
    const std::size_t size =
        *rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, limit + 1),
                        rc::gen::map(rc::gen::inRange<std::size_t>(0, limit / mss + 1),
                                     [mss](std::size_t n) { return n * mss; }));
    const Buffer payload = random_bytes(size);
    Buffer packet = large_packet(is_ipv6, *rc::gen::inRange(0, 3), payload);
    const ParsedFrame whole = hw::parse_unfinished(packet);
    RC_ASSERT(whole.kind == FrameKind::tcp);
    RC_ASSERT(whole.payload_length == size);
    const auto flags = static_cast<std::uint8_t>(*rc::gen::element<int>(
        tcp_ack, tcp_ack | psh, tcp_ack | psh | tcp_fin, tcp_ack | ece | cwr, tcp_ack | cwr | psh));
    packet[whole.l4_offset + 13] = flags;
    const auto id = *rc::gen::arbitrary<std::uint16_t>();
    if (!is_ipv6) store_be16(&packet[whole.l3_offset + 4], id);

    const std::vector<Buffer> frames = segments(packet, mss);
    RC_ASSERT(frames.size() == (size == 0 ? 1 : (size + mss - 1) / mss));
    Buffer reassembled;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const Buffer& frame = frames[i];
      const ParsedFrame parsed = parse_frame(frame);
      RC_ASSERT(parsed.kind == FrameKind::tcp);
      RC_ASSERT(parsed.payload_offset + parsed.payload_length == frame.size());
      RC_ASSERT(i + 1 == frames.size() || parsed.payload_length == mss);
      RC_ASSERT(parsed.sequence == whole.sequence + reassembled.size());
      RC_ASSERT(tcp_checksum_is_right(frame, parsed));
      const Bytes ip = Bytes(frame).subspan(parsed.l3_offset, 20);
      if (!is_ipv6) {
        RC_ASSERT(load_be16(&ip[4]) == static_cast<std::uint16_t>(id + i));
        RC_ASSERT(ones_complement_sum(ip) == 0xffff);
        RC_ASSERT(load_be16(&ip[2]) == frame.size() - parsed.l3_offset);
      } else {
        RC_ASSERT(load_be16(&ip[4]) == frame.size() - parsed.l3_offset - 40);
      }
      std::uint8_t expected = flags;
      if (i > 0) expected &= static_cast<std::uint8_t>(~cwr);
      if (i + 1 < frames.size()) expected &= static_cast<std::uint8_t>(~(psh | tcp_fin));
      RC_ASSERT(parsed.tcp_flags == expected);
      // All else of the headers is repeated: addresses, VLAN tags, window, TCP options.
      Buffer headers(frame.begin(), frame.begin() + parsed.payload_offset);
      Buffer original(packet.begin(), packet.begin() + whole.payload_offset);
      for (Buffer* h : {&headers, &original}) {
        const std::size_t l3 = whole.l3_offset;
        for (const std::size_t field : is_ipv6 ? std::vector<std::size_t>{l3 + 4}
                                               : std::vector<std::size_t>{l3 + 2, l3 + 4, l3 + 10})
          store_be16(&(*h)[field], 0);
        store_be32(&(*h)[whole.l4_offset + 4], 0);
        (*h)[whole.l4_offset + 13] = 0;
        store_be16(&(*h)[whole.l4_offset + 16], 0);
      }
      RC_ASSERT(headers == original);
      const Bytes bytes = parsed.payload(frame);
      reassembled.insert(reassembled.end(), bytes.begin(), bytes.end());
    }
    RC_ASSERT(reassembled == payload);
  }));
}

TEST_CASE("tshark finds nothing to say about a segmented conversation") {
  if (!have_tshark()) {
    WARN("tshark is not installed");
    return;
  }
  for (const bool is_ipv6 : {false, true}) {
    Capture capture;
    Conversation conversation(capture, options(is_ipv6));
    conversation.open();
    std::vector<BuiltFrame> frames = capture.frames;
    Buffer expected;
    for (const std::size_t size : {std::size_t{1}, std::size_t{1428 * 3}, std::size_t{40000}}) {
      const Buffer payload = random_bytes(size);
      expected.insert(expected.end(), payload.begin(), payload.end());
      conversation.send_cut(Side::client, payload, {size});
      BuiltFrame& large = capture.frames.back();
      store_be16(&large.bytes[hw::parse_unfinished(large.bytes).l4_offset + 16], 0xdead);
      for (const Buffer& bytes : segments(large.bytes, 1428))
        frames.push_back({capture.now_ns += 1000, Side::client, bytes});
      capture.frames.clear();
      conversation.acknowledge(Side::server);
      capture.frames.back().time_ns = capture.now_ns += 100'000;
      frames.push_back(capture.frames.back());
    }
    const TemporaryFile file("segmentation.pcap");
    write_file(file.path(), pcap_file(frames));
    const std::string check = " -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE ";
    CHECK(tshark(file.path(), check + "-Y 'tcp.analysis.flags or _ws.malformed'").empty());
    CHECK(tshark(file.path(), check + "-Y 'tcp.checksum.status == 1'").size() == frames.size());
    if (!is_ipv6)
      CHECK(tshark(file.path(), check + "-Y 'ip.checksum.status == 1'").size() == frames.size());
    std::string hex;
    for (const std::string& line :
         tshark(file.path(), "-Y 'tcp.dstport == 443 and tcp.len > 0' -T fields -e tcp.payload"))
      hex += line;
    std::string expected_hex;
    for (const std::uint8_t byte : expected) {
      expected_hex += "0123456789abcdef"[byte >> 4];
      expected_hex += "0123456789abcdef"[byte & 15];
    }
    CHECK(hex == expected_hex);
  }
}

TEST_CASE("with an mss of 0 a packet is one frame, finished in place") {
  for (const bool is_ipv6 : {false, true}) {
    const Buffer good = large_packet(is_ipv6, 1, random_bytes(2000));
    Buffer packet = good;
    const ParsedFrame parsed = hw::parse_unfinished(packet);
    store_be16(&packet[parsed.l3_offset + (is_ipv6 ? 4 : 2)], 0x1234);
    if (!is_ipv6) store_be16(&packet[parsed.l3_offset + 10], 0x1234);
    store_be16(&packet[parsed.l4_offset + 16], 0x1234);
    const ParsedFrame again = hw::parse_unfinished(packet);
    CHECK(again.payload_length == 2000);
    REQUIRE(hw::segment_count(again, 0) == 1);
    REQUIRE(hw::segment_size(again, 0, 0) == packet.size());
    hw::write_segment(packet, again, 0, 0, packet);
    CHECK(packet == good);
  }
}

TEST_CASE("length fields that lie either way do not matter") {
  for (const bool is_ipv6 : {false, true}) {
    for (const int length : {0, 1, 40, 60, 100, 2000, 65535}) {
      Buffer packet = large_packet(is_ipv6, 0, random_bytes(1000));
      store_be16(&packet[14 + (is_ipv6 ? 4 : 2)], static_cast<std::uint16_t>(length));
      const ParsedFrame parsed = hw::parse_unfinished(packet);
      CHECK(parsed.kind == FrameKind::tcp);
      CHECK(parsed.payload_length == 1000);
    }
  }
}

TEST_CASE("what is no TCP segment is said to be none, and not changed") {
  Buffer udp = large_packet(false, 0, random_bytes(100));
  udp[14 + 9] = 17;
  const Buffer before = udp;
  CHECK(hw::parse_unfinished(udp).kind == FrameKind::not_tcp);
  CHECK(udp == before);
  const Buffer good = large_packet(true, 2, random_bytes(100));
  for (std::size_t size = 0; size < 14 + 8 + 40 + 20; ++size) {
    Buffer cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(hw::parse_unfinished(cut).kind != FrameKind::tcp);
  }
}

TEST_CASE("frames that IP's length field cannot describe are refused") {
  for (const bool is_ipv6 : {false, true}) {
    const std::size_t headers = is_ipv6 ? 32 : 52;  // that the field counts
    Buffer fits = large_packet(is_ipv6, 0, Buffer(0xffff - headers));
    Buffer too_long = large_packet(is_ipv6, 0, Buffer(0x10000 - headers));
    CHECK(hw::segments_fit(hw::parse_unfinished(fits), 0));
    CHECK_FALSE(hw::segments_fit(hw::parse_unfinished(too_long), 0));
    CHECK_FALSE(hw::segments_fit(hw::parse_unfinished(too_long), 0xffff));
    CHECK(hw::segments_fit(hw::parse_unfinished(too_long), 1448));
  }
}

TEST_CASE("SYN, RST and urgent data are not cut") {
  Buffer packet = large_packet(false, 0, random_bytes(3000));
  for (const std::uint8_t flag : {tcp_syn, tcp_rst, urg}) {
    flags_of(packet) = static_cast<std::uint8_t>(tcp_ack | flag);
    CHECK_FALSE(hw::can_segment(hw::parse_unfinished(packet), 1448));
    CHECK(hw::can_segment(hw::parse_unfinished(packet), 3000));
    CHECK(hw::can_segment(hw::parse_unfinished(packet), 0));
  }
  flags_of(packet) = tcp_ack;
  CHECK(hw::can_segment(hw::parse_unfinished(packet), 1448));
}
