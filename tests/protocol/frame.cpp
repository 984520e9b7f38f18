#include "protocol/frame.h"

#include <catch2/catch.hpp>

#include "tests/protocol/frames.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {
const Buffer hello{'h', 'e', 'l', 'l', 'o'};
}

TEST_CASE("IPv4: options, TCP options and Ethernet padding are told from payload") {
  Buffer frame = joined(ethernet(0x0800), ipv4(tcp_segment(hello, 12), 8));
  frame.resize(frame.size() + 6);  // padding
  const ParsedFrame parsed = parse_frame(frame);
  REQUIRE(parsed.kind == FrameKind::tcp);
  CHECK(parsed.l3_offset == 14);
  CHECK(parsed.l4_offset == 14 + 28);
  CHECK(parsed.payload_offset == 14 + 28 + 32);
  CHECK(parsed.payload_length == 5);
  CHECK(parsed.sequence == 0xfffffff0);
  CHECK(parsed.sequence_end() == 0xfffffff5);
  CHECK(to_string(parsed.tuple.source) == "10.0.0.1:4433");
  CHECK(to_string(parsed.tuple.destination) == "10.0.0.2:50000");
}

TEST_CASE("VLAN tags are skipped, any number of them") {
  const Buffer one{0x81, 0x00, 0x00, 0x05};
  const Buffer two{0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x00, 0x05};
  CHECK(parse_frame(joined(ethernet(0x0800, one), ipv4(tcp_segment(hello)))).kind ==
        FrameKind::tcp);
  CHECK(parse_frame(joined(ethernet(0x0800, two), ipv4(tcp_segment(hello)))).l3_offset == 22);
}

TEST_CASE("IPv6 extension headers are walked") {
  const Buffer hop_by_hop{60, 0, 1, 4, 0, 0, 0, 0};
  const Buffer destination_options{6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const Buffer rest = joined(joined(hop_by_hop, destination_options), tcp_segment(hello));
  const ParsedFrame parsed = parse_frame(joined(ethernet(0x86dd), ipv6(0, rest)));
  REQUIRE(parsed.kind == FrameKind::tcp);
  CHECK(parsed.l4_offset == 14 + 40 + 8 + 16);
  CHECK(to_string(parsed.tuple.source) == "[fd00::1]:4433");
}

TEST_CASE("fragments have no TCP header to find; an atomic IPv6 fragment has") {
  Buffer frame = joined(ethernet(0x0800), ipv4(tcp_segment(hello)));
  frame[14 + 6] = 0x20;  // more fragments
  CHECK(parse_frame(frame).kind == FrameKind::fragment);
  const Buffer atomic{6, 0, 0, 0, 1, 2, 3, 4};
  const Buffer first{6, 0, 0, 1, 1, 2, 3, 4};
  CHECK(parse_frame(joined(ethernet(0x86dd), ipv6(44, joined(atomic, tcp_segment(hello))))).kind ==
        FrameKind::tcp);
  CHECK(parse_frame(joined(ethernet(0x86dd), ipv6(44, joined(first, tcp_segment(hello))))).kind ==
        FrameKind::fragment);
}

TEST_CASE("a total length of zero means to the end of the frame") {
  Buffer frame = joined(ethernet(0x0800), ipv4(tcp_segment(Buffer(70000, 1))));
  store_be16(frame.data() + 16, 0);
  CHECK(parse_frame(frame).payload_length == 70000);
}

TEST_CASE("what is not TCP is told apart, and lying lengths are malformed") {
  CHECK(parse_frame(ethernet(0x0806)).kind == FrameKind::not_ip);
  Buffer udp = joined(ethernet(0x0800), ipv4(Buffer(8)));
  udp[14 + 9] = 17;
  CHECK(parse_frame(udp).kind == FrameKind::not_tcp);
  const Buffer good = joined(ethernet(0x0800), ipv4(tcp_segment(hello)));
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(parse_frame(Bytes(good).first(size)).kind == FrameKind::malformed);
  Buffer offset = good;
  offset[14 + 20 + 12] = 0xf0;  // TCP header longer than the packet
  CHECK(parse_frame(offset).kind == FrameKind::malformed);
}
