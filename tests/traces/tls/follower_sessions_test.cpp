// Handshakes of every shape, made by OpenSSL in memory.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/openssl_session.h"
#include "tests/traces/tls/session_replay.h"
#include "traces/tls/key_schedule.h"

namespace tlsnic::traces {
namespace {

using testing::OpensslOptions;
using testing::OpensslSession;
using testing::Side;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint16_t tls12 = 0x0303;
constexpr std::uint16_t tls13 = 0x0304;

Octets some_data(std::size_t size, std::uint8_t first) {
  Octets out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(first + i * 7);
  return out;
}

void exchange_data(OpensslSession& session) {
  session.write(Side::client, some_data(100, 1));
  session.write(Side::server, some_data(40000, 2));
  session.write(Side::client, some_data(20000, 3));
}

// Both directions decrypt, from where the follower says, to what the other side's OpenSSL read.
void check_decrypts(const OpensslSession& session, const HandshakeFollower& follower) {
  CHECK(follower.is_finished());
  for (const Side from : {Side::client, Side::server}) {
    const Direction direction = direction_of(from);
    const Obstacle* obstacle = follower.obstacle(direction);
    INFO((obstacle != nullptr ? obstacle->text : ""));
    const EncryptionStart* start = follower.encryption_start(direction);
    REQUIRE(start != nullptr);
    CHECK((decrypt(session.stream(from), *start, follower.session().digest) ==
           session.received(testing::other(from))));
  }
}

bool is_clients_first(const TestSegment& a, const TestSegment& b) {
  return a.direction < b.direction;
}

void check_session(const OpensslSession& session) {
  const KeyLog keys = key_log_of(session.key_log());
  check_decrypts(session, follow(session, keys));
  // The same in small pieces.
  std::mt19937 random(7);
  auto segments = segments_of(session.flights(), 7, random);
  check_decrypts(session, follow(keys, segments));
  // The client's direction before the server's, and the other way round.
  std::stable_sort(segments.begin(), segments.end(), is_clients_first);
  check_decrypts(session, follow(keys, segments));
  std::reverse(segments.begin(), segments.end());
  check_decrypts(session, follow(keys, segments));
  // Any order, some twice.
  for (std::size_t i = 0, size = segments.size(); i < size; i += 5) segments.push_back(segments[i]);
  std::shuffle(segments.begin(), segments.end(), random);
  check_decrypts(session, follow(keys, segments));
}

OpensslOptions options_for(std::uint16_t version, const std::string& cipher = "") {
  return {version, cipher};
}

}  // namespace

TEST_CASE("all versions and ciphers") {
  struct Case {
    std::uint16_t version;
    const char* cipher;
    const char* name;
    TlsCipher expected;
  };
  const Case cases[] = {
      {tls12, "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
       TlsCipher::aes_gcm_128},
      {tls12, "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
       TlsCipher::aes_gcm_256},
      {tls12, "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
       TlsCipher::chacha20_poly1305},
      {tls12, "ECDHE-ECDSA-AES128-CCM", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", TlsCipher::aes_ccm_128},
      {tls12, "ECDHE-ECDSA-ARIA128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256",
       TlsCipher::aria_gcm_128},
      {tls12, "ECDHE-ECDSA-ARIA256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384",
       TlsCipher::aria_gcm_256},
      {tls13, "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_SHA256", TlsCipher::aes_ccm_128},
      {tls13, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", TlsCipher::aes_gcm_128},
      {tls13, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", TlsCipher::aes_gcm_256},
      {tls13, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256",
       TlsCipher::chacha20_poly1305},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    OpensslSession session(options_for(c.version, c.cipher));
    session.handshake();
    exchange_data(session);
    check_session(session);
    const KeyLog keys = key_log_of(session.key_log());
    const HandshakeFollower follower = follow(session, keys);
    CHECK(follower.session().cipher_suite_name == c.name);
    CHECK(follower.session().cipher == c.expected);
    CHECK(follower.session().version_name == (c.version == tls12 ? "TLS 1.2" : "TLS 1.3"));
    const EncryptionStart& start = *follower.encryption_start(Direction::client_to_server);
    CHECK(start.record_number == (c.version == tls12 ? 1 : 0));
    CHECK(start.traffic_secret.size ==
          (c.version == tls12 ? 0 : digest_size(follower.session().digest)));
  }
}

TEST_CASE("resumption by ticket and by session id") {
  for (const std::uint16_t version : {tls12, tls13}) {
    for (const bool tickets : {true, false}) {
      INFO(version << (tickets ? " ticket" : " id"));
      OpensslOptions options = options_for(version);
      options.tickets = tickets;
      OpensslSession first(options);
      first.handshake();
      const auto second = first.resumption();
      second->handshake();
      REQUIRE(second->is_resumed());
      exchange_data(*second);
      check_session(*second);
    }
  }
}

TEST_CASE("client certificates") {
  for (const std::uint16_t version : {tls12, tls13}) {
    OpensslOptions options = options_for(version);
    options.client_certificate = true;
    OpensslSession session(options);
    session.handshake();
    exchange_data(session);
    check_session(session);
  }
}

TEST_CASE("handshake messages over several records") {
  for (const std::uint16_t version : {tls12, tls13}) {
    OpensslOptions options = options_for(version);
    options.max_fragment = 512;
    options.large_hello = true;
    options.client_certificate = true;
    OpensslSession session(options);
    session.handshake();
    // The ClientHello itself is cut.
    const Octets stream = session.stream(Side::client);
    REQUIRE(load_be16(&stream[3]) == 512);
    exchange_data(session);
    check_session(session);
  }
}

TEST_CASE("a HelloRetryRequest") {
  OpensslOptions options = options_for(tls13);
  options.retry_request = true;
  OpensslSession session(options);
  session.handshake();
  const Octets stream = session.stream(Side::server);
  const auto first = parse_server_hello(Bytes(stream).subspan(9, load_be24(&stream[6])));
  REQUIRE(first);
  REQUIRE(first->is_retry_request);
  exchange_data(session);
  check_session(session);
}

TEST_CASE("key updates of TLS 1.3 from the traffic secret") {
  for (const char* cipher : {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"}) {
    OpensslSession session(options_for(tls13, cipher));
    session.handshake();
    exchange_data(session);
    session.update_key(Side::server, false);
    exchange_data(session);
    session.update_key(Side::client, true);
    session.update_key(Side::server, true);
    exchange_data(session);
    session.close(Side::client);
    check_session(session);
  }
}

TEST_CASE("early data, rejected and accepted") {
  OpensslOptions options = options_for(tls13);
  options.max_early_data = 16384;
  OpensslSession first(options);
  first.handshake();
  const auto second = first.resumption();
  SECTION("rejected: it is skipped") {
    second->handshake_with_early_data(some_data(3000, 9), false);
    REQUIRE(second->flights()[0].bytes.size() > 3000);
    exchange_data(*second);
    check_session(*second);
  }
  SECTION("accepted: an obstacle for the client's direction only") {
    second->handshake_with_early_data(some_data(3000, 9), true);
    REQUIRE(second->received(Side::server) == some_data(3000, 9));
    exchange_data(*second);
    const KeyLog keys = key_log_of(second->key_log());
    std::mt19937 random(7);
    auto segments = segments_of(second->flights(), 7, random);
    // The ServerHello is known some time before the EncryptedExtensions are.
    std::stable_sort(segments.begin(), segments.end(), is_clients_first);
    const HandshakeFollower follower = follow(keys, segments);
    // Without the EncryptedExtensions nobody can tell.
    const KeyLog none;
    CHECK(follow(none, segments).is_finished());
    REQUIRE(follower.obstacle(Direction::client_to_server) != nullptr);
    CHECK(follower.obstacle(Direction::client_to_server)->kind == ObstacleKind::early_data);
    const EncryptionStart* start = follower.encryption_start(Direction::server_to_client);
    REQUIRE(start != nullptr);
    CHECK((decrypt(second->stream(Side::server), *start, follower.session().digest) ==
           second->received(Side::client)));
  }
}

TEST_CASE("what waited is read as soon as the missing hello comes") {
  for (const std::uint16_t version : {tls12, tls13}) {
    OpensslSession session(options_for(version));
    session.handshake();
    const KeyLog keys = key_log_of(session.key_log());
    std::mt19937 random(1);
    const auto segments = segments_of(session.flights(), 1, random);
    const auto from = [&](Direction direction, std::size_t first, std::size_t count) {
      std::vector<TestSegment> out;
      for (const TestSegment& segment : segments)
        if (segment.direction == direction) out.push_back(segment);
      return std::vector<TestSegment>(
          out.begin() + static_cast<std::ptrdiff_t>(first),
          out.begin() + static_cast<std::ptrdiff_t>(std::min(first + count, out.size())));
    };
    for (const Side late : {Side::client, Side::server}) {
      const Direction direction = direction_of(late);
      const Octets stream = session.stream(late);
      const std::size_t hello = record_header_size + load_be16(&stream[3]);
      auto input = from(opposite(direction), 0, stream.size() + 100000);
      for (const TestSegment& segment : from(direction, 0, hello - 1)) input.push_back(segment);
      CHECK(follow(keys, input).encryption_start(opposite(direction)) == nullptr);
      input.push_back(from(direction, hello - 1, 1)[0]);
      CHECK(follow(keys, input).encryption_start(opposite(direction)) != nullptr);
    }
  }
}

TEST_CASE("early data before a HelloRetryRequest") {
  OpensslOptions options = options_for(tls13);
  options.max_early_data = 16384;
  options.retry_request = true;
  OpensslSession first(options);
  first.handshake();
  const auto second = first.resumption();
  second->handshake_with_early_data(some_data(3000, 9), false);
  REQUIRE(second->flights()[0].bytes.size() > 3000);
  exchange_data(*second);
  check_session(*second);
}

}  // namespace tlsnic::traces
