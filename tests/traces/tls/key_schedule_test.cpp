#include "traces/tls/key_schedule.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace tlsnic::traces {
namespace {

std::vector<std::uint8_t> unhex(const std::string& text) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return out;
}

std::vector<std::uint8_t> hmac(const EVP_MD* digest, Bytes key,
                               const std::vector<std::uint8_t>& data) {
  std::vector<std::uint8_t> out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  HMAC(digest, key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(),
       &size);
  out.resize(size);
  return out;
}

// HKDF-Expand-Label for one block of output, spelled out from RFC 5869 and RFC 8446 over plain
// HMAC.
std::vector<std::uint8_t> expand_label(const EVP_MD* digest, Bytes secret, const std::string& label,
                                       Bytes context, std::size_t size) {
  std::vector<std::uint8_t> info = {0, static_cast<std::uint8_t>(size)};
  const std::string full = "tls13 " + label;
  info.push_back(static_cast<std::uint8_t>(full.size()));
  info.insert(info.end(), full.begin(), full.end());
  info.push_back(static_cast<std::uint8_t>(context.size()));
  info.insert(info.end(), context.begin(), context.end());
  info.push_back(1);
  auto out = hmac(digest, secret, info);
  out.resize(size);
  return out;
}

void check_keys(const std::string& secret, const std::string& key, const std::string& iv) {
  const auto keys = tls13_keys(TlsCipher::aes_gcm_128, HandshakeDigest::sha256, unhex(secret));
  CHECK(keys.version == TlsVersion::tls13);
  CHECK(keys.cipher == TlsCipher::aes_gcm_128);
  CHECK(std::vector<std::uint8_t>(keys.key.begin(), keys.key.begin() + 16) == unhex(key));
  CHECK(std::vector<std::uint8_t>(keys.iv.begin(), keys.iv.end()) == unhex(iv));
}

// RFC 8448, section 3.
const std::string handshake_secret =
    "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac";
const std::string hello_hash = "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8";
const std::string master_secret =
    "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919";
const std::string finished_hash =
    "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13";
const std::string client_handshake =
    "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21";
const std::string server_handshake =
    "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38";
const std::string client_traffic =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
const std::string server_traffic =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";

}  // namespace

TEST_CASE("keys and ivs of RFC 8448 section 3") {
  check_keys(server_handshake, "3fce516009c21727d0f2e4e86ee403bc", "5d313eb2671276ee13000b30");
  check_keys(client_handshake, "dbfaa693d1762c5b666af5d950258d01", "5bd3c71b836e0b76bb73265f");
  check_keys(server_traffic, "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984");
  check_keys(client_traffic, "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9");
}

// That the secrets above are the RFC's own follows from its earlier secrets and transcript hashes.
TEST_CASE("the traffic secrets of RFC 8448 hang together") {
  const auto derive = [](const std::string& secret, const char* label, const std::string& hash) {
    return expand_label(EVP_sha256(), unhex(secret), label, unhex(hash), 32);
  };
  CHECK(derive(handshake_secret, "c hs traffic", hello_hash) == unhex(client_handshake));
  CHECK(derive(handshake_secret, "s hs traffic", hello_hash) == unhex(server_handshake));
  CHECK(derive(master_secret, "c ap traffic", finished_hash) == unhex(client_traffic));
  CHECK(derive(master_secret, "s ap traffic", finished_hash) == unhex(server_traffic));
}

TEST_CASE("key updates are HKDF-Expand-Label with \"traffic upd\"") {
  const auto check = [](HandshakeDigest digest, const EVP_MD* md,
                        std::vector<std::uint8_t> secret) {
    for (int i = 0; i < 3; ++i) {
      const Secret next = next_traffic_secret(digest, secret);
      const auto expected = expand_label(md, secret, "traffic upd", {}, secret.size());
      CHECK(std::vector<std::uint8_t>(next.view().begin(), next.view().end()) == expected);
      secret = expected;
    }
  };
  check(HandshakeDigest::sha256, EVP_sha256(), unhex(server_traffic));
  check(HandshakeDigest::sha384, EVP_sha384(), std::vector<std::uint8_t>(48, 0x5a));
}

TEST_CASE("TLS 1.2 keys come in the order of RFC 5246 section 6.3") {
  // P_hash of RFC 5246 section 5 over plain HMAC, as many blocks as the key block needs.
  const std::vector<std::uint8_t> master(48, 0x11), client(32, 0x22), server(32, 0x33);
  const auto key_block = [&](const EVP_MD* md) {
    std::vector<std::uint8_t> seed;
    const std::string label = "key expansion";
    seed.insert(seed.end(), label.begin(), label.end());
    seed.insert(seed.end(), server.begin(), server.end());
    seed.insert(seed.end(), client.begin(), client.end());
    std::vector<std::uint8_t> out, a = seed;
    while (out.size() < 100) {
      a = hmac(md, master, a);
      auto data = a;
      data.insert(data.end(), seed.begin(), seed.end());
      const auto block = hmac(md, master, data);
      out.insert(out.end(), block.begin(), block.end());
    }
    return out;
  };
  const auto check = [&](TlsCipher cipher, HandshakeDigest digest, const EVP_MD* md,
                         std::size_t key, std::size_t iv) {
    const Tls12Keys keys = tls12_keys(cipher, digest, master, client, server);
    const auto block = key_block(md);
    const std::uint8_t* p = block.data();
    CHECK(keys.client_write.key_size() == key);
    CHECK(std::equal(p, p + key, keys.client_write.key.begin()));
    CHECK(std::equal(p + key, p + 2 * key, keys.server_write.key.begin()));
    std::array<std::uint8_t, 12> expected{};
    std::copy_n(p + 2 * key, iv, expected.begin());
    CHECK(keys.client_write.iv == expected);
    std::copy_n(p + 2 * key + iv, iv, expected.begin());
    CHECK(keys.server_write.iv == expected);
    CHECK(keys.server_write.version == TlsVersion::tls12);
    CHECK(keys.server_write.cipher == cipher);
  };
  check(TlsCipher::aes_gcm_128, HandshakeDigest::sha256, EVP_sha256(), 16, 4);
  check(TlsCipher::aes_gcm_256, HandshakeDigest::sha384, EVP_sha384(), 32, 4);
  check(TlsCipher::chacha20_poly1305, HandshakeDigest::sha256, EVP_sha256(), 32, 12);
}

}  // namespace tlsnic::traces
