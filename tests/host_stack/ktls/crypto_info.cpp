#include "host_stack/ktls/crypto_info.h"

#include <linux/tls.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

namespace tlsnic::host {
namespace {

using Octets = std::vector<std::uint8_t>;

template <typename T>
void fill(T& field, std::uint8_t first) {
  for (std::size_t i = 0; i < sizeof field; ++i)
    reinterpret_cast<std::uint8_t*>(&field)[i] = static_cast<std::uint8_t>(first + i);
}

// What the struct says, field by field, is what comes out, and the way back is exact.
template <typename Info>
void check(TlsCipher cipher, std::uint16_t version) {
  Info info{};
  info.info.version = version;
  info.info.cipher_type = static_cast<std::uint16_t>(cipher);
  fill(info.iv, 0x10);
  fill(info.key, 0x30);
  fill(info.salt, 0x80);
  fill(info.rec_seq, 0xa0);
  INFO(static_cast<int>(cipher) << " " << version);
  CHECK(crypto_info_size(cipher) == sizeof info);
  Octets bytes(sizeof info);
  std::memcpy(bytes.data(), &info, sizeof info);

  const auto read = read_crypto_info(bytes);
  REQUIRE(read);
  const TrafficKeys& keys = read->base.keys;
  CHECK(static_cast<std::uint16_t>(keys.version) == version);
  CHECK(keys.cipher == cipher);
  CHECK(keys.key_size() == sizeof info.key);
  CHECK(std::equal(std::begin(info.key), std::end(info.key), keys.key.begin()));
  Octets iv(info.salt, info.salt + (sizeof info.iv == 12 ? 0 : sizeof info.salt));
  const bool has_explicit_nonce = version == TLS_1_2_VERSION && sizeof info.iv == 8;
  if (!has_explicit_nonce) iv.insert(iv.end(), std::begin(info.iv), std::end(info.iv));
  CHECK(keys.iv_size() == iv.size());
  iv.resize(12);
  CHECK(std::equal(iv.begin(), iv.end(), keys.iv.begin()));
  CHECK(read->explicit_nonce == (has_explicit_nonce ? 0x1011121314151617 : 0));
  CHECK(read->base.record_number == 0xa0a1a2a3a4a5a6a7);

  Octets back(sizeof info);
  write_crypto_info(*read, back);
  CHECK(back == bytes);

  // Some records later.
  TxCryptoInfo later = *read;
  later.base.record_number += 0x101;
  later.explicit_nonce += 0x101;
  write_crypto_info(later, back);
  Info out;
  std::memcpy(&out, back.data(), sizeof out);
  CHECK(out.rec_seq[7] == 0xa8);
  CHECK(out.rec_seq[6] == 0xa7);
  CHECK(out.rec_seq[0] == 0xa0);
  CHECK(out.iv[7] == (has_explicit_nonce ? 0x18 : 0x17));
  CHECK(std::memcmp(out.key, info.key, sizeof info.key) == 0);

  // Any other size is refused.
  CHECK_FALSE(read_crypto_info(Bytes(bytes).first(sizeof info - 1)));
  bytes.push_back(0);
  CHECK_FALSE(read_crypto_info(bytes));
}

template <typename Info>
void check_both(TlsCipher cipher) {
  check<Info>(cipher, TLS_1_2_VERSION);
  check<Info>(cipher, TLS_1_3_VERSION);
}

Octets struct_of(int version, int cipher, std::size_t size) {
  Octets bytes(size);
  const std::uint16_t head[] = {static_cast<std::uint16_t>(version),
                                static_cast<std::uint16_t>(cipher)};
  std::memcpy(bytes.data(), head, sizeof head);
  return bytes;
}

}  // namespace

TEST_CASE("the structs of linux/tls.h, read and written") {
  check_both<tls12_crypto_info_aes_gcm_128>(TlsCipher::aes_gcm_128);
  check_both<tls12_crypto_info_aes_gcm_256>(TlsCipher::aes_gcm_256);
  check_both<tls12_crypto_info_aes_ccm_128>(TlsCipher::aes_ccm_128);
  check_both<tls12_crypto_info_chacha20_poly1305>(TlsCipher::chacha20_poly1305);
  check_both<tls12_crypto_info_sm4_gcm>(TlsCipher::sm4_gcm);
  check_both<tls12_crypto_info_sm4_ccm>(TlsCipher::sm4_ccm);
#ifdef TLS_CIPHER_ARIA_GCM_128
  check<tls12_crypto_info_aria_gcm_128>(TlsCipher::aria_gcm_128, TLS_1_2_VERSION);
  check<tls12_crypto_info_aria_gcm_256>(TlsCipher::aria_gcm_256, TLS_1_2_VERSION);
#endif
}

TEST_CASE("crypto info of other versions and ciphers is refused, whatever its size") {
  const std::size_t sizes[] = {0, 1, 3, 4, 5, 39, 40, 41, 55, 56, 57, 1000};
  for (const std::size_t size : sizes) {
    if (size < 4) {
      CHECK_FALSE(read_crypto_info(Octets(size, 3)));
      continue;
    }
    for (const int cipher : {0, 10, 50, 59, 70, 0xffff})
      CHECK_FALSE(read_crypto_info(struct_of(0x0303, cipher, size)));
    for (const int version : {0, 200, 0x0302, 0x0305, 0xffff})
      CHECK_FALSE(read_crypto_info(struct_of(version, 51, size)));
    // ARIA has no suites in TLS 1.3.
    CHECK_FALSE(read_crypto_info(struct_of(0x0304, 57, size)));
    CHECK_FALSE(read_crypto_info(struct_of(0x0304, 58, size)));
    CHECK(read_crypto_info(struct_of(0x0303, 57, size)).has_value() == (size == 40));
    CHECK(read_crypto_info(struct_of(0x0303, 58, size)).has_value() == (size == 56));
  }
  CHECK(crypto_info_size(static_cast<TlsCipher>(50)) == 0);
  CHECK(crypto_info_size(static_cast<TlsCipher>(59)) == 0);
}

TEST_CASE("a struct given by its address has the size that its cipher asks for") {
  const Octets bytes = struct_of(0x0304, 54, 56);
  const auto read = read_crypto_info(static_cast<const void*>(bytes.data()));
  REQUIRE(read);
  CHECK(read->base.keys.cipher == TlsCipher::chacha20_poly1305);
  const Octets unknown = struct_of(0x0304, 60, 4);  // nothing behind it is touched
  CHECK_FALSE(read_crypto_info(static_cast<const void*>(unknown.data())));
  const Octets unknown_version = struct_of(7, 54, 56);
  CHECK_FALSE(read_crypto_info(static_cast<const void*>(unknown_version.data())));
}

TEST_CASE("version and cipher alone") {
  TrafficKeys keys;
  keys.version = TlsVersion::tls13;
  keys.cipher = TlsCipher::sm4_ccm;
  Octets out(4);
  write_crypto_info_head(keys, out);
  CHECK(out == struct_of(TLS_1_3_VERSION, TLS_CIPHER_SM4_CCM, 4));
}

}  // namespace tlsnic::host
