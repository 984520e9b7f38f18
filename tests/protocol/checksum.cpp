#include "protocol/checksum.h"

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "tests/protocol/frames.h"

using namespace tlsnic;
using namespace tlsnic::testing;

TEST_CASE("the sum of RFC 1071, section 3") {
  const Buffer example{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK(ones_complement_sum(example) == 0xddf2);
}

TEST_CASE("the sum equals the definition, word by word") {
  CHECK(rc::check([](const Buffer& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      sum += bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0);
      sum = (sum & 0xffff) + (sum >> 16);
    }
    RC_ASSERT(ones_complement_sum(bytes) == sum);
  }));
}

TEST_CASE("a repaired segment validates; with one bit changed it does not") {
  CHECK(rc::check([](const Buffer& payload, bool is_ipv6, std::uint16_t where, std::uint8_t bit) {
    const Buffer segment = tcp_segment(payload);
    Buffer frame = is_ipv6 ? joined(ethernet(0x86dd), ipv6(6, segment))
                           : joined(ethernet(0x0800), ipv4(segment));
    const ParsedFrame parsed = parse_frame(frame);
    repair_checksums(frame, parsed);
    RC_ASSERT(tcp_checksum_is_right(frame, parsed));
    if (!is_ipv6) RC_ASSERT(ones_complement_sum(Bytes(frame).subspan(14, 20)) == 0xffff);
    frame[parsed.l4_offset + where % segment.size()] ^= static_cast<std::uint8_t>(1 << bit % 8);
    RC_ASSERT(!tcp_checksum_is_right(frame, parsed));
  }));
}
