#include "tests/host_stack/syscalls/sealed_record.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

namespace tlsnic::host::test {
namespace {

constexpr std::size_t tag_size = 16;

struct Sealing {
  std::array<std::uint8_t, 12> nonce{};
  std::vector<std::uint8_t> additional;
  std::vector<std::uint8_t> text;
};

// `out`: ciphertext and tag.
void seal(std::uint8_t key_byte, const Sealing& in, std::uint8_t* out) {
  std::array<std::uint8_t, 16> key;
  key.fill(key_byte);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  EVP_CIPHER_CTX* const c = context.get();
  int size = 0;
  REQUIRE(EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), nullptr, key.data(), in.nonce.data()) == 1);
  REQUIRE(EVP_EncryptUpdate(c, nullptr, &size, in.additional.data(),
                            static_cast<int>(in.additional.size())) == 1);
  if (!in.text.empty())
    REQUIRE(EVP_EncryptUpdate(c, out, &size, in.text.data(), static_cast<int>(in.text.size())) ==
            1);
  std::uint8_t* const tag = out + in.text.size();
  REQUIRE(EVP_EncryptFinal_ex(c, tag, &size) == 1);
  REQUIRE(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_size, tag) == 1);
}

}  // namespace

std::vector<std::uint8_t> sealed_record(const Variant& variant, std::uint8_t type, Bytes text,
                                        std::uint64_t number, std::uint8_t generation,
                                        std::size_t padding) {
  Sealing sealing;
  sealing.text.assign(text.begin(), text.end());
  sealing.nonce.fill(generation);
  std::array<std::uint8_t, 8> counter{};
  store_be64(counter.data(), number);
  const std::size_t prepend = variant.is_tls13() ? 5 : 13;
  if (variant.is_tls13()) {
    sealing.text.push_back(type);
    sealing.text.resize(sealing.text.size() + padding);
    for (std::size_t i = 0; i < 8; ++i) sealing.nonce[4 + i] ^= counter[i];
  } else {
    std::copy(counter.begin(), counter.end(), sealing.nonce.begin() + 4);
    sealing.additional.assign(counter.begin(), counter.end());
  }
  std::vector<std::uint8_t> out(prepend + sealing.text.size() + tag_size);
  out[0] = variant.is_tls13() ? 23 : type;
  out[1] = out[2] = 3;
  store_be16(&out[3], static_cast<std::uint16_t>(out.size() - 5));
  if (!variant.is_tls13()) std::copy(counter.begin(), counter.end(), out.begin() + 5);
  // TLS 1.2 authenticates the plaintext's length, TLS 1.3 the header as it is.
  sealing.additional.insert(sealing.additional.end(), out.begin(), out.begin() + 5);
  if (!variant.is_tls13())
    store_be16(&sealing.additional[11], static_cast<std::uint16_t>(text.size()));
  seal(generation, sealing, &out[prepend]);
  return out;
}

}  // namespace tlsnic::host::test
