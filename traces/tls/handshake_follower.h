// Follows the TLS handshake of one captured connection, to know from where on and with which keys
// each of its directions can be decrypted.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "protocol/bytes.h"
#include "traces/keylog/key_log.h"
#include "traces/stream/direction.h"
#include "traces/tls/handshake_message.h"
#include "traces/tls/session.h"

namespace tlsnic::traces {

// TLS 1.2, full and resumed, and TLS 1.3, with HelloRetryRequest, resumption and rejected early
// data; the ciphers that tls_cipher() knows. Segments of the two directions may come in any order:
// what cannot be read yet waits, at most StreamAssembler::default_limit bytes per direction.
//
// Each direction ends with an EncryptionStart or with an Obstacle; then its buffers are freed.
class HandshakeFollower {
 public:
  // keys must outlive the follower.
  explicit HandshakeFollower(const KeyLog& keys);
  ~HandshakeFollower();
  HandshakeFollower(HandshakeFollower&&) noexcept;
  HandshakeFollower& operator=(HandshakeFollower&&) noexcept;

  // Sequence number of the direction's SYN, before the direction's first segment(). The first call
  // of a direction counts.
  void set_initial_sequence(Direction direction, std::uint32_t syn_sequence);

  // payload as captured; sequence: of its first byte (for data in a SYN: one past the SYN's).
  void segment(Direction direction, std::uint32_t sequence, Bytes payload);

  // No more segments: a direction without result gets the obstacle handshake_incomplete.
  void end_of_capture();

  // True when both directions have their result; segment() does nothing any more.
  bool is_finished() const { return is_finished_; }

  // Bytes of the direction's stream whose records were read so far; while it has no result.
  std::uint64_t stream_offset(Direction direction) const;

  const Session& session() const { return session_; }
  const EncryptionStart* encryption_start(Direction direction) const;  // null: not known
  const Obstacle* obstacle(Direction direction) const;                 // null: none (yet)

 private:
  struct Lane;  // a direction without result yet
  struct Result {
    std::optional<EncryptionStart> start;
    std::optional<Obstacle> obstacle;
  };
  enum class Step { taken, blocked };

  Lane* lane(Direction direction) const { return lanes_[index_of(direction)].get(); }
  bool is_done(Direction direction) const;

  void advance();
  bool advance(Direction direction);
  bool looks_like_tls(Direction direction, Bytes ready);
  Step take_record(Direction direction, Bytes record);
  Step take_hello_record(Direction direction, Bytes record);
  Step take_tls12_record(Direction direction, Bytes record);
  Step take_tls13_record(Direction direction, Bytes record);
  Step take_protected_record(Direction direction, Bytes record);
  void take_messages(Direction direction, Bytes fragment);
  void take_message(Direction direction, const MessageReader& message, bool ends_record);
  void take_alert(Direction direction, Bytes alert);
  bool check_change_cipher_spec(Direction direction, Bytes record);

  void negotiate();
  void finish(Direction direction);
  void fail(Direction direction, ObstacleKind kind, std::string text);
  void fail_both(ObstacleKind kind, const std::string& text);
  void malformed(Direction direction, const std::string& what);
  void conclude(Direction direction);

  const KeyLog* keys_;
  Session session_;
  std::array<Result, 2> results_;
  std::array<std::unique_ptr<Lane>, 2> lanes_;
  bool is_finished_ = false;

  std::optional<ClientHello> client_hello_;
  std::optional<ServerHello> server_hello_;
  std::optional<bool> accepts_early_data_;  // known from EncryptedExtensions or HelloRetryRequest
  bool is_retry_requested_ = false;         // by a HelloRetryRequest
  int client_hellos_ = 0;
};

}  // namespace tlsnic::traces
