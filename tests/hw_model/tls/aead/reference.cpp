#include "tests/hw_model/tls/aead/reference.h"

#include <openssl/evp.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

namespace tlsnic::hw::testing {

void seal_with_evp(Record& record) {
  std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(),
                                                                     &EVP_CIPHER_CTX_free);
  const auto require = [](int result) {
    if (result != 1) throw std::runtime_error("reference encryption failed");
  };
  const EVP_CIPHER* cipher = record.key.size() == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
  int written = 0;
  require(
      EVP_EncryptInit_ex(context.get(), cipher, nullptr, record.key.data(), record.nonce.data()));
  if (!record.aad.empty())
    require(EVP_EncryptUpdate(context.get(), nullptr, &written, record.aad.data(),
                              static_cast<int>(record.aad.size())));
  record.ciphertext.resize(record.plaintext.size());
  if (!record.plaintext.empty())
    require(EVP_EncryptUpdate(context.get(), record.ciphertext.data(), &written,
                              record.plaintext.data(), static_cast<int>(record.plaintext.size())));
  std::uint8_t none[16];
  require(EVP_EncryptFinal_ex(context.get(), none, &written));
  require(
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, aead_tag_size, record.tag.data()));
}

Buffer sample_bytes(std::size_t size, std::uint32_t seed) {
  Buffer bytes(size);
  std::uint32_t value = seed * 2654435761u + 1;
  for (std::uint8_t& byte : bytes) {
    value = value * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(value >> 24);
  }
  return bytes;
}

Record sample_record(std::size_t key_size, std::size_t aad_size, std::size_t text_size) {
  Record record;
  record.key = sample_bytes(key_size, 1);
  record.aad = sample_bytes(aad_size, 2);
  record.plaintext = sample_bytes(text_size, 3);
  const Buffer nonce = sample_bytes(record.nonce.size(), 4);
  std::memcpy(record.nonce.data(), nonce.data(), nonce.size());
  seal_with_evp(record);
  return record;
}

std::vector<AeadBackend> backends() {
  std::vector<AeadBackend> all;
  for (AeadBackend backend : {AeadBackend::ipsec_mb, AeadBackend::openssl})
    if (available(backend)) all.push_back(backend);
  return all;
}

Buffer from_hex(const char* digits) {
  Buffer bytes;
  for (; *digits != '\0'; digits += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(digits, 2), nullptr, 16)));
  return bytes;
}

}  // namespace tlsnic::hw::testing
