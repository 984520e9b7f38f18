#include "host_stack/openssl/traffic_secret.h"

#include "protocol/openssl_cipher.h"

namespace tlsnic::host {
namespace {

HandshakeDigest digest_of(const SSL_CIPHER* cipher) {
  const EVP_MD* digest = SSL_CIPHER_get_handshake_digest(cipher);
  const bool is_sha384 = digest != nullptr && EVP_MD_is_a(digest, "SHA384") == 1;
  return is_sha384 ? HandshakeDigest::sha384 : HandshakeDigest::sha256;
}

}  // namespace

std::optional<TlsCipher> ktls_cipher(const SSL_CIPHER* cipher) {
  if (cipher == nullptr) return std::nullopt;
  return tls_cipher(SSL_CIPHER_get_cipher_nid(cipher), SSL_CIPHER_get_name(cipher));
}

TrafficSecret::TrafficSecret(const SSL_CIPHER* cipher, std::vector<std::uint8_t> secret)
    : cipher_(ktls_cipher(cipher).value()),
      digest_(digest_of(cipher)),
      secret_(std::move(secret)) {}

void TrafficSecret::update() {
  std::vector<std::uint8_t> next(digest_size(digest_));
  next_traffic_secret(digest_, secret_, next);
  secret_ = std::move(next);
}

}  // namespace tlsnic::host
