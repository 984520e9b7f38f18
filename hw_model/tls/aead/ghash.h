// GHASH, the universal hash of GCM (NIST SP 800-38D section 6.4), over a value that can be taken
// out and put back at any byte. Written here because no public OpenSSL interface offers that: its
// GCM keeps the value inside an opaque context that can neither be read nor set.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hw_model/tls/aead/gcm_state.h"
#include "protocol/bytes.h"

namespace tlsnic::hw {

// A block as a number: the block's first byte is the most significant of `high`. In GCM's bit order
// that makes multiplication by x a shift to the right.
struct GhashValue {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

// From and to GcmState::ghash, which has the bytes reversed.
GhashValue load_ghash(const GcmBlock& reversed);
void store_ghash(GcmBlock& reversed, GhashValue value);

class GhashKey {
 public:
  // hash_key: the block of zeros, encrypted.
  explicit GhashKey(const GcmBlock& hash_key);

  // Adds `length` bytes that begin at `position` (0 to 15) of the current block; multiplies
  // wherever a block becomes full.
  void absorb(GhashValue& value, std::size_t position, const std::uint8_t* data,
              std::size_t length) const;
  // Ends the current block, as if filled with zeros.
  void multiply(GhashValue& value) const;

 private:
  // The hash key times each polynomial of degree below 4: a multiplication takes 4 bits per step.
  std::array<GhashValue, 16> multiples_;
};

}  // namespace tlsnic::hw
