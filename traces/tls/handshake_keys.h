// From the two hellos and a key log to the keys of a connection.
#pragma once

#include <optional>
#include <variant>

#include "traces/keylog/key_log.h"
#include "traces/stream/direction.h"
#include "traces/tls/handshake_message.h"
#include "traces/tls/session.h"

namespace tlsnic::traces {

// Keys of one direction: for the protected part of its handshake, and for what follows. In TLS 1.2
// they are the same. start.stream_offset is left 0.
struct DirectionKeys {
  TrafficKeys handshake;
  EncryptionStart start;
};

// Fills session from the ServerHello. The obstacle, if there is one, concerns both directions.
std::optional<Obstacle> read_agreement(const ServerHello& hello, Session& session);

// session: negotiated, with the client random.
std::variant<DirectionKeys, Obstacle> find_keys(const KeyLog& key_log, const Session& session,
                                                const ServerHello& hello, Direction direction);

}  // namespace tlsnic::traces
