// Connections that cannot be followed, each with its reason; and input that nobody sent in earnest.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/support/openssl_session.h"
#include "tests/traces/tls/session_replay.h"

namespace tlsnic::traces {
namespace {

using testing::OpensslOptions;
using testing::OpensslSession;
using testing::Side;
using Octets = std::vector<std::uint8_t>;

constexpr auto client = Direction::client_to_server;
constexpr auto server = Direction::server_to_client;

struct Made {
  std::vector<testing::Flight> flights;
  std::string key_log;
};

Made make(std::uint16_t version, const std::string& cipher = "") {
  OpensslOptions options;
  options.version = version;
  options.cipher = cipher;
  OpensslSession session(options);
  session.handshake();
  session.write(Side::client, Octets(100, 'c'));
  session.write(Side::server, Octets(100, 's'));
  return {session.flights(), session.key_log()};
}

// OpenSSL is slow in sanitizer builds: one handshake of each version for all that changes its
// bytes.
const Made& made(std::uint16_t version) {
  static const Made old = make(0x0303);
  static const Made current = make(0x0304);
  return version == 0x0304 ? current : old;
}

std::vector<TestSegment> segments(const Made& session) {
  std::mt19937 random(1);
  return segments_of(session.flights, 1448, random);
}

HandshakeFollower follow_to_end(const KeyLog& keys, const std::vector<TestSegment>& input) {
  HandshakeFollower follower = follow(keys, input);
  follower.end_of_capture();
  CHECK(follower.is_finished());
  return follower;
}

void check_obstacle(const HandshakeFollower& follower, Direction direction, ObstacleKind kind,
                    const std::string& text) {
  const Obstacle* obstacle = follower.obstacle(direction);
  REQUIRE(obstacle != nullptr);
  CHECK(follower.encryption_start(direction) == nullptr);
  CHECK(std::string(to_string(obstacle->kind)) == to_string(kind));
  CHECK_THAT(obstacle->text, Catch::Contains(text));
  CHECK(obstacle->text.find('\n') == std::string::npos);
}

void check_both(const HandshakeFollower& follower, ObstacleKind kind, const std::string& text) {
  check_obstacle(follower, client, kind, text);
  check_obstacle(follower, server, kind, text);
}

std::string without_lines(const std::string& key_log, const std::string& label) {
  std::string out;
  for (std::size_t at = 0; at < key_log.size();) {
    const std::size_t end = key_log.find('\n', at) + 1;
    const std::string line = key_log.substr(at, end - at);
    if (line.rfind(label, 0) != 0) out += line;
    at = end;
  }
  return out;
}

std::string with_other_secret(const std::string& key_log, const std::string& label) {
  const std::size_t line = key_log.find(label);
  const std::size_t last = key_log.find('\n', line) - 1;
  std::string out = key_log;
  out[last] = out[last] == '0' ? '1' : '0';
  return out;
}

TestSegment segment_of(Direction direction, const std::string& text) {
  return {direction, test_isn[index_of(direction)] + 1, {text.begin(), text.end()}};
}

}  // namespace

TEST_CASE("suites and versions that are not supported are named") {
  const auto check = [](std::uint16_t version, const char* cipher, ObstacleKind kind,
                        const char* text) {
    const Made session = make(version, cipher);
    const KeyLog keys = key_log_of(session.key_log);
    check_both(follow(keys, segments(session)), kind, text);
  };
  check(0x0303, "ECDHE-ECDSA-AES128-SHA", ObstacleKind::unsupported_cipher,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA is not supported: AES-CBC suite");
  check(0x0303, "ECDHE-ECDSA-AES256-CCM8", ObstacleKind::unsupported_cipher, "AES-CCM suite");
  check(0x0304, "TLS_AES_128_CCM_8_SHA256", ObstacleKind::unsupported_cipher, "AES-CCM suite");
  check(0x0301, "ECDHE-ECDSA-AES128-SHA", ObstacleKind::unsupported_version, "TLS 1.0");
  check(0x0302, "ECDHE-ECDSA-AES128-SHA", ObstacleKind::unsupported_version, "TLS 1.1");
}

TEST_CASE("missing and wrong keys") {
  const KeyLog none;
  SECTION("TLS 1.2") {
    const Made& session = made(0x0303);
    check_both(follow(none, segments(session)), ObstacleKind::no_keys, "no CLIENT_RANDOM line");
    const KeyLog wrong = key_log_of(with_other_secret(session.key_log, "CLIENT_RANDOM"));
    check_both(follow(wrong, segments(session)), ObstacleKind::wrong_keys, "does not authenticate");
  }
  SECTION("TLS 1.3") {
    const Made& session = made(0x0304);
    const auto input = segments(session);
    const HandshakeFollower without = follow(none, input);
    check_obstacle(without, client, ObstacleKind::no_keys,
                   "no CLIENT_HANDSHAKE_TRAFFIC_SECRET line");
    check_obstacle(without, server, ObstacleKind::no_keys,
                   "no SERVER_HANDSHAKE_TRAFFIC_SECRET line");
    // One direction's keys do for that direction.
    const KeyLog half = key_log_of(without_lines(session.key_log, "CLIENT_TRAFFIC_SECRET_0"));
    const HandshakeFollower one = follow(half, input);
    check_obstacle(one, client, ObstacleKind::no_keys, "no CLIENT_TRAFFIC_SECRET_0 line");
    CHECK(one.encryption_start(server) != nullptr);
    const KeyLog wrong =
        key_log_of(with_other_secret(session.key_log, "SERVER_HANDSHAKE_TRAFFIC_SECRET"));
    const HandshakeFollower other = follow(wrong, input);
    check_obstacle(other, server, ObstacleKind::wrong_keys, "stream byte");
    CHECK(other.encryption_start(client) != nullptr);
  }
}

TEST_CASE("the capture starts in the middle") {
  const Made& session = made(0x0303);
  const KeyLog keys = key_log_of(session.key_log);
  HandshakeFollower follower(keys);
  follower.segment(client, 5, segments(session)[0].payload);
  CHECK(follower.is_finished());
  check_both(follower, ObstacleKind::no_syn, "no SYN of the client");
}

TEST_CASE("other protocols") {
  const KeyLog none;
  check_both(follow(none, {segment_of(client, "GET / HTTP/1.1\r\n")}), ObstacleKind::not_tls,
             "the client's payload begins with 474554202f20");
  check_both(follow(none, {segment_of(server, "S")}), ObstacleKind::not_tls, "begins with 53,");
  check_both(follow(none, {segment_of(client, std::string("\x16\x03\x01\x00\x05\x02", 6))}),
             ObstacleKind::not_tls, "the client's");
  const auto hello = segments(made(0x0303))[0];
  check_both(follow(none, {hello, segment_of(server, "HTTP/1.1 400 Bad Request\r\n")}),
             ObstacleKind::not_tls, "the server's payload begins with 485454502f31");
}

TEST_CASE("a handshake that ends in an alert") {
  const KeyLog none;
  const auto hello = segments(made(0x0303))[0];
  check_both(follow(none, {hello, segment_of(server, std::string("\x15\x03\x03\0\2\2\x28", 7))}),
             ObstacleKind::handshake_incomplete, "the server ended the handshake with alert 40");
  // A warning does not end it.
  const auto warned =
      follow(none, {hello, segment_of(server, std::string("\x15\x03\x03\0\2\1\x70", 7))});
  CHECK_FALSE(warned.is_finished());
}

TEST_CASE("a handshake cut at any byte says what is missing") {
  for (const std::uint16_t version : {std::uint16_t{0x0303}, std::uint16_t{0x0304}}) {
    const Made& session = made(version);
    const KeyLog keys = key_log_of(session.key_log);
    const auto whole = follow(keys, segments(session));
    std::mt19937 random(1);
    const auto bytes = segments_of(session.flights, 1, random);
    HandshakeFollower follower(keys);
    follower.set_initial_sequence(client, test_isn[0]);
    follower.set_initial_sequence(server, test_isn[1]);
    std::uint64_t seen[2] = {0, 0};
    for (const TestSegment& segment : bytes) {
      // Neither early nor late: with the Finished's last byte.
      follower.segment(segment.direction, segment.sequence, segment.payload);
      const std::uint64_t count = ++seen[index_of(segment.direction)];
      const bool is_known = follower.encryption_start(segment.direction) != nullptr;
      const auto offset = whole.encryption_start(segment.direction)->stream_offset;
      if (is_known != (count >= offset)) FAIL("byte " << count << " of " << offset);
    }
    for (std::size_t end = 0; end < bytes.size(); end += 97) {
      HandshakeFollower cut = follow_to_end(keys, {bytes.begin(), bytes.begin() + end});
      for (const Direction direction : {client, server}) {
        if (cut.encryption_start(direction) != nullptr) continue;
        check_obstacle(cut, direction, ObstacleKind::handshake_incomplete, "no ");
      }
    }
  }
}

TEST_CASE("a missing segment is named") {
  const Made& session = made(0x0303);
  const KeyLog keys = key_log_of(session.key_log);
  std::mt19937 random(1);
  auto input = segments_of(session.flights, 100, random);
  const auto missing =
      std::find_if(input.begin() + 10, input.end(),
                   [](const TestSegment& segment) { return segment.direction == server; });
  const std::string at = std::to_string(missing->sequence - test_isn[1] - 1);
  input.erase(missing);
  const auto follower = follow_to_end(keys, input);
  check_obstacle(
      follower, server, ObstacleKind::handshake_incomplete,
      "no Finished of the server in the capture; of the server's stream, bytes from " + at);
  CHECK(follower.encryption_start(client) != nullptr);
}

TEST_CASE("more data than a handshake has") {
  const KeyLog none;
  auto input = segments(made(0x0303));
  input.resize(1);  // the ClientHello
  // Records whose keys only a ServerHello could tell.
  Octets record(1000, 0x55);
  const std::uint8_t header[] = {record_application_data, 3, 3, 995 >> 8, 995 & 0xff};
  std::copy(std::begin(header), std::end(header), record.begin());
  const auto hello_size = static_cast<std::uint32_t>(input[0].payload.size());
  for (std::uint32_t i = 0; i < 300; ++i)
    input.push_back({client, input[0].sequence + hello_size + i * 1000, record});
  const auto follower = follow_to_end(none, input);
  check_obstacle(follower, client, ObstacleKind::too_large, "more than 262144 bytes");
  check_obstacle(follower, server, ObstacleKind::handshake_incomplete, "no complete ServerHello");
  // A hello that claims 200,000 bytes.
  const std::string hello("\x16\x03\x01\x00\x04\x01\x03\x0d\x40", 9);
  check_obstacle(follow_to_end(none, {segment_of(client, hello)}), client, ObstacleKind::too_large,
                 "has 200000 bytes, more than 131072");
}

TEST_CASE("broken records and messages are named with their place") {
  const KeyLog none;
  check_both(follow(none, {segment_of(client, std::string("\x16\x03\x01\xff\xff", 5))}),
             ObstacleKind::malformed, "record header 160301ffff, in the record at stream byte 0");
  check_both(follow(none, {segment_of(client, std::string("\x16\x03\x01\0\0", 5))}),
             ObstacleKind::malformed, "an empty handshake record");
  check_both(follow(none, {segment_of(client, std::string("\x16\x03\x01\0\5\1\0\0\1\x7f", 10))}),
             ObstacleKind::malformed, "a ClientHello whose lengths do not fit");
  const auto hello = segments(made(0x0303))[0];
  check_both(
      follow(none,
             {hello, segment_of(server, std::string("\x16\x03\x03\0\4\2\0\0\0\x17\3\3\0\0", 14))}),
      ObstacleKind::malformed, "a ServerHello whose lengths do not fit");
}

TEST_CASE("hellos that do not go together") {
  const auto follow_changed = [](std::uint16_t version, std::size_t place, std::uint8_t value) {
    const Made& session = made(version);
    auto input = segments(session);
    const auto hello = std::find_if(input.begin(), input.end(), [](const TestSegment& segment) {
      return segment.direction == server;
    });
    // place: bytes behind the session id, which is behind headers, version and random.
    const std::size_t session_id = hello->payload[43];
    hello->payload[44 + session_id + place] = value;
    static const KeyLog none;
    return follow(none, input);
  };
  // 0xc02b or 0xc02c becomes a suite that nobody knows.
  check_both(follow_changed(0x0303, 0, 0x13), ObstacleKind::unsupported_cipher,
             "unknown suite 0x132");
  check_both(follow_changed(0x0303, 2, 1), ObstacleKind::unsupported_cipher,
             "compression method 1 is not supported");
  // Extension supported_versions, whichever it is, gets another type: a TLS 1.2 hello is left.
  const Made& session = made(0x0304);
  auto input = segments(session);
  const auto hello = std::find_if(input.begin(), input.end(), [](const TestSegment& segment) {
    return segment.direction == server;
  });
  const Octets versions = {0, 43, 0, 2, 3, 4};
  const auto at =
      std::search(hello->payload.begin(), hello->payload.end(), versions.begin(), versions.end());
  REQUIRE(at != hello->payload.end());
  at[1] = 0xee;
  const KeyLog none;
  check_both(follow(none, input), ObstacleKind::malformed,
             "with TLS 1.2, which it does not belong to");
}

TEST_CASE("a handshake message does not reach over a change of keys") {
  const Octets begun = {11, 0};  // of a Certificate
  for (const std::uint16_t version : {std::uint16_t{0x0303}, std::uint16_t{0x0304}}) {
    const Made& session = made(version);
    const KeyLog keys = key_log_of(session.key_log);
    // TLS 1.2: before the client's ChangeCipherSpec; TLS 1.3: in the ServerHello's record.
    const Direction direction = version == 0x0303 ? client : server;
    auto flights = session.flights;
    for (auto& flight : flights) {
      if (direction_of(flight.from) != direction) continue;
      const std::size_t first = record_header_size + load_be16(&flight.bytes[3]);
      if (version == 0x0303 && flight.bytes[5] == handshake_client_hello) continue;
      store_be16(&flight.bytes[3], static_cast<std::uint16_t>(first - record_header_size + 2));
      flight.bytes.insert(flight.bytes.begin() + static_cast<std::ptrdiff_t>(first), begun.begin(),
                          begun.end());
      break;
    }
    const HandshakeFollower follower = follow(keys, segments({flights, session.key_log}));
    check_obstacle(follower, direction, ObstacleKind::malformed,
                   version == 0x0303 ? "ChangeCipherSpec inside a handshake message"
                                     : "goes on behind the change of keys");
  }
}

TEST_CASE("a result needs no more segments") {
  const Made& session = made(0x0304);
  const KeyLog keys = key_log_of(session.key_log);
  auto follower = follow(keys, segments(session));
  REQUIRE(follower.is_finished());
  const auto offset = follower.encryption_start(client)->stream_offset;
  follower.segment(client, 77, Octets(100, 0xff));
  follower.set_initial_sequence(client, 9);
  follower.end_of_capture();
  CHECK(follower.encryption_start(client)->stream_offset == offset);
  CHECK(follower.obstacle(client) == nullptr);
}

TEST_CASE("random bytes never crash the follower") {
  const KeyLog none;
  rc::check([&](const std::vector<std::tuple<bool, std::uint16_t, Octets>>& input) {
    HandshakeFollower follower(none);
    follower.set_initial_sequence(client, 0xffffffff);
    follower.set_initial_sequence(server, 0xffffffff);
    for (const auto& [from_client, sequence, payload] : input)
      follower.segment(from_client ? client : server, sequence % 64u, payload);
    follower.end_of_capture();
    RC_ASSERT(follower.is_finished());
  });
}

TEST_CASE("a handshake with any bytes changed never crashes the follower") {
  for (const std::uint16_t version : {std::uint16_t{0x0303}, std::uint16_t{0x0304}}) {
    const Made& session = made(version);
    const KeyLog keys = key_log_of(session.key_log);
    const auto input = segments(session);
    rc::check([&] {
      auto changed = input;
      const int count = *rc::gen::inRange(1, 6);
      for (int i = 0; i < count; ++i) {
        auto& payload = changed[*rc::gen::inRange<std::size_t>(0, changed.size())].payload;
        const auto at = *rc::gen::inRange<std::size_t>(0, payload.size());
        // Headers, where it matters, are at the beginning of segments more often than elsewhere.
        payload[*rc::gen::element(at, at % 8) % payload.size()] =
            *rc::gen::arbitrary<std::uint8_t>();
      }
      HandshakeFollower follower = follow(keys, changed);
      follower.end_of_capture();
      RC_ASSERT(follower.is_finished());
      for (const Direction direction : {client, server})
        RC_ASSERT((follower.obstacle(direction) == nullptr) !=
                  (follower.encryption_start(direction) == nullptr));
    });
  }
}

}  // namespace tlsnic::traces
