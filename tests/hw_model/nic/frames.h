// Ethernet frames that carry TCP segments, for the tests of the chip and of the driver.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "protocol/checksum.h"
#include "protocol/frame.h"

namespace tlsnic::testing {

using Buffer = std::vector<std::uint8_t>;

struct FrameOptions {
  bool vlan = false;
  bool bad_checksum = false;
  std::uint8_t flags = tcp_ack | tcp_psh;
  std::uint32_t acknowledgement = 1;
  Buffer tcp_options{};  // a multiple of 4 bytes
};

inline FourTuple ipv4_tuple(std::uint16_t source_port = 443) {
  FourTuple tuple;
  tuple.source.address.bytes = {10, 0, 0, 1};
  tuple.destination.address.bytes = {10, 0, 0, 2};
  tuple.source.port = source_port;
  tuple.destination.port = 50000;
  return tuple;
}

inline FourTuple ipv6_tuple(std::uint16_t source_port = 443) {
  FourTuple tuple = ipv4_tuple(source_port);
  tuple.source.address.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  tuple.destination.address.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  tuple.source.address.is_ipv6 = tuple.destination.address.is_ipv6 = true;
  return tuple;
}

inline Buffer tcp_frame(const FourTuple& tuple, std::uint32_t sequence, Bytes payload,
                        const FrameOptions& options = {}) {
  const bool is_ipv6 = tuple.source.address.is_ipv6;
  Buffer frame(12, 0x02);
  const auto be16 = [&](std::size_t value) {
    frame.push_back(static_cast<std::uint8_t>(value >> 8));
    frame.push_back(static_cast<std::uint8_t>(value));
  };
  const auto address = [&](const Address& a) {
    frame.insert(frame.end(), a.bytes.begin(), a.bytes.begin() + (is_ipv6 ? 16 : 4));
  };
  if (options.vlan) {
    be16(0x8100);
    be16(42);
  }
  const std::size_t tcp_header = 20 + options.tcp_options.size();
  if (is_ipv6) {
    be16(0x86dd);
    be16(0x6000);
    be16(0);
    be16(tcp_header + payload.size());
    be16(6 << 8 | 64);
  } else {
    be16(0x0800);
    be16(0x4500);
    be16(20 + tcp_header + payload.size());
    be16(0);
    be16(0x4000);
    be16(64 << 8 | 6);
    be16(0);
  }
  address(tuple.source.address);
  address(tuple.destination.address);
  be16(tuple.source.port);
  be16(tuple.destination.port);
  be16(sequence >> 16);
  be16(sequence & 0xffff);
  be16(options.acknowledgement >> 16);
  be16(options.acknowledgement & 0xffff);
  be16(tcp_header / 4 << 12 | options.flags);
  be16(512);
  be16(0);
  be16(0);
  frame.insert(frame.end(), options.tcp_options.begin(), options.tcp_options.end());
  frame.insert(frame.end(), payload.begin(), payload.end());
  const ParsedFrame parsed = parse_frame(frame);
  repair_checksums(frame, parsed);
  if (options.bad_checksum) frame[parsed.l4_offset + 16] ^= 0x40;
  return frame;
}

// Not TCP: an ARP request of some content.
inline Buffer arp_frame(std::uint8_t content, std::size_t size = 60) {
  Buffer frame(size, content);
  frame[12] = 0x08;
  frame[13] = 0x06;
  return frame;
}

// The frame with its TCP payload replaced: what a perfect NIC makes of it.
inline Buffer with_payload(Buffer frame, Bytes payload) {
  const ParsedFrame parsed = parse_frame(frame);
  std::copy(payload.begin(), payload.end(),
            frame.begin() + static_cast<std::ptrdiff_t>(parsed.payload_offset));
  return frame;
}

}  // namespace tlsnic::testing
