// The chip's AES-GCM (NIST SP 800-38D): one record encrypted or decrypted in pieces of any size,
// with a state that can be stopped after any byte, copied, shown and continued.
//
// Accuracy: every output byte, tag and state equals what the standard asks for, for AES-128 and
// AES-256, 12-byte nonces and 16-byte tags, the only offloaded kind (RFC 5288, RFC 8446
// section 5.2). Both back ends give the same bytes, so results do not depend on the machine.
//
// Limitations: what a pass costs in cycles is not here but in the crypto unit's timing, and real
// hardware's time does not depend on the data. This code does not promise constant time to its
// host: the OpenSSL back end hashes with tables. Text per state up to 2^36 - 32 bytes, GCM's own
// bound; no check, since a record is far shorter. A GcmKey serves one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "hw_model/tls/aead/gcm_engine.h"
#include "hw_model/tls/aead/gcm_state.h"
#include "protocol/bytes.h"
#include "protocol/tls_record.h"

namespace tlsnic::hw {

enum class AeadBackend { ipsec_mb, openssl };

// Whether this build and this processor have the back end. OpenSSL's always is.
bool available(AeadBackend backend);
// intel-ipsec-mb where available, being several times as fast on packet-size pieces; else OpenSSL.
AeadBackend default_backend();

// An expanded key, as it lies in the chip's key table. It holds nothing of a record: all of that is
// in the GcmState, which any number of records may have one each of. Movable, not copyable; a
// moved-from key may only be assigned to or destroyed.
class GcmKey {
 public:
  // key: 16 bytes (AES-128) or 32 bytes (AES-256). Throws std::invalid_argument on another size, or
  // if the back end is not available here.
  explicit GcmKey(Bytes key, AeadBackend backend = default_backend());

  // Begins a record in a state of any content. aad: any length, TLS has 13 (1.2) or 5 bytes (1.3).
  void start(GcmState& state, const std::array<std::uint8_t, aead_nonce_size>& nonce,
             Bytes aad) const {
    engine_->start(state, nonce, aad);
  }

  // The next `length` bytes of text, 0 included (in and out may be null then). in and out are the
  // same or do not overlap. The state must come from start() of the same key bytes, and one state
  // either encrypts or decrypts.
  void encrypt(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
               std::size_t length) const {
    if (length != 0) engine_->encrypt(state, in, out, length);
  }
  void decrypt(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
               std::size_t length) const {
    if (length != 0) engine_->decrypt(state, in, out, length);
  }

  // The tag of the text so far: aead_tag_size bytes at out. The state is as before and goes on.
  void tag(const GcmState& state, std::uint8_t* out) const { engine_->tag(state, out); }

 private:
  std::unique_ptr<const GcmEngine> engine_;
};

}  // namespace tlsnic::hw
