#include "host_stack/openssl/traffic_secret.h"

#include <linux/tls.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include <algorithm>
#include <cstring>

#include "host_stack/openssl/library.h"

namespace tlsnic::host {
namespace {

// Salt and iv of the struct are one after the other the 12-byte iv; in TLS 1.2 AES-GCM the record
// carries the second part itself.
template <typename Info>
TxCryptoInfo read_as(const void* crypto_info, TlsCipher cipher) {
  Info info;
  std::memcpy(&info, crypto_info, sizeof info);
  TxCryptoInfo result;
  TrafficKeys& keys = result.base.keys;
  keys.version = static_cast<TlsVersion>(info.info.version);
  keys.cipher = cipher;
  std::copy(std::begin(info.key), std::end(info.key), keys.key.begin());
  if constexpr (sizeof info.iv == aead_nonce_size) {
    std::copy(std::begin(info.iv), std::end(info.iv), keys.iv.begin());
  } else {
    auto* end = std::copy(std::begin(info.salt), std::end(info.salt), keys.iv.begin());
    if (keys.version == TlsVersion::tls13)
      std::copy(std::begin(info.iv), std::end(info.iv), end);
    else
      result.explicit_nonce = load_be64(info.iv);
  }
  result.base.record_number = load_be64(info.rec_seq);
  OPENSSL_cleanse(&info, sizeof info);
  return result;
}

EVP_KDF* tls13_kdf() {
  // Fetching an algorithm is slow in OpenSSL 3.0: once.
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "TLS13-KDF", nullptr);
  return kdf;
}

// OpenSSL's parameters are not const, though it does not write to these.
OSSL_PARAM text(const char* key, std::string_view value) {
  return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(value.data()), value.size());
}
OSSL_PARAM octets(const char* key, std::string_view value) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<char*>(value.data()), value.size());
}

}  // namespace

std::optional<TxCryptoInfo> read_crypto_info(const void* crypto_info) {
  tls_crypto_info head;
  std::memcpy(&head, crypto_info, sizeof head);
  if (head.version != TLS_1_2_VERSION && head.version != TLS_1_3_VERSION) return std::nullopt;
  switch (head.cipher_type) {
    case TLS_CIPHER_AES_GCM_128:
      return read_as<tls12_crypto_info_aes_gcm_128>(crypto_info, TlsCipher::aes_gcm_128);
    case TLS_CIPHER_AES_GCM_256:
      return read_as<tls12_crypto_info_aes_gcm_256>(crypto_info, TlsCipher::aes_gcm_256);
    case TLS_CIPHER_CHACHA20_POLY1305:
      return read_as<tls12_crypto_info_chacha20_poly1305>(crypto_info,
                                                          TlsCipher::chacha20_poly1305);
    default:
      return std::nullopt;
  }
}

std::optional<TlsCipher> ktls_cipher(const SSL_CIPHER* cipher) {
  switch (cipher != nullptr ? SSL_CIPHER_get_cipher_nid(cipher) : NID_undef) {
    case NID_aes_128_gcm:
      return TlsCipher::aes_gcm_128;
    case NID_aes_256_gcm:
      return TlsCipher::aes_gcm_256;
    case NID_chacha20_poly1305:
      return TlsCipher::chacha20_poly1305;
    default:
      return std::nullopt;
  }
}

TrafficSecret::TrafficSecret(const SSL_CIPHER* cipher, std::vector<std::uint8_t> secret)
    : cipher_(ktls_cipher(cipher).value()),
      digest_(EVP_MD_get0_name(SSL_CIPHER_get_handshake_digest(cipher))),
      secret_(std::move(secret)) {}

void TrafficSecret::expand_label(std::string_view label, MutableBytes out) const {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const std::string_view secret(reinterpret_cast<const char*>(secret_.data()), secret_.size());
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      text(OSSL_KDF_PARAM_DIGEST, digest_),
      octets(OSSL_KDF_PARAM_KEY, secret),
      octets(OSSL_KDF_PARAM_PREFIX, "tls13 "),
      octets(OSSL_KDF_PARAM_LABEL, label),
      OSSL_PARAM_construct_end(),
  };
  EVP_KDF* kdf = tls13_kdf();
  const Owned<EVP_KDF_CTX, &EVP_KDF_CTX_free> context(kdf != nullptr ? EVP_KDF_CTX_new(kdf)
                                                                     : nullptr);
  if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1)
    throw_openssl_error("TLS 1.3 key derivation");
}

TrafficKeys TrafficSecret::keys() const {
  TrafficKeys keys;
  keys.version = TlsVersion::tls13;
  keys.cipher = cipher_;
  expand_label("key", MutableBytes(keys.key).first(keys.key_size()));
  expand_label("iv", keys.iv);
  return keys;
}

void TrafficSecret::update() {
  std::vector<std::uint8_t> next(secret_.size());
  expand_label("traffic upd", next);
  secret_ = std::move(next);
}

}  // namespace tlsnic::host
