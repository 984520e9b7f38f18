// Cipher suites by their two-byte number (IANA registry "TLS Cipher Suites").
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/tls13_keys.h"

namespace tlsnic::traces {

using tlsnic::HandshakeDigest;

struct CipherSuite {
  std::string name;  // "TLS_AES_128_GCM_SHA256"; "0x1234" if unknown
  std::optional<TlsCipher> cipher;
  HandshakeDigest digest = HandshakeDigest::sha256;
  TlsVersion version = TlsVersion::tls12;  // the only one in which a suite with cipher is used
  std::string obstacle;  // without cipher: "AES-CBC suite", "unknown suite 0x1234"
};

// Knows the suites that OpenSSL was built with; never throws for a number.
CipherSuite cipher_suite(std::uint16_t number);

}  // namespace tlsnic::traces
