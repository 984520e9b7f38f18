#include "traces/capture/link_layer.h"

#include <fmt/format.h>
#include <pcap/dlt.h>
#include <pcap/pcap.h>

#include "protocol/frame.h"

namespace tlsnic::traces {
namespace {

constexpr std::size_t ethernet_header = 14;
constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_ipv6 = 0x86dd;
constexpr std::uint16_t ethertype_none = 0;

// LINKTYPE_ numbers where they differ from Linux's DLT_ numbers; libpcap hands out DLT_ numbers for
// classic files, pcapng holds LINKTYPE_ numbers.
constexpr std::uint32_t linktype_raw = 101;
constexpr std::uint32_t dlt_raw_openbsd = 14;

struct Payload {
  std::uint16_t ethertype;
  std::size_t offset;  // where the link header ends; may lie past the packet
};

Payload raw_ip(Bytes packet) {
  if (packet.empty()) return {ethertype_none, 1};
  const unsigned version = packet[0] >> 4;
  if (version == 4) return {ethertype_ipv4, 0};
  return {version == 6 ? ethertype_ipv6 : ethertype_none, 0};
}

// The address family is in the byte order of the machine that captured; IPv6 has another number on
// every system: Linux 10, Windows 23, NetBSD and OpenBSD 24, FreeBSD 28, macOS 30.
Payload loopback(Bytes packet) {
  constexpr std::size_t header = 4;
  if (packet.size() < header) return {ethertype_none, header};
  const std::uint32_t big_endian = load_be32(packet.data());
  const std::uint32_t family = big_endian > 0xffff ? __builtin_bswap32(big_endian) : big_endian;
  switch (family) {
    case 2:
      return {ethertype_ipv4, header};
    case 10:
    case 23:
    case 24:
    case 28:
    case 30:
      return {ethertype_ipv6, header};
    default:
      return {ethertype_none, header};
  }
}

Payload cooked(Bytes packet, std::size_t ethertype_offset, std::size_t header) {
  if (packet.size() < header) return {ethertype_none, header};
  return {load_be16(packet.data() + ethertype_offset), header};
}

Payload find_payload(std::uint32_t link_type, Bytes packet) {
  switch (link_type) {
    case DLT_LINUX_SLL:
      return cooked(packet, 14, 16);
    case DLT_LINUX_SLL2:
      return cooked(packet, 0, 20);
    case DLT_NULL:
    case DLT_LOOP:
      return loopback(packet);
    case DLT_IPV4:
      return {ethertype_ipv4, 0};
    case DLT_IPV6:
      return {ethertype_ipv6, 0};
    default:
      return raw_ip(packet);
  }
}

bool is_tcp_as_far_as_known(Bytes ethernet, const ParsedFrame& parsed) {
  constexpr std::uint8_t ip_protocol_tcp = 6;
  constexpr std::uint8_t ip_protocol_udp = 17;
  constexpr std::uint8_t ip_protocol_icmpv6 = 58;
  const Bytes ip = ethernet.subspan(parsed.l3_offset);
  if (ip.size() < 10) return true;
  if (ip[0] >> 4 == 4) return ip[9] == ip_protocol_tcp;
  return ip[6] != ip_protocol_udp && ip[6] != ip_protocol_icmpv6;
}

}  // namespace

bool is_supported_link_type(std::uint32_t link_type) {
  switch (link_type) {
    case DLT_EN10MB:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_RAW:
    case dlt_raw_openbsd:
    case linktype_raw:
    case DLT_IPV4:
    case DLT_IPV6:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
      return true;
    default:
      return false;
  }
}

std::string link_type_text(std::uint32_t link_type) {
  const char* name = pcap_datalink_val_to_name(static_cast<int>(link_type));
  return name != nullptr ? fmt::format("{} ({})", link_type, name) : fmt::format("{}", link_type);
}

Bytes to_ethernet(std::uint32_t link_type, Bytes packet, std::vector<std::uint8_t>& buffer) {
  if (link_type == DLT_EN10MB) return packet;
  const Payload payload = find_payload(link_type, packet);
  if (payload.offset > packet.size()) return {};
  const Bytes network = packet.subspan(payload.offset);
  buffer.resize(ethernet_header + network.size());
  std::memset(buffer.data(), 0, 12);
  store_be16(buffer.data() + 12, payload.ethertype);
  if (!network.empty())
    std::memcpy(buffer.data() + ethernet_header, network.data(), network.size());
  return Bytes(buffer.data(), buffer.size());
}

bool lost_tcp_bytes(Bytes ethernet) {
  const ParsedFrame parsed = parse_frame(ethernet);
  switch (parsed.kind) {
    case FrameKind::not_ip:
    case FrameKind::not_tcp:
    case FrameKind::fragment:
      return false;
    case FrameKind::tcp: {
      // A length of 0 means "to the end of the frame", and that end is missing.
      const std::uint8_t* ip = ethernet.data() + parsed.l3_offset;
      return load_be16(parsed.tuple.source.address.is_ipv6 ? ip + 4 : ip + 2) == 0;
    }
    case FrameKind::malformed:
      break;
  }
  return parsed.l3_offset == 0 || is_tcp_as_far_as_known(ethernet, parsed);
}

}  // namespace tlsnic::traces
