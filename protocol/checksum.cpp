#include "protocol/checksum.h"

namespace tlsnic {
namespace {

std::uint16_t fold(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// Sum over the pseudo-header and the segment, checksum field included.
std::uint16_t tcp_sum(Bytes frame, const ParsedFrame& parsed) {
  const std::uint32_t length = parsed.payload_offset - parsed.l4_offset + parsed.payload_length;
  const bool is_ipv6 = parsed.tuple.source.address.is_ipv6;
  const Bytes addresses =
      is_ipv6 ? frame.subspan(parsed.l3_offset + 8, 32) : frame.subspan(parsed.l3_offset + 12, 8);
  const std::uint64_t sum = std::uint64_t{ones_complement_sum(addresses)} + 6 /* protocol */ +
                            (length >> 16) + (length & 0xffff) +
                            ones_complement_sum(frame.subspan(parsed.l4_offset, length));
  return fold(sum);
}

}  // namespace

std::uint16_t ones_complement_sum(Bytes bytes) {
  // Summing in host order and swapping once at the end gives the same sum (RFC 1071, section 2).
  const std::uint8_t* p = bytes.data();
  std::size_t left = bytes.size();
  // Four sums side by side of 32 bits each, in 64: a shape that compilers turn into vector code.
  std::uint64_t sums[4] = {};
  while (left >= 16) {
    std::uint32_t words[4];
    std::memcpy(words, p, 16);
    for (std::size_t i = 0; i < 4; ++i) sums[i] += words[i];
    p += 16;
    left -= 16;
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t each : sums) sum += fold(each);
  while (left >= 2) {
    std::uint16_t word;
    std::memcpy(&word, p, 2);
    sum += word;
    p += 2;
    left -= 2;
  }
  if (left == 1) {
    std::uint16_t word = 0;
    std::memcpy(&word, p, 1);
    sum += word;
  }
  std::uint8_t folded[2];
  const std::uint16_t host_order = fold(sum);
  std::memcpy(folded, &host_order, 2);
  return load_be16(folded);
}

bool tcp_checksum_is_right(Bytes frame, const ParsedFrame& parsed) {
  return tcp_sum(frame, parsed) == 0xffff;
}

void repair_checksums(MutableBytes frame, const ParsedFrame& parsed) {
  if (!parsed.tuple.source.address.is_ipv6) {
    const std::size_t header = (frame[parsed.l3_offset] & 0x0fu) * 4u;
    std::uint8_t* field = frame.data() + parsed.l3_offset + 10;
    store_be16(field, 0);
    store_be16(field, static_cast<std::uint16_t>(
                          ~ones_complement_sum(frame.subspan(parsed.l3_offset, header))));
  }
  std::uint8_t* field = frame.data() + parsed.l4_offset + 16;
  store_be16(field, 0);
  store_be16(field, static_cast<std::uint16_t>(~tcp_sum(frame, parsed)));
}

}  // namespace tlsnic
