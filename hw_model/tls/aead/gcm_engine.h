// The seam below GcmKey: what a back end implements. Only this folder includes it directly.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "hw_model/tls/aead/gcm_state.h"
#include "protocol/bytes.h"
#include "protocol/tls_record.h"

struct IMB_MGR;  // of intel-ipsec-mb

namespace tlsnic::hw {

// An expanded key and its operations. Each leaves a canonical state (gcm_state.h).
class GcmEngine {
 public:
  virtual ~GcmEngine() = default;

  virtual void start(GcmState& state, const std::array<std::uint8_t, aead_nonce_size>& nonce,
                     Bytes aad) const = 0;
  // length is at least 1.
  virtual void encrypt(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
                       std::size_t length) const = 0;
  virtual void decrypt(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
                       std::size_t length) const = 0;
  virtual void tag(const GcmState& state, std::uint8_t* out) const = 0;
};

// Each back end in a file of its own. key: 16 or 32 bytes, checked by the caller.
std::unique_ptr<GcmEngine> make_openssl_engine(Bytes key);
std::unique_ptr<GcmEngine> make_ipsec_mb_engine(Bytes key, const IMB_MGR& library);
// intel-ipsec-mb with the best instruction set of this processor; null if it has none for it.
const IMB_MGR* ipsec_mb_library();

// Makes key_stream canonical: used bytes become zero, all 16 of them at a block boundary.
inline void forget_used_key_stream(GcmState& state) {
  static constexpr std::uint8_t masks[2 * gcm_block_size] = {
      0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
      0,    0,    0,    0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  const std::uint8_t* mask = masks + (gcm_block_size - state.partial_length) % gcm_block_size;
  for (std::size_t half : {0, 8}) {
    std::uint64_t stream, kept;
    std::memcpy(&stream, state.key_stream.data() + half, 8);
    std::memcpy(&kept, mask + half, 8);
    stream &= kept;
    std::memcpy(state.key_stream.data() + half, &stream, 8);
  }
}

}  // namespace tlsnic::hw
