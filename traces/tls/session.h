// What is learned from a captured TLS handshake.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "protocol/tls_record.h"
#include "traces/keylog/key_log.h"
#include "traces/tls/cipher_suite.h"

namespace tlsnic::traces {

// What the two ends agreed on. The names are set as soon as a ServerHello was read, for versions
// and suites that cannot be followed too; the other members only when is_negotiated.
struct Session {
  std::string version_name;       // "TLS 1.2", "SSL 3.0"; empty: no ServerHello
  std::string cipher_suite_name;  // "TLS_AES_128_GCM_SHA256"; empty: no ServerHello
  bool is_negotiated = false;
  TlsVersion version = TlsVersion::tls12;
  TlsCipher cipher = TlsCipher::aes_gcm_128;
  HandshakeDigest digest = HandshakeDigest::sha256;
  ClientRandom client_random{};
};

// Where a direction's application keys begin.
struct EncryptionStart {
  // Bytes from the direction's first payload byte to the first record behind its Finished. TLS 1.2:
  // the Finished is in the records before, under the same keys. TLS 1.3: this is the first record
  // under these keys, be it application data or a post-handshake message.
  std::uint64_t stream_offset = 0;
  std::uint64_t record_number = 0;  // of the record at stream_offset; TLS 1.2: 1, TLS 1.3: 0
  TrafficKeys keys;
  Secret traffic_secret;  // TLS 1.3, for next_traffic_secret(); size 0 in TLS 1.2
};

enum class ObstacleKind : std::uint8_t {
  no_syn,                // the capture starts in the middle of the connection
  not_tls,               // the payload does not begin with a TLS handshake
  handshake_incomplete,  // the capture ends, or an alert comes, before the handshake's end
  unsupported_version,   // SSL 3.0, TLS 1.0, TLS 1.1, a draft
  unsupported_cipher,    // AES-CBC, AES-256-CCM, compression, ...
  no_keys,               // the key log lacks a line for this client random
  wrong_keys,            // a handshake record does not authenticate
  early_data,            // the server accepted 0-RTT data
  malformed,             // records or handshake messages contradict themselves
  too_large,             // too much data before the handshake's end
};

// Why a direction cannot be decrypted.
struct Obstacle {
  ObstacleKind kind = ObstacleKind::handshake_incomplete;
  std::string text;  // one line for people, names and numbers included
};

// "no-syn", "not-tls", ...: fixed names for machines to read.
const char* to_string(ObstacleKind kind);

}  // namespace tlsnic::traces
