// A captured TCP connection while it is replayed: what the capture tells about it, and the state of
// its two receiving ends.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "host_stack/socket/socket.h"
#include "observe/plaintext.h"
#include "observe/summary.h"
#include "traces/stream/connection_tracker.h"
#include "traces/tls/handshake_follower.h"
#include "traces/tls/handshake_message.h"

namespace tlsnic::scenarios {

enum class ReadPhase : std::uint8_t {
  handshake,   // the TLS library reads handshake records from the plain socket
  installing,  // the last one was read; the keys are on their way
  records,     // kTLS delivers records
  discarding,  // cannot be decrypted: bytes are read and forgotten
  closed,      // the stream ended, or nothing more can be read
};

// One direction of a connection at the end that receives it.
struct ReceiveSide {
  host::Socket* socket = nullptr;
  ReadPhase phase = ReadPhase::handshake;
  bool wake_scheduled = false;
  std::uint64_t bytes_read = 0;          // of the TCP stream, before kTLS
  traces::Secret traffic_secret;         // TLS 1.3: of the keys in use
  traces::MessageReader post_handshake;  // TLS 1.3: messages after the handshake
  std::optional<observe::PlaintextSink> plaintext;
  observe::DirectionSummary summary;
};

struct Connection {
  std::uint64_t stream = 0;
  FourTuple client_tuple;  // source is the client
  bool has_endpoints = false;
  bool is_tls = true;  // until the payload says otherwise
  bool has_payload = false;
  std::unique_ptr<traces::HandshakeFollower> follower;
  std::array<ReceiveSide, 2> sides;  // by traces::Direction

  ReceiveSide& side(traces::Direction direction) { return sides[traces::index_of(direction)]; }
  FourTuple tuple(traces::Direction direction) const {
    return direction == traces::Direction::client_to_server ? client_tuple
                                                            : client_tuple.reversed();
  }
};

}  // namespace tlsnic::scenarios
