// The receive path: wire -> MAC -> parser -> L4 checksum -> flow -> TLS -> LRO -> DMA -> host
// memory.
//
// Accuracy: packets pass the units in order; each unit computes when it will be free; two timed
// events per packet (TLS start, DMA end), none per clock; LRO takes no time but what it waits.
// Limitations: one receive queue.
#pragma once

#include <deque>
#include <systemc>
#include <vector>

#include "hw_model/abi/registers.h"
#include "hw_model/checksum/checksum_unit.h"
#include "hw_model/dma/interrupt.h"
#include "hw_model/dma/rx_ring.h"
#include "hw_model/lro/lro_unit.h"
#include "hw_model/mac/mac.h"
#include "hw_model/parser/parser.h"
#include "hw_model/probe.h"
#include "hw_model/tls/rx_unit.h"

namespace tlsnic::hw {

class RxPath : public sc_core::sc_module {
 public:
  // All references must outlive the path. probe: read at each use; null if nobody watches.
  RxPath(sc_core::sc_module_name name, const NicParameters& parameters, const KeyTable& keys,
         DmaPort& dma, DmaPort& msix, NicProbe* const& probe);

  // As Nic::receive() and Nic::resumed().
  bool receive(const Frame& frame);
  const sc_core::sc_event& resumed() const { return resumed_; }

  // False if the rings cannot be used; packets wait in the chip then.
  bool configure(const RingLocation& ring, const RingLocation& completions) {
    return ring_.configure(ring, completions);
  }
  // features: TLSNIC_FEATURE_*.
  void run(std::uint32_t features) {
    running_ = true;
    lro_.turn_on((features & TLSNIC_FEATURE_RX_LRO) != 0);
  }
  // Takes back what is under way to rings that will not be there when it ends. Packets stay in the
  // chip for the next rings, each for itself: none is lost. LRO is off until run().
  void halt();
  // Forgets rings, contexts and flow rules. Halted before.
  void reset();
  void set_producer(std::uint32_t producer);
  void arm(std::uint32_t completions_read);

  // A context is gone only when all packets that it decrypted are with the host.
  bool holds_packets_of(std::uint32_t context) const;
  // departed() comes once, when the next packet is with the host.
  void watch_departure() { departure_is_watched_ = true; }
  const sc_core::sc_event& departed() const { return departed_; }
  void append_statistics(std::vector<StageStatistics>& out) const;

  RxUnit unit;

 private:
  void schedule_tls();
  void run_tls();
  void run_lro(Packet* packet);
  void end_lro();
  void queue_for_dma(Packet* packet);
  void start_dma();
  void run_dma();

  const NicParameters& parameters_;
  const KeyTable& keys_;
  NicProbe* const& probe_;
  Mac mac_;
  Parser parser_;
  ChecksumUnit checksum_;
  Stage flow_stage_;
  Stage tls_stage_;
  LroUnit lro_;
  RxRing ring_;
  Stage dma_stage_;
  Interrupt interrupt_;

  std::deque<Packet*> before_tls_;
  std::deque<Packet*> before_dma_;  // no receive buffers, or the chip is stopped
  std::deque<Packet*> in_dma_;
  bool running_ = false;
  bool departure_is_watched_ = false;

  sc_core::sc_event tls_start_;
  sc_core::sc_event lro_time_out_;
  sc_core::sc_event dma_end_;
  sc_core::sc_event resumed_;
  sc_core::sc_event departed_;
};

}  // namespace tlsnic::hw
