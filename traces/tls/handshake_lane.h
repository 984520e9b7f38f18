// One direction of a HandshakeFollower: private to its two source files.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/record_aead.h"
#include "traces/stream/stream_assembler.h"
#include "traces/tls/handshake_follower.h"

namespace tlsnic::traces {

struct HandshakeFollower::Lane {
  explicit Lane(std::uint32_t first_sequence) : bytes(first_sequence) {}

  StreamAssembler bytes;
  MessageReader messages;
  bool is_protected = false;            // TLS 1.2: behind the ChangeCipherSpec
  std::optional<RecordAead> aead;       // of the protected part of the handshake
  std::uint64_t record_number = 0;      // of the next protected record
  std::vector<std::uint8_t> plaintext;  // of the record at hand
  EncryptionStart start;                // filled when the keys are found
};

}  // namespace tlsnic::traces
