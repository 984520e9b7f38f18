// The chip: its three sockets and its units, wired. Reads like the block diagram in docs/device.md.
//
//   wire -> MAC -> parser -> L4 checksum -> flow look-up -> TLS (context, key, engine) -> DMA ->
//   host
//                                              ^
//                      doorbell -> command ring -> command unit -> command completion
//
// Accuracy: cycle-approximate. Packets pass the units in order; each unit computes when it will be
// free; two timed events per packet (TLS start, DMA end), none per clock.
// Limitations: receive side only; one receive queue. No RTL behind it: the numbers are parameters.
#pragma once

#include <tlm_utils/simple_target_socket.h>
#include <tlm>

#include <deque>
#include <systemc>
#include <vector>

#include "hw_model/abi/registers.h"
#include "hw_model/checksum/checksum_unit.h"
#include "hw_model/command/command_ring.h"
#include "hw_model/command/command_unit.h"
#include "hw_model/dma/rx_ring.h"
#include "hw_model/mac/mac.h"
#include "hw_model/parser/parser.h"
#include "hw_model/probe.h"
#include "hw_model/tls/rx_unit.h"

namespace tlsnic::hw {

class Nic : public sc_core::sc_module {
 public:
  Nic(sc_core::sc_module_name name, const NicParameters& parameters);

  // Wire. A frame whose last bit arrives now (simulated time). False while the link is paused; the
  // sender waits for resumed() then and offers the frame again.
  bool receive(const Frame& frame);
  const sc_core::sc_event& resumed() const { return resumed_; }

  // Bus.
  tlm_utils::simple_target_socket<Nic> registers;  // MMIO, abi/registers.h
  DmaPort dma;                                     // into host memory
  DmaPort msix;                                    // interrupts: the vector, written to 16 * vector

  NicProbe* probe = nullptr;

  std::vector<StageStatistics> unit_statistics() const;
  const RxContextStore& contexts() const { return rx_.contexts; }

 private:
  void access_register(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void ring_doorbell(std::uint32_t offset, std::uint32_t value);
  void start();
  void stop();
  void halt();
  std::uint32_t register32(std::uint32_t offset) const;
  RingLocation ring_at(std::uint32_t address_offset, std::uint32_t entries_offset) const;

  void schedule_tls();
  void run_tls();
  void start_dma();
  void run_dma();
  void schedule_command();
  void run_command();
  // A context is gone only when all packets that it decrypted are with the host.
  bool holds_packets_of(std::uint32_t context) const;
  void interrupt(std::uint32_t vector);
  void interrupt_if_armed();

  NicParameters parameters_;
  std::vector<std::uint8_t> bar_;
  Mac mac_;
  Parser parser_;
  ChecksumUnit checksum_;
  Stage flow_stage_;
  RxUnit rx_;
  Stage tls_stage_;
  RxRing rx_ring_;
  Stage dma_stage_;
  CommandUnit command_unit_;
  CommandRing command_ring_;

  std::deque<Packet*> before_tls_;
  std::deque<Packet*> before_dma_;  // no receive buffers, or the chip is stopped
  std::deque<Packet*> in_dma_;
  bool command_running_ = false;
  bool running_ = false;
  bool armed_ = false;

  sc_core::sc_event tls_start_;
  sc_core::sc_event dma_end_;
  sc_core::sc_event command_end_;
  sc_core::sc_event resumed_;
};

}  // namespace tlsnic::hw
