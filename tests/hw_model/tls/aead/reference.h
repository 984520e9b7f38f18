// What the tests hold the chip's AES-GCM against: OpenSSL's own, one call for a whole record.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw_model/tls/aead/aead.h"

namespace tlsnic::hw::testing {

using Buffer = std::vector<std::uint8_t>;
using Nonce = std::array<std::uint8_t, aead_nonce_size>;
using Tag = std::array<std::uint8_t, aead_tag_size>;

struct Record {
  Buffer key, aad, plaintext, ciphertext;
  Nonce nonce{};
  Tag tag{};
};

// Fills in ciphertext and tag from the rest.
void seal_with_evp(Record& record);

// Without obvious structure, the same every time for the same seed.
Buffer sample_bytes(std::size_t size, std::uint32_t seed);

// key_size 16 or 32; everything derived from the sizes.
Record sample_record(std::size_t key_size, std::size_t aad_size, std::size_t text_size);

// The back ends that this build and machine have.
std::vector<AeadBackend> backends();

Buffer from_hex(const char* digits);

inline Tag tag_of(const GcmKey& key, const GcmState& state) {
  Tag tag;
  key.tag(state, tag.data());
  return tag;
}

// One of the two directions: what goes in, what must come out.
struct Direction {
  bool decrypting;
  const Buffer& in(const Record& r) const { return decrypting ? r.ciphertext : r.plaintext; }
  const Buffer& out(const Record& r) const { return decrypting ? r.plaintext : r.ciphertext; }
  void run(const GcmKey& key, GcmState& state, const std::uint8_t* in, std::uint8_t* out,
           std::size_t length) const {
    decrypting ? key.decrypt(state, in, out, length) : key.encrypt(state, in, out, length);
  }
};
constexpr Direction directions[] = {{false}, {true}};

}  // namespace tlsnic::hw::testing
