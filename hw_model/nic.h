// The chip: its sockets and its units, wired. Reads like the block diagram in docs/device.md.
//
//   wire -> MAC -> parser -> L4 checksum -> flow look-up -> TLS -> LRO -> DMA -> host
//
//   host -> transmit ring -> DMA -> TLS -> segmentation, checksum -> MAC -> wire
//
//                      doorbell -> command ring -> command unit -> command completion
//
// Accuracy: cycle-approximate. Packets pass the units in order; each unit computes when it will be
// free; a few timed events per packet, none per clock (rx_path.h, tx_path.h).
// Limitations: one queue per direction; the directions share keys, interrupts and the bus and do
// not slow one another down. No RTL behind it: the numbers are parameters.
#pragma once

#include <tlm_utils/simple_target_socket.h>
#include <tlm>

#include <optional>
#include <systemc>
#include <vector>

#include "hw_model/abi/registers.h"
#include "hw_model/command/command_ring.h"
#include "hw_model/command/command_unit.h"
#include "hw_model/rx_path.h"
#include "hw_model/tx_path.h"

namespace tlsnic::hw {

class Nic : public sc_core::sc_module {
 public:
  Nic(sc_core::sc_module_name name, const NicParameters& parameters);

  // Wire, in. A frame whose last bit arrives now (simulated time). False while the link is paused;
  // the sender waits for resumed() then and offers the frame again.
  bool receive(const Frame& frame) { return rx_.receive(frame); }
  const sc_core::sc_event& resumed() const { return rx_.resumed(); }
  // Wire, out. Null: frames leave and reach nobody.
  WireOutput* wire = nullptr;

  // Bus.
  tlm_utils::simple_target_socket<Nic> registers;  // MMIO, abi/registers.h
  DmaPort dma;                                     // into host memory
  DmaPort msix;                                    // interrupts: the vector, written to 16 * vector

  NicProbe* probe = nullptr;

  // Receive units from the wire on, then transmit units (tx_...) from the ring on.
  std::vector<StageStatistics> unit_statistics() const;
  const RxContextStore& contexts() const { return rx_.unit.contexts; }
  const TxContextStore& tx_contexts() const { return tx_.unit.contexts; }
  // Since the beginning; a reset does not clear them.
  const TxCounters& tx_counters() const { return tx_.unit.counters(); }

 private:
  void set_identity();
  void access_register(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void ring_doorbell(std::uint32_t offset, std::uint32_t value);
  void start();
  void stop();
  void halt();
  std::uint32_t register32(std::uint32_t offset) const;
  RingLocation ring_at(std::uint32_t address_offset, std::uint32_t entries_offset) const;
  void schedule_command();
  void run_command();
  void look_again();

  NicParameters parameters_;
  std::vector<std::uint8_t> bar_;
  KeyTable keys_;
  RxPath rx_;
  TxPath tx_;
  CommandUnit command_unit_;
  CommandRing command_ring_;
  Interrupt command_interrupt_;
  bool command_running_ = false;
  std::optional<Picoseconds> command_waits_since_;  // for packets to reach the host
  bool running_ = false;
  sc_core::sc_event command_end_;
};

}  // namespace tlsnic::hw
