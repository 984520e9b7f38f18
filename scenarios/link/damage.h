// Bits that change on the way. parsed: of the frame, of kind tcp.
#pragma once

#include "protocol/frame.h"

namespace tlsnic::scenarios {

// Inverts one bit of the payload (0: the lowest bit of its first byte) and leaves the checksum as
// it was, which is then wrong. A bit past the payload's end is taken for its last one; false, and
// nothing changed, if there is no payload.
bool corrupt_payload(MutableBytes frame, const ParsedFrame& parsed, std::uint64_t bit);

// The same, and the checksum is made right: what an attacker or a broken box on the way does.
bool tamper_with_payload(MutableBytes frame, const ParsedFrame& parsed, std::uint64_t bit);

}  // namespace tlsnic::scenarios
