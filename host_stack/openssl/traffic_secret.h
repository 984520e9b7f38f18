// Keys on their way from OpenSSL to kTLS.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string_view>
#include <vector>

#include "host_stack/ktls/tx.h"

namespace tlsnic::host {

// crypto_info: a struct tls12_crypto_info_* of linux/tls.h, as setsockopt(TLS_TX) takes it
// (facts 2.2). Nothing for a cipher or version that this kTLS does not have (AES-CCM). The record
// number is base.record_number.
std::optional<TxCryptoInfo> read_crypto_info(const void* crypto_info);

// kTLS's name for the cipher of a connection; nothing if it has none.
std::optional<TlsCipher> ktls_cipher(const SSL_CIPHER* cipher);

// A TLS 1.3 application traffic secret (RFC 8446, section 7.1) and the keys that follow from it.
class TrafficSecret {
 public:
  // cipher: of TLS 1.3, one that ktls_cipher() knows.
  TrafficSecret(const SSL_CIPHER* cipher, std::vector<std::uint8_t> secret);

  TrafficKeys keys() const;  // section 7.3. Throws std::runtime_error if OpenSSL refuses
  void update();             // section 7.2: the secret after a KeyUpdate. Throws likewise

 private:
  void expand_label(std::string_view label, MutableBytes out) const;

  TlsCipher cipher_;
  std::string_view digest_;
  std::vector<std::uint8_t> secret_;
};

}  // namespace tlsnic::host
