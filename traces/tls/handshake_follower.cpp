#include "traces/tls/handshake_follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "traces/tls/handshake_keys.h"
#include "traces/tls/handshake_lane.h"

namespace tlsnic::traces {
namespace {

// Length of a protected record at most (RFC 5246, section 6.2.3; RFC 8446 allows less).
constexpr std::size_t max_record_length = max_record_plaintext + 2048;

std::string hex(Bytes bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

}  // namespace

HandshakeFollower::HandshakeFollower(const KeyLog& keys) : keys_(&keys) {}
HandshakeFollower::~HandshakeFollower() = default;
HandshakeFollower::HandshakeFollower(HandshakeFollower&&) noexcept = default;
HandshakeFollower& HandshakeFollower::operator=(HandshakeFollower&&) noexcept = default;

std::uint64_t HandshakeFollower::stream_offset(Direction direction) const {
  const Lane* reading = lane(direction);
  return reading == nullptr ? 0 : reading->bytes.offset();
}

const EncryptionStart* HandshakeFollower::encryption_start(Direction direction) const {
  const auto& start = results_[index_of(direction)].start;
  return start ? &*start : nullptr;
}

const Obstacle* HandshakeFollower::obstacle(Direction direction) const {
  const auto& obstacle = results_[index_of(direction)].obstacle;
  return obstacle ? &*obstacle : nullptr;
}

bool HandshakeFollower::is_done(Direction direction) const {
  const Result& result = results_[index_of(direction)];
  return result.start || result.obstacle;
}

void HandshakeFollower::set_initial_sequence(Direction direction, std::uint32_t syn_sequence) {
  if (!is_done(direction) && lane(direction) == nullptr)
    lanes_[index_of(direction)] = std::make_unique<Lane>(syn_sequence + 1);
}

void HandshakeFollower::segment(Direction direction, std::uint32_t sequence, Bytes payload) {
  if (is_finished_ || payload.empty() || is_done(direction)) return;
  if (lane(direction) == nullptr) {
    fail_both(ObstacleKind::no_syn, fmt::format("the capture has no SYN of the {} before its data",
                                                sender_of(direction)));
    return;
  }
  const bool fits = lane(direction)->bytes.add(sequence, payload);
  advance();
  if (!fits && !is_done(direction))
    fail(
        direction, ObstacleKind::too_large,
        fmt::format(
            "more than {} bytes of the {} before the handshake's end, from stream byte {} on",
            StreamAssembler::default_limit, sender_of(direction), lane(direction)->bytes.offset()));
}

void HandshakeFollower::end_of_capture() {
  for (const Direction direction : {Direction::client_to_server, Direction::server_to_client}) {
    if (is_done(direction)) continue;
    const char* missing = !client_hello_                             ? "no complete ClientHello"
                          : !server_hello_                           ? "no complete ServerHello"
                          : direction == Direction::client_to_server ? "no Finished of the client"
                                                                     : "no Finished of the server";
    std::string text = fmt::format("{} in the capture", missing);
    for (const Direction gap : {direction, opposite(direction)}) {
      if (lane(gap) == nullptr || !lane(gap)->bytes.has_gap()) continue;
      text += fmt::format("; of the {}'s stream, bytes from {} on are missing", sender_of(gap),
                          lane(gap)->bytes.offset() + lane(gap)->bytes.ready().size());
      break;
    }
    fail(direction, ObstacleKind::handshake_incomplete, std::move(text));
  }
}

// What one direction tells can be what the other waits for.
void HandshakeFollower::advance() {
  do {
    advance(Direction::client_to_server);
  } while (advance(Direction::server_to_client));
}

bool HandshakeFollower::advance(Direction direction) {
  bool moved = false;
  while (!is_done(direction) && lane(direction) != nullptr) {
    Lane& here = *lane(direction);
    const Bytes ready = here.bytes.ready();
    if (here.bytes.offset() == 0 && !looks_like_tls(direction, ready)) return true;
    if (ready.size() < record_header_size) return moved;
    const RecordHeader header = read_record_header(ready.data());
    if (header.version >> 8 != 3 || header.length > max_record_length) {
      malformed(direction, fmt::format("record header {}", hex(ready.first(record_header_size))));
      return true;
    }
    const std::size_t size = record_header_size + header.length;
    if (ready.size() < size || take_record(direction, ready.first(size)) == Step::blocked)
      return moved;
    moved = true;
    if (lane(direction) != nullptr) here.bytes.consume(size);
  }
  return moved;
}

// Judges the first bytes of a direction, as many as there are.
bool HandshakeFollower::looks_like_tls(Direction direction, Bytes ready) {
  const bool is_client = direction == Direction::client_to_server;
  const auto wrong = [&](std::size_t at) {
    if (at >= ready.size()) return false;
    const std::uint8_t byte = ready[at];
    if (at == 0) return byte != record_handshake && byte != record_alert;
    if (at == 1) return byte != 3;
    if (ready[0] != record_handshake) return false;
    return byte != (is_client ? handshake_client_hello : handshake_server_hello);
  };
  if (!wrong(0) && !wrong(1) && !wrong(record_header_size)) return true;
  fail_both(
      ObstacleKind::not_tls,
      fmt::format("the {}'s payload begins with {}, not with a TLS handshake", sender_of(direction),
                  hex(ready.first(std::min<std::size_t>(ready.size(), 6)))));
  return false;
}

void HandshakeFollower::negotiate() {
  if (!client_hello_ || !server_hello_ || session_.is_negotiated) return;
  if (const auto obstacle = read_agreement(*server_hello_, session_))
    return fail_both(obstacle->kind, obstacle->text);
  for (const Direction direction : {Direction::client_to_server, Direction::server_to_client}) {
    if (is_done(direction)) continue;
    auto found = find_keys(*keys_, session_, *server_hello_, direction);
    if (const auto* obstacle = std::get_if<Obstacle>(&found)) {
      fail(direction, obstacle->kind, obstacle->text);
      continue;
    }
    auto& keys = std::get<DirectionKeys>(found);
    lane(direction)->aead.emplace(keys.handshake);
    lane(direction)->start = keys.start;
  }
}

void HandshakeFollower::finish(Direction direction) {
  // The record that carries the Finished is still the first one that is ready.
  const Lane& here = *lane(direction);
  EncryptionStart start = here.start;
  const Bytes record = here.bytes.ready();
  start.stream_offset =
      here.bytes.offset() + record_header_size + read_record_header(record.data()).length;
  if (start.keys.version == TlsVersion::tls12) start.record_number = here.record_number;
  // A server that says nothing about early data has not accepted it.
  if (direction == Direction::server_to_client && !accepts_early_data_) accepts_early_data_ = false;
  results_[index_of(direction)].start = start;
  conclude(direction);
}

void HandshakeFollower::fail(Direction direction, ObstacleKind kind, std::string text) {
  if (is_done(direction)) return;
  results_[index_of(direction)].obstacle = Obstacle{kind, std::move(text)};
  conclude(direction);
}

void HandshakeFollower::fail_both(ObstacleKind kind, const std::string& text) {
  fail(Direction::client_to_server, kind, text);
  fail(Direction::server_to_client, kind, text);
}

void HandshakeFollower::malformed(Direction direction, const std::string& what) {
  const std::string text = fmt::format("the {}'s stream has {}, in the record at stream byte {}",
                                       sender_of(direction), what, lane(direction)->bytes.offset());
  // Without both hellos nothing can be said about the other direction either.
  if (!session_.is_negotiated) return fail_both(ObstacleKind::malformed, text);
  fail(direction, ObstacleKind::malformed, text);
}

void HandshakeFollower::conclude(Direction direction) {
  lanes_[index_of(direction)].reset();
  is_finished_ = is_done(opposite(direction));
}

}  // namespace tlsnic::traces
