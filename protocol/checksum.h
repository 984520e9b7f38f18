// The Internet checksum (RFC 1071) of a TCP segment (RFC 9293, section 3.1).
#pragma once

#include "protocol/bytes.h"
#include "protocol/frame.h"

namespace tlsnic {

// Ones' complement sum of 16-bit big-endian words, folded to 16 bits; an odd last byte is padded.
std::uint16_t ones_complement_sum(Bytes bytes);

// True if the TCP checksum of a frame of kind tcp is right, pseudo-header included.
bool tcp_checksum_is_right(Bytes frame, const ParsedFrame& parsed);

// Writes the right TCP checksum, and the right header checksum for IPv4, into a frame of kind tcp.
void repair_checksums(MutableBytes frame, const ParsedFrame& parsed);

}  // namespace tlsnic
