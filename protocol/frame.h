// What is in an Ethernet frame, as far as a TLS-offloading NIC and a TCP receiver need to know.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/bytes.h"

namespace tlsnic {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 in the first four, the rest zero
  bool is_ipv6 = false;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
};

// Addresses and ports of a TCP segment, as seen by its sender.
struct FourTuple {
  Endpoint source;
  Endpoint destination;

  FourTuple reversed() const { return {destination, source}; }
};

bool operator==(const Address& a, const Address& b);
bool operator==(const Endpoint& a, const Endpoint& b);
bool operator==(const FourTuple& a, const FourTuple& b);
inline bool operator!=(const FourTuple& a, const FourTuple& b) {
  return !(a == b);
}

struct FourTupleHash {
  std::size_t operator()(const FourTuple& tuple) const noexcept;
};

std::string to_string(const Address& address);    // "10.0.0.1", "2001:db8::1"
std::string to_string(const Endpoint& endpoint);  // "10.0.0.1:443", "[2001:db8::1]:443"

enum class FrameKind : std::uint8_t {
  not_ip,     // ARP, LLDP, ...
  not_tcp,    // IP, another protocol
  fragment,   // an IP fragment: no NIC looks for a TCP header in it
  malformed,  // lengths that contradict each other or leave the frame
  tcp,
};

constexpr std::uint8_t tcp_fin = 0x01;
constexpr std::uint8_t tcp_syn = 0x02;
constexpr std::uint8_t tcp_rst = 0x04;
constexpr std::uint8_t tcp_psh = 0x08;
constexpr std::uint8_t tcp_ack = 0x10;

// Offsets are in bytes from the frame's first byte. Everything past l3_offset is valid for tcp
// only.
struct ParsedFrame {
  FrameKind kind = FrameKind::malformed;
  std::uint8_t tcp_flags = 0;
  std::uint32_t l3_offset = 0;       // IP header; for IP frames
  std::uint32_t l4_offset = 0;       // TCP header
  std::uint32_t payload_offset = 0;  // first byte after the TCP options
  std::uint32_t payload_length = 0;  // bytes; Ethernet padding left out
  std::uint32_t sequence = 0;        // of the segment's first byte (of SYN where that is set)
  std::uint32_t acknowledgement = 0;
  FourTuple tuple;

  Bytes payload(Bytes frame) const { return frame.subspan(payload_offset, payload_length); }
  bool has(std::uint8_t flag) const { return (tcp_flags & flag) != 0; }
  // Sequence number that follows the segment: SYN and FIN count one each.
  std::uint32_t sequence_end() const {
    return sequence + payload_length + (has(tcp_syn) ? 1 : 0) + (has(tcp_fin) ? 1 : 0);
  }
};

// Reads Ethernet II with any number of 802.1Q/802.1ad tags, IPv4 with options, IPv6 with extension
// headers, TCP. A total length of 0 (a capture above segmentation offload, larger than 64 KiB)
// means "to the end of the frame". Never throws; hostile bytes give FrameKind::malformed.
ParsedFrame parse_frame(Bytes frame);

}  // namespace tlsnic
