// An in-memory TLS session fed to a HandshakeFollower as captured segments would be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/support/openssl_session.h"
#include "traces/keylog/key_log.h"
#include "traces/tls/handshake_follower.h"

namespace tlsnic::traces {

constexpr std::uint32_t test_isn[2] = {0xfffffff0, 1000};  // the client's stream wraps at once

struct TestSegment {
  Direction direction = Direction::client_to_server;
  std::uint32_t sequence = 0;
  std::vector<std::uint8_t> payload;
};

Direction direction_of(testing::Side from);
KeyLog key_log_of(const std::string& text);

// The session's flights, cut at sizes from 1 to max_size.
std::vector<TestSegment> segments_of(const std::vector<testing::Flight>& flights,
                                     std::size_t max_size, std::mt19937& random);

// A follower that has seen both SYNs, then the segments.
HandshakeFollower follow(const KeyLog& keys, const std::vector<TestSegment>& segments);
// The same with the session's own key log, segments in order and of up to 1448 bytes.
HandshakeFollower follow(const testing::OpensslSession& session, const KeyLog& keys);

// The plaintext of the application data records of a stream from start on, KeyUpdates followed.
// Requires each record to authenticate. digest: for KeyUpdates.
std::vector<std::uint8_t> decrypt(const std::vector<std::uint8_t>& stream,
                                  const EncryptionStart& start, HandshakeDigest digest);

}  // namespace tlsnic::traces
