#include "host_stack/tcp/headers.h"

#include <algorithm>
#include <cstring>

namespace tlsnic::host {
namespace {

constexpr std::uint8_t hop_limit = 64;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint16_t do_not_fragment = 0x4000;

}  // namespace

HeaderBuilder::HeaderBuilder(const TcpSettings& settings, const FourTuple& sent)
    : tcp_offset_(ethernet_header_size + ip_header_size(sent.source.address.is_ipv6)),
      is_ipv6_(sent.source.address.is_ipv6) {
  std::uint8_t* p = headers_.data();
  std::copy(settings.remote_mac.begin(), settings.remote_mac.end(), p);
  std::copy(settings.local_mac.begin(), settings.local_mac.end(), p + 6);
  store_be16(p + 12, is_ipv6_ ? 0x86dd : 0x0800);
  std::uint8_t* ip = p + ethernet_header_size;
  const std::size_t address_size = is_ipv6_ ? 16 : 4;
  std::uint8_t* addresses = ip + (is_ipv6_ ? 8 : 12);
  std::memcpy(addresses, sent.source.address.bytes.data(), address_size);
  std::memcpy(addresses + address_size, sent.destination.address.bytes.data(), address_size);
  if (is_ipv6_) {
    ip[0] = 0x60;
    ip[6] = protocol_tcp;
    ip[7] = hop_limit;
  } else {
    ip[0] = 0x45;
    store_be16(ip + 6, do_not_fragment);
    ip[8] = hop_limit;
    ip[9] = protocol_tcp;
  }
  store_be16(p + tcp_offset_, sent.source.port);
  store_be16(p + tcp_offset_ + 2, sent.destination.port);
}

std::vector<std::uint8_t> HeaderBuilder::build(const SegmentHeader& segment) {
  const std::size_t fixed = tcp_offset_ + tcp_header_size;
  const std::size_t options = segment.options.size();
  std::vector<std::uint8_t> out(fixed + options);
  std::memcpy(out.data(), headers_.data(), fixed);

  const std::size_t tcp_size = tcp_header_size + options + segment.payload_size;
  const std::size_t length = tcp_size + (is_ipv6_ ? 0 : ip_header_size(false));
  const auto field = static_cast<std::uint16_t>(length <= 0xffff ? length : 0);
  std::uint8_t* ip = out.data() + ethernet_header_size;
  if (is_ipv6_) {
    store_be16(ip + 4, field);
  } else {
    store_be16(ip + 2, field);
    store_be16(ip + 4, ip_id_);
    ip_id_ = static_cast<std::uint16_t>(ip_id_ + segment.frames);
  }

  std::uint8_t* tcp = out.data() + tcp_offset_;
  store_be32(tcp + 4, segment.sequence);
  store_be32(tcp + 8, segment.acknowledgement);
  tcp[12] = static_cast<std::uint8_t>((tcp_header_size + options) / 4 << 4);
  tcp[13] = segment.flags;
  store_be16(tcp + 14, segment.window);
  if (options > 0) std::memcpy(tcp + tcp_header_size, segment.options.data(), options);
  return out;
}

}  // namespace tlsnic::host
