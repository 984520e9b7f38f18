// TCP segmentation: one large packet becomes frames of at most mss payload bytes, each with headers
// and checksums of its own. Pure functions over a packet; any frame can be made at any time.
//
// Accuracy: what a sender without the offload would have put on the wire: sequence numbers,
// lengths, identification counted up from the packet's own, FIN and PSH on the last frame only, CWR
// on the first only (RFC 3168, section 6.1.2), TCP options repeated. Limitations: TCP in IPv4 or
// IPv6, VLAN tags allowed; no tunnels. An authentication header (RFC 4302) is repeated unchanged
// and would not verify.
#pragma once

#include "protocol/frame.h"

namespace tlsnic::hw {

// The headers of a packet on its way down, whose IP length field need not be right: everything
// behind the TCP header is payload. Sets that field to 0 if it is wrong.
ParsedFrame parse_unfinished(MutableBytes packet);

// Sets IP's length field to what payload_length says. Checksums are the caller's.
void write_ip_length(MutableBytes frame, const ParsedFrame& parsed);

// For the rest, packet is of kind tcp as parse_unfinished() says; mss: payload bytes per frame, 0:
// one frame.

// 1 at least.
std::uint32_t segment_count(const ParsedFrame& packet, std::uint16_t mss);

// Whether every frame's length fits IP's 16-bit field.
bool segments_fit(const ParsedFrame& packet, std::uint16_t mss);
// Whether cutting keeps the meaning: SYN, RST and urgent data must be in one frame.
bool can_segment(const ParsedFrame& packet, std::uint16_t mss);

// Bytes of frame `index`, which is less than segment_count().
std::uint32_t segment_size(const ParsedFrame& packet, std::uint16_t mss, std::uint32_t index);

// Writes frame `index` of a packet of which segments_fit() and can_segment() hold. out:
// segment_size() bytes; may be the packet itself if there is only this frame.
void write_segment(Bytes bytes, const ParsedFrame& packet, std::uint16_t mss, std::uint32_t index,
                   MutableBytes out);

}  // namespace tlsnic::hw
