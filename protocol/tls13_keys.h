// From a TLS 1.3 traffic secret to the keys of its records (RFC 8446, section 7). The functions
// throw std::runtime_error if OpenSSL refuses, which no input of the stated sizes makes it do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/tls_record.h"

namespace tlsnic {

// Digest of a cipher suite's PRF (TLS 1.2) or HKDF (TLS 1.3).
enum class HandshakeDigest : std::uint8_t { sha256, sha384 };

// In bytes; a traffic secret is as long.
constexpr std::size_t digest_size(HandshakeDigest digest) {
  return digest == HandshakeDigest::sha384 ? 48 : 32;
}

// As OpenSSL calls it: "SHA384".
constexpr std::string_view digest_name(HandshakeDigest digest) {
  return digest == HandshakeDigest::sha384 ? "SHA384" : "SHA256";
}

// Section 7.3. traffic_secret: digest_size(digest) bytes.
TrafficKeys tls13_keys(TlsCipher cipher, HandshakeDigest digest, Bytes traffic_secret);

// Section 7.2: the secret after a KeyUpdate. Both: digest_size(digest) bytes, not the same memory.
void next_traffic_secret(HandshakeDigest digest, Bytes traffic_secret, MutableBytes next);

}  // namespace tlsnic
