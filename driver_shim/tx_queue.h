// The transmit ring: packets, and the TLS operations between them, in the order in which they are
// posted.
//
// Accuracy: one ring; what a packet is made of is mapped when it is posted, unmapped and freed when
// the chip has answered. Limitations: mapping costs no time.
#pragma once

#include <vector>

#include "driver_shim/register_port.h"
#include "host_stack/netdev/dma_memory.h"
#include "host_stack/netdev/tx_skb.h"
#include "hw_model/abi/registers.h"
#include "hw_model/abi/transmit.h"

namespace tlsnic::driver {

struct TxStatistics {
  std::uint64_t packets = 0;       // posted; one that the chip cuts counts once
  std::uint64_t dropped = 0;       // segments that are no packet, or came while there was no ring
  std::uint64_t errors = 0;        // operations that the chip answered with a status other than OK
  std::uint64_t dump_packets = 0;  // DUMP operations answered
  std::uint64_t dump_bytes = 0;
};

class TxQueue {
 public:
  static constexpr std::uint32_t entries = 1024;
  // Pieces of a packet's payload; one that has more is copied into one.
  static constexpr std::uint32_t max_pieces = 64;

  TxQueue(netdev::DmaMemory& memory, RegisterPort& registers)
      : memory_(memory), registers_(registers) {}
  TxQueue(const TxQueue&) = delete;
  TxQueue& operator=(const TxQueue&) = delete;
  ~TxQueue() { stop(); }

  // Writes the ring registers; before TLSNIC_DB_CONTROL.
  void configure();
  bool is_running() const { return !slots_.empty(); }
  // The chip has stopped, or never will answer: everything in flight is freed.
  void stop();

  // Descriptors that can be posted now. Whoever posts looks first.
  std::uint32_t room() const { return entries - (producer_ - consumer_); }
  // A mark in the ring, and whether the chip has answered everything before it.
  std::uint32_t position() const { return producer_; }
  bool has_passed(std::uint32_t position) const;

  // Takes 1 + max_pieces descriptors at most. context: to encrypt with. False if this is no packet
  // for the chip (sizes that do not add up, too large): skb is gone all the same, and counted.
  bool send(netdev::TxSkb skb, std::uint32_t context = TLSNIC_NO_CONTEXT);
  // One descriptor each. fence: after everything before it has taken effect.
  void static_params(std::uint32_t context, const tlsnic_tx_static_params& params, bool fence);
  void progress_params(std::uint32_t context, const tlsnic_tx_progress_params& params, bool fence);
  void nop(bool fence);
  // piece: 1 to TLSNIC_TX_MAX_DUMP bytes.
  void dump(std::uint32_t context, std::uint32_t tcp_sequence, netdev::TxPiece piece);
  // Rings the doorbell, if anything was posted.
  void flush();

  // Frees what the chip has answered.
  void poll();
  // Asks for an interrupt when there is something after what poll() has seen.
  void arm();

  void count_drop() { ++statistics_.dropped; }
  const TxStatistics& statistics() const { return statistics_; }

 private:
  // By ring slot. Of a packet's descriptors the first one holds it.
  struct Slot {
    std::uint32_t descriptors = 0;   // of the operation that begins here
    netdev::DmaAddress mapping = 0;  // 0: none
    netdev::TxSkb packet;
    netdev::TxPiece piece;  // of a DUMP
  };

  Slot& post(const tlsnic_tx_descriptor& descriptor, std::uint32_t descriptors);
  void retire_operation();

  netdev::DmaMemory& memory_;
  RegisterPort& registers_;
  netdev::DmaAddress ring_ = 0;
  netdev::DmaAddress completions_ = 0;
  std::uint32_t producer_ = 0;
  std::uint32_t consumer_ = 0;
  std::uint32_t rung_ = 0;  // producer that the chip was told
  std::uint32_t completion_index_ = 0;
  std::vector<Slot> slots_;  // empty: not running
  TxStatistics statistics_;
};

}  // namespace tlsnic::driver
