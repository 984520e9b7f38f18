#include "protocol/record_aead.h"

#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <vector>

using namespace tlsnic;

namespace {

// The work of RecordAead, straight on EVP with nonce and additional data by hand.
std::vector<std::uint8_t> seal_by_hand(const EVP_CIPHER* cipher, const TrafficKeys& keys,
                                       const std::vector<std::uint8_t>& nonce,
                                       const std::vector<std::uint8_t>& aad,
                                       const std::vector<std::uint8_t>& text) {
  std::vector<std::uint8_t> out(text.size() + 16);
  int n = 0;
  EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(ctx, cipher, nullptr, keys.key.data(), nonce.data());
  EVP_EncryptUpdate(ctx, nullptr, &n, aad.data(), static_cast<int>(aad.size()));
  EVP_EncryptUpdate(ctx, out.data(), &n, text.data(), static_cast<int>(text.size()));
  EVP_EncryptFinal_ex(ctx, out.data() + n, &n);
  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out.data() + text.size());
  EVP_CIPHER_CTX_free(ctx);
  return out;
}

TrafficKeys some_keys(TlsVersion version, TlsCipher cipher) {
  TrafficKeys keys;
  keys.version = version;
  keys.cipher = cipher;
  for (std::size_t i = 0; i < keys.key.size(); ++i) keys.key[i] = static_cast<std::uint8_t>(i);
  const std::size_t iv_size = record_format(version, cipher).explicit_nonce != 0 ? 4 : 12;
  for (std::size_t i = 0; i < iv_size; ++i) keys.iv[i] = static_cast<std::uint8_t>(0xa0 + i);
  return keys;
}

}  // namespace

TEST_CASE("TLS 1.2 AES-GCM: salt and explicit nonce, 13 bytes of additional data (RFC 5288)") {
  const TrafficKeys keys = some_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  std::vector<std::uint8_t> record{23, 3, 3, 0, 8 + 3 + 16, 9, 8, 7, 6, 5, 4, 3, 2, 'a', 'b', 'c'};
  record.resize(record.size() + 16);
  RecordAead aead(keys);
  aead.seal(record, 0x0102);
  const auto expected =
      seal_by_hand(EVP_aes_128_gcm(), keys, {0xa0, 0xa1, 0xa2, 0xa3, 9, 8, 7, 6, 5, 4, 3, 2},
                   {0, 0, 0, 0, 0, 0, 1, 2, 23, 3, 3, 0, 3}, {'a', 'b', 'c'});
  CHECK(std::equal(expected.begin(), expected.end(), record.begin() + 13));

  std::vector<std::uint8_t> plain(3);
  CHECK(aead.open(record, 0x0102, plain));
  CHECK(plain == std::vector<std::uint8_t>{'a', 'b', 'c'});
  CHECK_FALSE(aead.open(record, 0x0103, plain));
}

TEST_CASE("TLS 1.3: nonce from the record number, the header as additional data (RFC 8446, 5.2)") {
  for (const auto cipher : {TlsCipher::aes_gcm_256, TlsCipher::chacha20_poly1305}) {
    const TrafficKeys keys = some_keys(TlsVersion::tls13, cipher);
    std::vector<std::uint8_t> record{23, 3, 3, 0, 2 + 16, 'x', 23};
    record.resize(record.size() + 16);
    RecordAead aead(keys);
    aead.seal(record, 5);
    const auto* evp =
        cipher == TlsCipher::aes_gcm_256 ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
    std::vector<std::uint8_t> nonce(keys.iv.begin(), keys.iv.end());
    nonce[11] ^= 5;
    const auto expected = seal_by_hand(evp, keys, nonce, {23, 3, 3, 0, 18}, {'x', 23});
    CHECK(std::equal(expected.begin(), expected.end(), record.begin() + 5));
    std::vector<std::uint8_t> plain(2);
    CHECK(aead.open(record, 5, plain));
  }
}

TEST_CASE("the key stream turns plaintext back into ciphertext, tag left alone") {
  const TrafficKeys keys = some_keys(TlsVersion::tls12, TlsCipher::aes_gcm_256);
  std::vector<std::uint8_t> record(13 + 100 + 16, 0x5a);
  const std::vector<std::uint8_t> header{23, 3, 3, 0, 8 + 100 + 16};
  std::copy(header.begin(), header.end(), record.begin());
  const auto plain_record = record;
  RecordAead aead(keys);
  aead.seal(record, 1);
  std::vector<std::uint8_t> out(100);
  aead.apply_key_stream(plain_record, 1, out);
  CHECK(std::equal(out.begin(), out.end(), record.begin() + 13));
}
