// Bits that change on the way.
#include "scenarios/link/damage.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "tests/hw_model/nic/frames.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

Buffer some_frame() {
  const auto payload = *rc::gen::nonEmpty(rc::gen::arbitrary<Buffer>());
  const bool is_ipv6 = *rc::gen::arbitrary<bool>();
  return tcp_frame(is_ipv6 ? ipv6_tuple() : ipv4_tuple(), *rc::gen::arbitrary<std::uint32_t>(),
                   payload, {*rc::gen::arbitrary<bool>(), false});
}

// Numbers of the bits that differ.
std::vector<std::size_t> differing_bits(const Buffer& a, const Buffer& b) {
  std::vector<std::size_t> bits;
  for (std::size_t i = 0; i < a.size() * 8; ++i)
    if (((a[i / 8] ^ b[i / 8]) >> i % 8 & 1) != 0) bits.push_back(i);
  return bits;
}

}  // namespace

TEST_CASE("corruption inverts one bit of the payload, and the checksum is wrong") {
  CHECK(rc::check("any frame, any bit", [] {
    const Buffer before = some_frame();
    const ParsedFrame parsed = parse_frame(before);
    RC_PRE(tcp_checksum_is_right(before, parsed));
    const auto bit = *rc::gen::inRange<std::uint64_t>(0, parsed.payload_length * 8 + 20);
    Buffer after = before;
    RC_ASSERT(corrupt_payload(after, parsed, bit));
    const auto last = std::uint64_t{parsed.payload_length} * 8 - 1;
    const std::vector<std::size_t> expected{parsed.payload_offset * 8 + std::min(bit, last)};
    RC_ASSERT(differing_bits(before, after) == expected);
    RC_ASSERT_FALSE(tcp_checksum_is_right(after, parsed));
  }));
}

TEST_CASE("tampering changes the payload and the checksum, which is right") {
  CHECK(rc::check("any frame, any bit", [] {
    const Buffer before = some_frame();
    const ParsedFrame parsed = parse_frame(before);
    const auto bit = *rc::gen::inRange<std::uint64_t>(0, parsed.payload_length * 8);
    Buffer after = before;
    RC_ASSERT(tamper_with_payload(after, parsed, bit));
    RC_ASSERT(tcp_checksum_is_right(after, parsed));
    // What is not the bit lies in the checksum field.
    for (const std::size_t each : differing_bits(before, after))
      RC_ASSERT(each == parsed.payload_offset * 8 + bit ||
                each / 16 == (parsed.l4_offset + 16) / 2);
    const auto at = parsed.payload_offset + bit / 8;
    RC_ASSERT((before[at] ^ after[at]) == 1 << bit % 8);
  }));
}

TEST_CASE("frames without payload are left alone") {
  for (Buffer frame : {tcp_frame(ipv4_tuple(), 1, {}), arp_frame(3), Buffer{}}) {
    const Buffer before = frame;
    const ParsedFrame parsed = parse_frame(frame);
    CHECK_FALSE(corrupt_payload(frame, parsed, 0));
    CHECK_FALSE(tamper_with_payload(frame, parsed, 0));
    CHECK(frame == before);
  }
}
