// Ethernet, IP and TCP headers of outgoing segments (RFC 791, RFC 8200, RFC 9293 section 3.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "host_stack/tcp/settings.h"
#include "protocol/frame.h"

namespace tlsnic::host {

constexpr std::size_t tcp_header_size = 20;
constexpr std::size_t ethernet_header_size = 14;

inline std::size_t ip_header_size(bool is_ipv6) {
  return is_ipv6 ? 40 : 20;
}

struct SegmentHeader {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  Bytes options;                   // encoded; a multiple of 4 bytes, at most 40
  std::uint32_t payload_size = 0;  // bytes
  std::uint32_t frames = 1;        // that the device will make of it: each takes an IPv4 id
};

// Everything that stays the same over a connection is laid out once.
class HeaderBuilder {
 public:
  // sent: addresses of the segments that leave.
  HeaderBuilder(const TcpSettings& settings, const FourTuple& sent);

  // The IP length field is that of the segment if 16 bits can hold it, else 0; checksums are 0: the
  // device fills them in (netdev::TxSkb).
  std::vector<std::uint8_t> build(const SegmentHeader& segment);

 private:
  std::array<std::uint8_t, ethernet_header_size + 40 + tcp_header_size> headers_{};
  std::size_t tcp_offset_;
  bool is_ipv6_;
  std::uint16_t ip_id_ = 1;
};

}  // namespace tlsnic::host
