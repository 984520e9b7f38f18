#include "traces/tls/cipher_suite.h"

#include <catch2/catch.hpp>

namespace tlsnic::traces {

// Numbers and names: IANA's registry.
TEST_CASE("suites that can be decrypted") {
  const auto check = [](std::uint16_t number, const char* name, TlsCipher cipher,
                        HandshakeDigest digest, TlsVersion version) {
    const CipherSuite suite = cipher_suite(number);
    INFO(name);
    CHECK(suite.name == name);
    CHECK(suite.cipher == cipher);
    CHECK(suite.digest == digest);
    CHECK(suite.version == version);
    CHECK(suite.obstacle.empty());
  };
  const auto gcm128 = TlsCipher::aes_gcm_128;
  const auto gcm256 = TlsCipher::aes_gcm_256;
  const auto chacha = TlsCipher::chacha20_poly1305;
  const auto ccm = TlsCipher::aes_ccm_128;
  const auto sha256 = HandshakeDigest::sha256;
  const auto sha384 = HandshakeDigest::sha384;
  check(0x1301, "TLS_AES_128_GCM_SHA256", gcm128, sha256, TlsVersion::tls13);
  check(0x1302, "TLS_AES_256_GCM_SHA384", gcm256, sha384, TlsVersion::tls13);
  check(0x1303, "TLS_CHACHA20_POLY1305_SHA256", chacha, sha256, TlsVersion::tls13);
  check(0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", gcm128, sha256, TlsVersion::tls12);
  check(0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", gcm128, sha256, TlsVersion::tls12);
  check(0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", gcm256, sha384, TlsVersion::tls12);
  check(0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", chacha, sha256, TlsVersion::tls12);
  check(0x1304, "TLS_AES_128_CCM_SHA256", ccm, sha256, TlsVersion::tls13);
  check(0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", ccm, sha256, TlsVersion::tls12);
  check(0xc05c, "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256", TlsCipher::aria_gcm_128, sha256,
        TlsVersion::tls12);
  check(0xc05d, "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384", TlsCipher::aria_gcm_256, sha384,
        TlsVersion::tls12);
}

TEST_CASE("suites that cannot") {
  const auto obstacle = [](std::uint16_t number) {
    const CipherSuite suite = cipher_suite(number);
    CHECK_FALSE(suite.cipher);
    return suite.obstacle;
  };
  CHECK(obstacle(0xc013) == "AES-CBC suite");  // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
  CHECK(obstacle(0x0035) == "AES-CBC suite");  // TLS_RSA_WITH_AES_256_CBC_SHA
  CHECK(obstacle(0x1305) == "AES-CCM suite");  // TLS_AES_128_CCM_8_SHA256
  CHECK(obstacle(0xc0ae) == "AES-CCM suite");  // TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
  CHECK(obstacle(0xc0a3) == "AES-CCM suite");  // TLS_DHE_RSA_WITH_AES_256_CCM_8
  CHECK(obstacle(0x003b) == "NULL suite");     // TLS_RSA_WITH_NULL_SHA256
  CHECK(obstacle(0x1a1a) == "unknown suite 0x1a1a");
  CHECK(cipher_suite(0x1a1a).name == "0x1a1a");
  CHECK(cipher_suite(0xc013).name == "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA");
}

TEST_CASE("every number has an answer") {
  int known = 0;
  for (std::uint32_t number = 0; number <= 0xffff; ++number) {
    const CipherSuite suite = cipher_suite(static_cast<std::uint16_t>(number));
    if (suite.cipher.has_value() != suite.obstacle.empty() || suite.name.empty()) FAIL(number);
    if (suite.cipher) ++known;
  }
  CHECK(known >= 10);
}

}  // namespace tlsnic::traces
