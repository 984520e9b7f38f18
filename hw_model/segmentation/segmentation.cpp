#include "hw_model/segmentation/segmentation.h"

#include <algorithm>

#include "protocol/checksum.h"

namespace tlsnic::hw {
namespace {

constexpr std::uint8_t tcp_urg = 0x20;
constexpr std::uint8_t tcp_cwr = 0x80;
constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint32_t ipv6_header = 40;  // not counted in its payload length

std::uint32_t segment_payload(const ParsedFrame& packet, std::uint16_t mss, std::uint32_t index) {
  if (mss == 0) return packet.payload_length;
  return std::min<std::uint32_t>(mss, packet.payload_length - index * mss);
}

// What IP's length field counts in a frame of this size.
std::uint32_t ip_length(const ParsedFrame& packet, std::uint32_t frame_size) {
  const bool is_ipv6 = packet.tuple.source.address.is_ipv6;
  return frame_size - packet.l3_offset - (is_ipv6 ? ipv6_header : 0);
}

}  // namespace

void write_ip_length(MutableBytes frame, const ParsedFrame& parsed) {
  const std::uint32_t length = ip_length(parsed, parsed.payload_offset + parsed.payload_length);
  const std::size_t field = parsed.tuple.source.address.is_ipv6 ? 4 : 2;
  store_be16(frame.data() + parsed.l3_offset + field, static_cast<std::uint16_t>(length));
}

ParsedFrame parse_unfinished(MutableBytes packet) {
  const ParsedFrame parsed = parse_frame(packet);
  const bool is_whole = parsed.payload_offset + parsed.payload_length == packet.size();
  if (parsed.kind == FrameKind::tcp ? is_whole : parsed.kind != FrameKind::malformed) return parsed;
  if (parsed.l3_offset == 0) return parsed;  // shorter than an Ethernet header
  // The parser takes length 0 for "to the end of the frame".
  const bool is_ipv4 = load_be16(packet.data() + parsed.l3_offset - 2) == ethertype_ipv4;
  const std::size_t field = parsed.l3_offset + (is_ipv4 ? 2u : 4u);
  if (field + 2 > packet.size()) return parsed;
  store_be16(packet.data() + field, 0);
  return parse_frame(packet);
}

std::uint32_t segment_count(const ParsedFrame& packet, std::uint16_t mss) {
  if (mss == 0 || packet.payload_length == 0) return 1;
  return (packet.payload_length + mss - 1) / mss;
}

bool segments_fit(const ParsedFrame& packet, std::uint16_t mss) {
  return ip_length(packet, segment_size(packet, mss, 0)) <= 0xffff;
}

bool can_segment(const ParsedFrame& packet, std::uint16_t mss) {
  return segment_count(packet, mss) == 1 || (packet.tcp_flags & (tcp_syn | tcp_rst | tcp_urg)) == 0;
}

std::uint32_t segment_size(const ParsedFrame& packet, std::uint16_t mss, std::uint32_t index) {
  return packet.payload_offset + segment_payload(packet, mss, index);
}

void write_segment(Bytes bytes, const ParsedFrame& packet, std::uint16_t mss, std::uint32_t index,
                   MutableBytes out) {
  ParsedFrame frame = packet;
  frame.payload_length = segment_payload(packet, mss, index);
  if (out.data() != bytes.data()) {
    std::memcpy(out.data(), bytes.data(), packet.payload_offset);
    std::memcpy(out.data() + packet.payload_offset,
                bytes.data() + packet.payload_offset + index * mss, frame.payload_length);
  }

  write_ip_length(out, frame);
  if (!packet.tuple.source.address.is_ipv6) {
    std::uint8_t* identification = out.data() + packet.l3_offset + 4;
    store_be16(identification, static_cast<std::uint16_t>(load_be16(identification) + index));
  }

  std::uint8_t* tcp = out.data() + packet.l4_offset;
  store_be32(tcp + 4, packet.sequence + index * mss);
  if (index + 1 < segment_count(packet, mss))
    tcp[13] &= static_cast<std::uint8_t>(~(tcp_fin | tcp_psh));
  if (index > 0) tcp[13] &= static_cast<std::uint8_t>(~tcp_cwr);
  repair_checksums(out, frame);
}

}  // namespace tlsnic::hw
