// Packets of other link layers as Ethernet frames, so that later stages see Ethernet only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::traces {

// True for Ethernet (1), raw IP (12, 14, 101, 228, 229), Linux cooked v1 (113) and v2 (276), BSD
// loopback NULL (0) and LOOP (108). Numbers of tcpdump.org/linktypes.html.
bool is_supported_link_type(std::uint32_t link_type);

// "105 (IEEE802_11)"; the number alone where libpcap knows no name.
std::string link_type_text(std::uint32_t link_type);

// Ethernet is returned as it is. For every other supported link type `buffer` is filled with a
// 14-byte header (zero addresses, the EtherType) and what follows the packet's own link header. A
// packet too short for its link header gives an empty frame; one that is not of the internet
// protocols gets the EtherType it has, or 0.
Bytes to_ethernet(std::uint32_t link_type, Bytes packet, std::vector<std::uint8_t>& buffer);

// For a frame that was captured shorter than it was: true if bytes of a TCP segment are missing,
// or nobody can tell. A frame that is not TCP, or lost Ethernet padding only, gives false.
bool lost_tcp_bytes(Bytes ethernet);

}  // namespace tlsnic::traces
