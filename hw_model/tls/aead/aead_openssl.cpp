// AES-GCM from OpenSSL's AES and our GHASH. EVP's own AES-GCM cannot serve: its state can be
// neither read nor set, so it could not be stopped in a record, shown, and continued from a copy.
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "hw_model/tls/aead/gcm_engine.h"
#include "hw_model/tls/aead/ghash.h"

namespace tlsnic::hw {
namespace {

void require(int openssl_result) {
  if (openssl_result != 1) throw std::runtime_error("OpenSSL refused AES");
}

// The counter is the last 4 bytes of its block, big-endian: the first 4 reversed ones.
std::uint32_t load_counter(const GcmBlock& reversed) {
  std::uint32_t counter = 0;
  for (unsigned i = 0; i < 4; ++i) counter |= std::uint32_t{reversed[i]} << 8 * i;
  return counter;
}
void store_counter(GcmBlock& reversed, std::uint32_t counter) {
  for (unsigned i = 0; i < 4; ++i) reversed[i] = static_cast<std::uint8_t>(counter >> 8 * i);
}

void xor_bytes(const std::uint8_t* in, const std::uint8_t* stream, std::uint8_t* out,
               std::size_t length) {
  for (; length >= 8; length -= 8, in += 8, stream += 8, out += 8) {
    std::uint64_t a, b;
    std::memcpy(&a, in, 8);
    std::memcpy(&b, stream, 8);
    a ^= b;
    std::memcpy(out, &a, 8);
  }
  for (std::size_t i = 0; i < length; ++i) out[i] = in[i] ^ stream[i];
}

// AES of whole blocks under one key. The context is scratch: nothing in it outlives a call, because
// ECB without padding keeps nothing between whole blocks.
class BlockCipher {
 public:
  explicit BlockCipher(Bytes key) : context_(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free) {
    const EVP_CIPHER* cipher = key.size() == 16 ? EVP_aes_128_ecb() : EVP_aes_256_ecb();
    require(EVP_EncryptInit_ex(context_.get(), cipher, nullptr, key.data(), nullptr));
    require(EVP_CIPHER_CTX_set_padding(context_.get(), 0));
  }

  // In place; size is a multiple of 16.
  void encrypt(std::uint8_t* blocks, std::size_t size) const {
    int written = 0;
    require(EVP_EncryptUpdate(context_.get(), blocks, &written, blocks, static_cast<int>(size)));
  }

 private:
  std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context_;
};

GhashKey make_ghash_key(const BlockCipher& cipher) {
  GcmBlock zeros{};
  cipher.encrypt(zeros.data(), zeros.size());
  return GhashKey(zeros);
}

class OpensslEngine final : public GcmEngine {
 public:
  explicit OpensslEngine(Bytes key) : cipher_(key), ghash_(make_ghash_key(cipher_)) {}

  void start(GcmState& state, const std::array<std::uint8_t, aead_nonce_size>& nonce,
             Bytes aad) const override {
    state = {};
    std::copy(nonce.begin(), nonce.end(), state.j0.begin());
    state.j0.back() = 1;
    std::reverse_copy(state.j0.begin(), state.j0.end(), state.counter.begin());
    state.aad_length = aad.size();
    GhashValue hash;
    ghash_.absorb(hash, 0, aad.data(), aad.size());
    if (aad.size() % gcm_block_size != 0) ghash_.multiply(hash);
    store_ghash(state.ghash, hash);
  }

  void encrypt(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
               std::size_t length) const override {
    update<false>(state, in, out, length);
  }
  void decrypt(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
               std::size_t length) const override {
    update<true>(state, in, out, length);
  }

  void tag(const GcmState& state, std::uint8_t* out) const override {
    GhashValue hash = load_ghash(state.ghash);
    if (state.partial_length != 0) ghash_.multiply(hash);
    hash.high ^= state.aad_length * 8;
    hash.low ^= state.text_length * 8;
    ghash_.multiply(hash);
    GcmBlock mask = state.j0;
    cipher_.encrypt(mask.data(), mask.size());
    store_be64(out, hash.high ^ load_be64(mask.data()));
    store_be64(out + 8, hash.low ^ load_be64(mask.data() + 8));
  }

 private:
  // The key stream's next `size` bytes, a multiple of 16; moves the counter on.
  void next_key_stream(GcmState& state, std::uint8_t* out, std::size_t size) const {
    std::uint32_t counter = load_counter(state.counter);
    for (std::size_t block = 0; block < size; block += gcm_block_size) {
      std::memcpy(out + block, state.j0.data(), aead_nonce_size);
      store_be32(out + block + aead_nonce_size, ++counter);
    }
    store_counter(state.counter, counter);
    cipher_.encrypt(out, size);
  }

  template <bool decrypting>
  void update(GcmState& state, const std::uint8_t* in, std::uint8_t* out,
              std::size_t length) const {
    // Enough blocks at a time that the cost of an EVP call disappears.
    alignas(16) std::uint8_t stream[64 * gcm_block_size];
    GhashValue hash = load_ghash(state.ghash);
    state.text_length += length;
    while (length != 0) {
      const std::size_t position = state.partial_length;
      std::size_t size;
      if (position != 0) {
        size = std::min(length, gcm_block_size - position);
        std::memcpy(stream, state.key_stream.data() + position, size);
      } else {
        size = std::min(length, sizeof stream);
        const std::size_t whole = size / gcm_block_size * gcm_block_size;
        next_key_stream(state, stream, whole == size ? whole : whole + gcm_block_size);
        if (whole != size) std::memcpy(state.key_stream.data(), stream + whole, gcm_block_size);
      }
      // The hash is over ciphertext, which decryption in place overwrites.
      if (decrypting) ghash_.absorb(hash, position, in, size);
      xor_bytes(in, stream, out, size);
      if (!decrypting) ghash_.absorb(hash, position, out, size);
      state.partial_length = (position + size) % gcm_block_size;
      in += size;
      out += size;
      length -= size;
    }
    forget_used_key_stream(state);
    store_ghash(state.ghash, hash);
  }

  BlockCipher cipher_;
  GhashKey ghash_;
};

}  // namespace

std::unique_ptr<GcmEngine> make_openssl_engine(Bytes key) {
  return std::make_unique<OpensslEngine>(key);
}

}  // namespace tlsnic::hw
