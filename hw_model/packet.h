// A received frame inside the chip, from the wire to host memory.
#pragma once

#include <vector>

#include "hw_model/abi/descriptors.h"
#include "hw_model/timing/stage.h"
#include "hw_model/tls/rx_engine.h"
#include "protocol/frame.h"

namespace tlsnic::hw {

// A frame on the wire. id is the sender's own mark; it goes through to the probes and means nothing
// here.
struct Frame {
  std::uint64_t id = 0;
  Bytes bytes;
};

struct Packet {
  std::uint64_t id = 0;
  Picoseconds arrival = 0;  // of the last bit
  Picoseconds ready = 0;    // when the unit that has it may start
  std::uint32_t size = 0;
  std::vector<std::uint8_t> wire;   // the frame as it came; never modified ("not in place")
  std::vector<std::uint8_t> clear;  // the frame with its records decrypted, if they were
  ParsedFrame parsed;
  std::uint8_t l4_checksum = TLSNIC_L4_UNKNOWN;
  std::uint8_t tls = TLSNIC_TLS_NOT_DECRYPTED;
  std::uint32_t context = TLSNIC_NO_CONTEXT;
  RxOutcome outcome{RxReason::no_context};
  SyncState state_after = SyncState::offload;

  // Of the first of several that LRO has joined (hw_model/lro).
  std::uint16_t segments = 1;
  std::uint32_t joined_bytes = 0;  // payload of the others
  Packet* joined_next = nullptr;

  // Bytes that the host gets. Padding behind a short frame is not joined.
  std::uint32_t host_size() const {
    return segments == 1 ? size : parsed.payload_offset + parsed.payload_length + joined_bytes;
  }
  Bytes wire_frame() const { return {wire.data(), size}; }
  Bytes delivered() const {
    return {tls == TLSNIC_TLS_DECRYPTED ? clear.data() : wire.data(), size};
  }
};

}  // namespace tlsnic::hw
