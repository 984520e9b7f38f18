// Hand-made frames for the tests of this folder.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::testing {

using Buffer = std::vector<std::uint8_t>;

inline void append(Buffer& out, const Buffer& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

inline Buffer ethernet(std::uint16_t ethertype, const Buffer& tags = {}) {
  Buffer out(12, 0x02);
  append(out, tags);
  out.push_back(static_cast<std::uint8_t>(ethertype >> 8));
  out.push_back(static_cast<std::uint8_t>(ethertype));
  return out;
}

inline Buffer tcp_segment(const Buffer& payload, std::size_t option_bytes = 0) {
  Buffer out(20 + option_bytes, 0x01);
  store_be16(out.data(), 4433);
  store_be16(out.data() + 2, 50000);
  store_be32(out.data() + 4, 0xfffffff0);
  store_be32(out.data() + 8, 77);
  out[12] = static_cast<std::uint8_t>((20 + option_bytes) / 4 << 4);
  out[13] = 0x18;
  append(out, payload);
  return out;
}

inline Buffer ipv4(const Buffer& segment, std::size_t option_bytes = 0) {
  Buffer out(20 + option_bytes, 0);
  out[0] = static_cast<std::uint8_t>(0x40 | (20 + option_bytes) / 4);
  store_be16(out.data() + 2, static_cast<std::uint16_t>(out.size() + segment.size()));
  out[8] = 64;
  out[9] = 6;
  const Buffer addresses{10, 0, 0, 1, 10, 0, 0, 2};
  std::copy(addresses.begin(), addresses.end(), out.begin() + 12);
  append(out, segment);
  return out;
}

inline Buffer ipv6(std::uint8_t next_header, const Buffer& rest) {
  Buffer out(40, 0);
  out[0] = 0x60;
  store_be16(out.data() + 4, static_cast<std::uint16_t>(rest.size()));
  out[6] = next_header;
  out[8] = out[24] = 0xfd;
  out[23] = 1;
  out[39] = 2;
  append(out, rest);
  return out;
}

inline Buffer joined(Buffer first, const Buffer& second) {
  append(first, second);
  return first;
}

}  // namespace tlsnic::testing
