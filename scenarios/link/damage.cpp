#include "scenarios/link/damage.h"

#include <algorithm>

#include "protocol/checksum.h"

namespace tlsnic::scenarios {

bool corrupt_payload(MutableBytes frame, const ParsedFrame& parsed, std::uint64_t bit) {
  if (parsed.kind != FrameKind::tcp || parsed.payload_length == 0) return false;
  const std::uint64_t last = std::uint64_t{parsed.payload_length} * 8 - 1;
  const std::uint64_t inverted = std::min(bit, last);
  frame[parsed.payload_offset + inverted / 8] ^= static_cast<std::uint8_t>(1u << inverted % 8);
  return true;
}

bool tamper_with_payload(MutableBytes frame, const ParsedFrame& parsed, std::uint64_t bit) {
  if (!corrupt_payload(frame, parsed, bit)) return false;
  repair_checksums(frame, parsed);
  return true;
}

}  // namespace tlsnic::scenarios
