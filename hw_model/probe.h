// What the chip lets others watch. Watching changes nothing: no time, no state.
#pragma once

#include "hw_model/packet.h"
#include "hw_model/tls/tx_engine.h"

namespace tlsnic::hw {

// An operation of the transmit ring that has its completion.
struct TxReport {
  std::uint8_t opcode = 0;  // TLSNIC_TX_OP_*, as the driver wrote it
  TxReason reason = TxReason::ok;
  std::uint32_t context = TLSNIC_NO_CONTEXT;
  bool encrypted = false;      // payload went through the cipher
  std::uint32_t bytes = 0;     // of the packet as the driver gave it, or of the DUMP
  std::uint32_t payload = 0;   // of these, TCP payload
  std::uint32_t sequence = 0;  // TCP sequence of payload, DUMP or record; 0 if there is none
  std::uint32_t frames = 0;    // put on the wire
  Picoseconds time = 0;        // of the last frame's last bit, or when it took effect or failed
};

class NicProbe {
 public:
  virtual ~NicProbe() = default;
  // A packet is complete in host memory; called in the order in which packets came.
  virtual void packet_received(const Packet& packet) { (void)packet; }
  // A context was confirmed by the stack, or an answer came for a candidate that is no longer
  // tracked.
  virtual void resync_answered(std::uint32_t context, std::uint32_t sequence, bool accepted) {
    (void)context, (void)sequence, (void)accepted;
  }
  // In the order of the ring. sequence and payload of a packet: only if the chip looked into it.
  virtual void operation_finished(const TxReport& report) { (void)report; }
};

}  // namespace tlsnic::hw
