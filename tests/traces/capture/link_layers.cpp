#include <catch2/catch.hpp>

#include "protocol/frame.h"
#include "tests/traces/capture/capture_bytes.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

const ByteVector ipv4 = tcp_packet("hello");
const ByteVector ipv6 = tcp_packet_v6("hello");

ReadResult read_frame(std::uint32_t link_type, const ByteVector& data, std::uint32_t original = 0) {
  CaptureBytes capture(false);
  capture.pcap_header(0xa1b2c3d4, link_type).pcap_frame(1, 1, data, original);
  return read_capture(capture.bytes);
}

ByteVector read_one(std::uint32_t link_type, const ByteVector& data) {
  const ReadResult result = read_frame(link_type, data);
  CHECK(result.error.empty());
  REQUIRE(result.frames.size() == 1);
  CHECK(result.frames[0].original_length == result.frames[0].ethernet.size());
  return result.frames[0].ethernet;
}

ByteVector cooked_v1(std::uint16_t protocol) {
  ByteVector header{0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0};
  store_be16(header.data() + 14, protocol);
  return header;
}

ByteVector cooked_v2(std::uint16_t protocol) {
  ByteVector header{0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 2, 2, 2, 2, 2, 0, 0};
  store_be16(header.data(), protocol);
  return header;
}

}  // namespace

TEST_CASE("every link type becomes Ethernet") {
  const ByteVector want_v4 = on_ethernet(ipv4);
  const ByteVector want_v6 = on_ethernet(ipv6, 0x86dd);
  CHECK(read_one(1, want_v4) == want_v4);
  for (const std::uint32_t raw : {12u, 14u, 101u}) {
    CAPTURE(raw);
    CHECK(read_one(raw, ipv4) == want_v4);
    CHECK(read_one(raw, ipv6) == want_v6);
  }
  CHECK(read_one(228, ipv4) == want_v4);
  CHECK(read_one(229, ipv6) == want_v6);
  CHECK(read_one(113, joined(cooked_v1(0x0800), ipv4)) == want_v4);
  CHECK(read_one(113, joined(cooked_v1(0x86dd), ipv6)) == want_v6);
  CHECK(read_one(276, joined(cooked_v2(0x0800), ipv4)) == want_v4);
  CHECK(read_one(276, joined(cooked_v2(0x86dd), ipv6)) == want_v6);
  CHECK(read_one(0, joined({2, 0, 0, 0}, ipv4)) == want_v4);
  CHECK(read_one(0, joined({0, 0, 0, 2}, ipv4)) == want_v4);
  CHECK(read_one(108, joined({0, 0, 0, 2}, ipv4)) == want_v4);
  for (const std::uint8_t family : std::initializer_list<std::uint8_t>{10, 23, 24, 28, 30}) {
    CHECK(read_one(0, joined({family, 0, 0, 0}, ipv6)) == want_v6);
    CHECK(read_one(108, joined({0, 0, 0, family}, ipv6)) == want_v6);
  }
}

TEST_CASE("a VLAN tag in a cooked capture") {
  const ByteVector tagged = joined({0, 42, 0x08, 0x00}, ipv4);
  const ByteVector frame = read_one(113, joined(cooked_v1(0x8100), tagged));
  const ParsedFrame parsed = parse_frame(frame);
  CHECK(parsed.kind == FrameKind::tcp);
  CHECK(parsed.payload_length == 5);
}

TEST_CASE("packets of other protocols and packets without their link header pass") {
  CHECK(parse_frame(read_one(113, joined(cooked_v1(0x0806), {0, 1}))).kind == FrameKind::not_ip);
  CHECK(parse_frame(read_one(0, joined({7, 0, 0, 0}, ipv4))).kind == FrameKind::not_ip);
  CHECK(parse_frame(read_one(101, {0x10, 0, 0, 0})).kind == FrameKind::not_ip);
  for (const std::uint32_t type : {101u, 113u, 276u, 0u, 108u}) CHECK(read_one(type, {}).empty());
  CHECK(read_one(113, ByteVector(15)).empty());
  CHECK(read_one(276, ByteVector(19)).empty());
  CHECK(read_one(0, ByteVector(3)).empty());
}

TEST_CASE("a snap length that cuts TCP is an error, other cuts pass") {
  ByteVector frame = on_ethernet(ipv4);
  const auto whole = static_cast<std::uint32_t>(frame.size());
  const auto cut_to = [&](std::size_t size) {
    return read_frame(1, {frame.begin(), frame.begin() + static_cast<long>(size)}, whole);
  };
  SECTION("TCP") {
    CHECK(cut_to(whole - 1).error ==
          "test: frame 1: found 58 bytes captured of 59, expected whole TCP segments (capture "
          "without a snap length)");
    for (std::size_t size = 0; size < whole; ++size) CHECK_FALSE(cut_to(size).error.empty());
  }
  SECTION("Ethernet padding") {
    CHECK(read_frame(1, frame, whole + 6).error.empty());
    CHECK(read_frame(1, frame, whole + 6).frames.at(0).original_length == whole + 6);
  }
  SECTION("TCP of unknown length, as above segmentation offload") {
    store_be16(frame.data() + 16, 0);
    CHECK_FALSE(read_frame(1, frame, whole + 6).error.empty());
  }
  SECTION("UDP") {
    frame[14 + 9] = 17;
    CHECK(cut_to(40).error.empty());
  }
  SECTION("ARP") {
    store_be16(frame.data() + 12, 0x0806);
    CHECK(cut_to(20).error.empty());
  }
  SECTION("UDP over IPv6") {
    frame = on_ethernet(ipv6, 0x86dd);
    frame[14 + 6] = 17;
    CHECK(cut_to(40).error.empty());
    frame[14 + 6] = 6;
    CHECK_FALSE(cut_to(40).error.empty());
  }
  SECTION("the length is that of the Ethernet frame") {
    const ByteVector arp = joined(cooked_v2(0x0806), ByteVector(28));
    CHECK(read_frame(276, arp, 60).frames.at(0).original_length == 60 - 20 + 14);
  }
  SECTION("a lying length does not wrap") {
    const ByteVector other = joined({7, 0, 0, 0}, ipv4);
    CHECK(read_frame(0, other, 0xffffffff).frames.at(0).original_length == 0xffffffff);
  }
}
