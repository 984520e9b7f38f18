// Keys on their way from OpenSSL to kTLS.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <vector>

#include "protocol/tls13_keys.h"

namespace tlsnic::host {

// kTLS's name for the cipher of a connection; nothing if it has none.
std::optional<TlsCipher> ktls_cipher(const SSL_CIPHER* cipher);

// A TLS 1.3 application traffic secret (RFC 8446, section 7.1) and the keys that follow from it.
class TrafficSecret {
 public:
  // cipher: of TLS 1.3, one that ktls_cipher() knows. secret: as long as the suite's digest.
  TrafficSecret(const SSL_CIPHER* cipher, std::vector<std::uint8_t> secret);

  // Throws std::runtime_error if OpenSSL refuses.
  TrafficKeys keys() const { return tls13_keys(cipher_, digest_, secret_); }
  // The secret after a KeyUpdate. Throws likewise.
  void update();

 private:
  TlsCipher cipher_;
  HandshakeDigest digest_;
  std::vector<std::uint8_t> secret_;
};

}  // namespace tlsnic::host
