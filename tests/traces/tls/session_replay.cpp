#include "tests/traces/tls/session_replay.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>

#include "protocol/record_aead.h"
#include "traces/tls/key_schedule.h"

namespace tlsnic::traces {
namespace {

// A whole KeyUpdate: a fragment of another message may begin with 24, too (RFC 8446,
// section 4.6.3).
bool is_key_update(const std::vector<std::uint8_t>& text) {
  return text.size() == 5 && text[0] == 24 && text[3] == 1 && text[4] < 2;
}

}  // namespace

Direction direction_of(testing::Side from) {
  return from == testing::Side::client ? Direction::client_to_server : Direction::server_to_client;
}

KeyLog key_log_of(const std::string& text) {
  std::vector<std::string> warnings;
  KeyLog keys = parse_key_log(text, "test", warnings);
  CHECK(warnings.empty());
  return keys;
}

std::vector<TestSegment> segments_of(const std::vector<testing::Flight>& flights,
                                     std::size_t max_size, std::mt19937& random) {
  std::vector<TestSegment> out;
  std::uint32_t next[2] = {test_isn[0] + 1, test_isn[1] + 1};
  for (const testing::Flight& flight : flights) {
    const Direction direction = direction_of(flight.from);
    for (std::size_t at = 0; at < flight.bytes.size();) {
      const auto size = std::min<std::size_t>(1 + random() % max_size, flight.bytes.size() - at);
      const auto first = flight.bytes.begin() + static_cast<std::ptrdiff_t>(at);
      std::uint32_t& sequence = next[index_of(direction)];
      out.push_back({direction, sequence, {first, first + static_cast<std::ptrdiff_t>(size)}});
      sequence += static_cast<std::uint32_t>(size);
      at += size;
    }
  }
  return out;
}

HandshakeFollower follow(const KeyLog& keys, const std::vector<TestSegment>& segments) {
  HandshakeFollower follower(keys);
  follower.set_initial_sequence(Direction::client_to_server, test_isn[0]);
  follower.set_initial_sequence(Direction::server_to_client, test_isn[1]);
  for (const TestSegment& segment : segments)
    follower.segment(segment.direction, segment.sequence, segment.payload);
  return follower;
}

HandshakeFollower follow(const testing::OpensslSession& session, const KeyLog& keys) {
  std::mt19937 random(1);
  return follow(keys, segments_of(session.flights(), 1448, random));
}

std::vector<std::uint8_t> decrypt(const std::vector<std::uint8_t>& stream,
                                  const EncryptionStart& start, HandshakeDigest digest) {
  std::vector<std::uint8_t> out;
  std::optional<RecordAead> aead(start.keys);
  Secret secret = start.traffic_secret;
  std::uint64_t number = start.record_number;
  std::size_t at = static_cast<std::size_t>(start.stream_offset);
  while (at < stream.size()) {
    REQUIRE(at + record_header_size <= stream.size());
    const RecordHeader header = read_record_header(&stream[at]);
    const std::size_t size = record_header_size + header.length;
    REQUIRE(at + size <= stream.size());
    const RecordFormat& format = aead->format();
    REQUIRE(header.length >= format.min_length());
    std::vector<std::uint8_t> text(header.length - format.min_length());
    REQUIRE(aead->open(Bytes(stream).subspan(at, size), number++, text));
    std::uint8_t type = header.type;
    if (format.is_tls13) {
      REQUIRE(!text.empty());  // OpenSSL pads nothing
      type = text.back();
      text.pop_back();
    }
    if (type == record_application_data) out.insert(out.end(), text.begin(), text.end());
    if (format.is_tls13 && type == record_handshake && is_key_update(text)) {
      secret = next_traffic_secret(digest, secret.view());
      aead.emplace(tls13_keys(start.keys.cipher, digest, secret.view()));
      number = 0;
    }
    at += size;
  }
  return out;
}

}  // namespace tlsnic::traces
