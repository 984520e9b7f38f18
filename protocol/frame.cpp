#include "protocol/frame.h"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace tlsnic {
namespace {

constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_ipv6 = 0x86dd;
constexpr std::uint8_t ip_protocol_tcp = 6;
constexpr std::size_t ethernet_header = 14;

bool is_vlan_tag(std::uint16_t ethertype) {
  return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

struct Layer4 {
  FrameKind kind;  // tcp: offset and end are those of a TCP segment
  std::size_t offset = 0;
  std::size_t end = 0;
};

Layer4 read_ipv4(Bytes frame, std::size_t at, ParsedFrame& out) {
  if (frame.size() < at + 20) return {FrameKind::malformed};
  const std::uint8_t* ip = frame.data() + at;
  const std::size_t header = (ip[0] & 0x0fu) * 4u;
  const std::size_t total = load_be16(ip + 2);
  const std::size_t end = total == 0 ? frame.size() : at + total;
  if (ip[0] >> 4 != 4 || header < 20 || end > frame.size() || at + header > end)
    return {FrameKind::malformed};
  if ((load_be16(ip + 6) & 0x3fff) != 0) return {FrameKind::fragment};
  if (ip[9] != ip_protocol_tcp) return {FrameKind::not_tcp};
  std::memcpy(out.tuple.source.address.bytes.data(), ip + 12, 4);
  std::memcpy(out.tuple.destination.address.bytes.data(), ip + 16, 4);
  return {FrameKind::tcp, at + header, end};
}

Layer4 read_ipv6(Bytes frame, std::size_t at, ParsedFrame& out) {
  if (frame.size() < at + 40) return {FrameKind::malformed};
  const std::uint8_t* ip = frame.data() + at;
  const std::size_t payload = load_be16(ip + 4);
  const std::size_t end = payload == 0 ? frame.size() : at + 40 + payload;
  if (ip[0] >> 4 != 6 || end > frame.size()) return {FrameKind::malformed};
  std::memcpy(out.tuple.source.address.bytes.data(), ip + 8, 16);
  std::memcpy(out.tuple.destination.address.bytes.data(), ip + 24, 16);
  out.tuple.source.address.is_ipv6 = out.tuple.destination.address.is_ipv6 = true;
  std::uint8_t next = ip[6];
  std::size_t offset = at + 40;
  while (next != ip_protocol_tcp) {
    if (offset + 8 > end) return {next == 59 ? FrameKind::not_tcp : FrameKind::malformed};
    const std::uint8_t* extension = frame.data() + offset;
    switch (next) {
      case 0:    // hop-by-hop options
      case 43:   // routing
      case 60:   // destination options
      case 135:  // mobility
        offset += (extension[1] + 1u) * 8u;
        break;
      case 51:  // authentication header
        offset += (extension[1] + 2u) * 4u;
        break;
      case 44:  // fragment; an atomic one (RFC 6946) carries the whole packet
        if ((load_be16(extension + 2) & 0xfff9) != 0) return {FrameKind::fragment};
        offset += 8;
        break;
      default:
        return {FrameKind::not_tcp};
    }
    next = extension[0];
  }
  if (offset > end) return {FrameKind::malformed};
  return {FrameKind::tcp, offset, end};
}

}  // namespace

ParsedFrame parse_frame(Bytes frame) {
  ParsedFrame out;
  if (frame.size() < ethernet_header) return out;
  std::size_t at = ethernet_header;
  std::uint16_t ethertype = load_be16(frame.data() + 12);
  while (is_vlan_tag(ethertype)) {
    if (frame.size() < at + 4) return out;
    ethertype = load_be16(frame.data() + at + 2);
    at += 4;
  }
  out.l3_offset = static_cast<std::uint32_t>(at);
  if (ethertype != ethertype_ipv4 && ethertype != ethertype_ipv6) {
    out.kind = FrameKind::not_ip;
    return out;
  }
  const Layer4 l4 =
      ethertype == ethertype_ipv4 ? read_ipv4(frame, at, out) : read_ipv6(frame, at, out);
  out.kind = l4.kind;
  if (l4.kind != FrameKind::tcp) return out;

  out.kind = FrameKind::malformed;
  if (l4.end < l4.offset + 20) return out;
  const std::uint8_t* tcp = frame.data() + l4.offset;
  const std::size_t header = (tcp[12] >> 4) * 4u;
  if (header < 20 || l4.offset + header > l4.end) return out;
  out.kind = FrameKind::tcp;
  out.l4_offset = static_cast<std::uint32_t>(l4.offset);
  out.payload_offset = static_cast<std::uint32_t>(l4.offset + header);
  out.payload_length = static_cast<std::uint32_t>(l4.end - l4.offset - header);
  out.sequence = load_be32(tcp + 4);
  out.acknowledgement = load_be32(tcp + 8);
  out.tcp_flags = tcp[13];
  out.tuple.source.port = load_be16(tcp);
  out.tuple.destination.port = load_be16(tcp + 2);
  return out;
}

bool operator==(const Address& a, const Address& b) {
  return a.is_ipv6 == b.is_ipv6 && a.bytes == b.bytes;
}
bool operator==(const Endpoint& a, const Endpoint& b) {
  return a.port == b.port && a.address == b.address;
}
bool operator==(const FourTuple& a, const FourTuple& b) {
  return a.source == b.source && a.destination == b.destination;
}

std::size_t FourTupleHash::operator()(const FourTuple& tuple) const noexcept {
  std::uint64_t words[5];
  std::memcpy(words, tuple.source.address.bytes.data(), 16);
  std::memcpy(words + 2, tuple.destination.address.bytes.data(), 16);
  words[4] = static_cast<std::uint64_t>(tuple.source.port) << 16 | tuple.destination.port;
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  for (const std::uint64_t word : words) {
    hash = (hash ^ word) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return hash;
}

std::string to_string(const Address& address) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(address.is_ipv6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
  return text;
}

std::string to_string(const Endpoint& endpoint) {
  return fmt::format(endpoint.address.is_ipv6 ? "[{}]:{}" : "{}:{}", to_string(endpoint.address),
                     endpoint.port);
}

}  // namespace tlsnic
