#include "traces/tls/key_schedule.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace tlsnic::traces {
namespace {

using KdfContext = std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)>;

KdfContext new_context(EVP_KDF* kdf) {
  return KdfContext(kdf != nullptr ? EVP_KDF_CTX_new(kdf) : nullptr, &EVP_KDF_CTX_free);
}

// Fetching an algorithm is slow in OpenSSL 3.0: once for each.
KdfContext tls12_prf() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr);
  return new_context(kdf);
}
KdfContext tls13_kdf() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "TLS13-KDF", nullptr);
  return new_context(kdf);
}

// OpenSSL's parameters are not const, though it does not write to these.
OSSL_PARAM text(const char* key, std::string_view value) {
  return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(value.data()), value.size());
}
OSSL_PARAM octets(const char* key, Bytes value) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<std::uint8_t*>(value.data()),
                                           value.size());
}
OSSL_PARAM octets(const char* key, std::string_view value) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<char*>(value.data()), value.size());
}

std::string_view name_of(HandshakeDigest digest) {
  return digest == HandshakeDigest::sha384 ? "SHA384" : "SHA256";
}

void derive(const KdfContext& context, MutableBytes out, const OSSL_PARAM* parameters) {
  if (context == nullptr || EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1)
    throw std::runtime_error("OpenSSL refused a key derivation");
}

// HKDF-Expand-Label with an empty context (RFC 8446, section 7.1).
void expand_label(HandshakeDigest digest, Bytes secret, std::string_view label, MutableBytes out) {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      text(OSSL_KDF_PARAM_DIGEST, name_of(digest)),
      octets(OSSL_KDF_PARAM_KEY, secret),
      octets(OSSL_KDF_PARAM_PREFIX, std::string_view("tls13 ")),
      octets(OSSL_KDF_PARAM_LABEL, label),
      OSSL_PARAM_construct_end(),
  };
  derive(tls13_kdf(), out, parameters);
}

}  // namespace

Tls12Keys tls12_keys(TlsCipher cipher, HandshakeDigest digest, Bytes master_secret,
                     Bytes client_random, Bytes server_random) {
  const OSSL_PARAM parameters[] = {
      text(OSSL_KDF_PARAM_DIGEST, name_of(digest)),
      octets(OSSL_KDF_PARAM_SECRET, master_secret),
      octets(OSSL_KDF_PARAM_SEED, std::string_view("key expansion")),
      octets(OSSL_KDF_PARAM_SEED, server_random),
      octets(OSSL_KDF_PARAM_SEED, client_random),
      OSSL_PARAM_construct_end(),
  };
  Tls12Keys keys;
  keys.client_write.version = keys.server_write.version = TlsVersion::tls12;
  keys.client_write.cipher = keys.server_write.cipher = cipher;
  const std::size_t key_size = keys.client_write.key_size();
  // RFC 5288: a salt of 4 bytes; RFC 7905: an iv of 12.
  const std::size_t iv_size = cipher == TlsCipher::chacha20_poly1305 ? aead_nonce_size : 4;

  std::array<std::uint8_t, 2 * (32 + aead_nonce_size)> block{};
  derive(tls12_prf(), MutableBytes(block).first(2 * (key_size + iv_size)), parameters);
  const std::uint8_t* p = block.data();
  const auto take = [&p](std::uint8_t* to, std::size_t count) {
    std::copy_n(p, count, to);
    p += count;
  };
  take(keys.client_write.key.data(), key_size);
  take(keys.server_write.key.data(), key_size);
  take(keys.client_write.iv.data(), iv_size);
  take(keys.server_write.iv.data(), iv_size);
  return keys;
}

TrafficKeys tls13_keys(TlsCipher cipher, HandshakeDigest digest, Bytes traffic_secret) {
  TrafficKeys keys;
  keys.version = TlsVersion::tls13;
  keys.cipher = cipher;
  expand_label(digest, traffic_secret, "key", MutableBytes(keys.key).first(keys.key_size()));
  expand_label(digest, traffic_secret, "iv", keys.iv);
  return keys;
}

Secret next_traffic_secret(HandshakeDigest digest, Bytes traffic_secret) {
  Secret next;
  next.size = static_cast<std::uint8_t>(digest_size(digest));
  expand_label(digest, traffic_secret, "traffic upd", MutableBytes(next.bytes).first(next.size));
  return next;
}

}  // namespace tlsnic::traces
