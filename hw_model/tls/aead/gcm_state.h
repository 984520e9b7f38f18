// The state of one AES-GCM operation between two pieces of a record: the part of a TLS context that
// the hardware calls "crypto state". A value: copy it, compare it, dump it, continue from any copy.
//
// The layout is that of gcm_context_data in intel-ipsec-mb, so that library works on it directly.
// The content is canonical: the same key, nonce, additional data and text leave the same 88 bytes,
// however the text was cut, whichever back end and instruction set computed it. A state may
// therefore be made by one back end and continued by the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace tlsnic::hw {

constexpr std::size_t gcm_block_size = 16;

// One block. "Reversed" below: byte 0 here is byte 15 of the block as NIST SP 800-38D writes it.
using GcmBlock = std::array<std::uint8_t, gcm_block_size>;

struct GcmState {
  // GHASH over the additional data and the text so far, reversed. The bytes of an unfinished block
  // are XORed in already; its multiplication by the hash key waits for the block's end.
  GcmBlock ghash{};
  std::uint64_t aad_length = 0;   // bytes of additional data
  std::uint64_t text_length = 0;  // bytes of text so far
  // Key stream of the unfinished block, in order; the bytes used so far are zero. All zero at a
  // block boundary.
  GcmBlock key_stream{};
  GcmBlock j0{};       // pre-counter block: the nonce, then 00000001
  GcmBlock counter{};  // the last counter block that was encrypted (j0 at first), reversed
  std::uint64_t partial_length = 0;  // bytes of the unfinished block so far, 0 to 15
};

static_assert(sizeof(GcmState) == 88);
static_assert(std::is_trivially_copyable_v<GcmState>);
// No padding: comparing and dumping the raw bytes is sound.
static_assert(std::has_unique_object_representations_v<GcmState>);

inline bool operator==(const GcmState& a, const GcmState& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}
inline bool operator!=(const GcmState& a, const GcmState& b) {
  return !(a == b);
}

}  // namespace tlsnic::hw
