// Traffic keys from the secrets of a key log. Every function throws std::runtime_error if OpenSSL
// refuses, which no input of the stated sizes makes it do.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/tls13_keys.h"
#include "traces/keylog/key_log.h"
#include "traces/tls/cipher_suite.h"

namespace tlsnic::traces {

using tlsnic::digest_size;
using tlsnic::tls13_keys;

struct Tls12Keys {
  TrafficKeys client_write;
  TrafficKeys server_write;
};

// RFC 5246, section 6.3, with the PRF of section 5. master_secret: 48 bytes; randoms: 32 bytes
// each. The extended master secret (RFC 7627) changes only how the master secret came to be.
Tls12Keys tls12_keys(TlsCipher cipher, HandshakeDigest digest, Bytes master_secret,
                     Bytes client_random, Bytes server_random);

// The secret that follows a KeyUpdate (RFC 8446, section 7.2).
Secret next_traffic_secret(HandshakeDigest digest, Bytes traffic_secret);

}  // namespace tlsnic::traces
