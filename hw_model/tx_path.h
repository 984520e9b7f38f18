// The transmit path: transmit ring -> DMA read -> TLS -> segmentation and checksums -> MAC -> wire,
// and the completion back to host memory.
//
// Accuracy: operations pass in the order of the ring, packets with and without TLS alike;
// parameters and DUMPs take effect between the packets where the driver put them. Each frame leaves
// when its last bit does. One timed event per operation (TLS start) and one per frame or, where it
// is not due with a frame, per answer; none per clock. Limitations: one transmit queue. A packet is
// read whole before it is encrypted, and encrypted whole before its first frame leaves: with large
// segments the first frame is later than in a device that does these at once; the rate is the same.
// Cutting and checksums take no time of their own, nor does writing a completion. Frames in the
// path are lost when the chip is reset.
#pragma once

#include <deque>
#include <memory>
#include <systemc>
#include <vector>

#include "hw_model/dma/interrupt.h"
#include "hw_model/dma/tx_ring.h"
#include "hw_model/mac/tx_mac.h"
#include "hw_model/probe.h"
#include "hw_model/tls/tx_unit.h"
#include "hw_model/wire.h"

namespace tlsnic::hw {

class TxPath : public sc_core::sc_module {
 public:
  // All references must outlive the path. wire, probe: read at each use; null: frames vanish,
  // nobody watches.
  TxPath(sc_core::sc_module_name name, const NicParameters& parameters, const KeyTable& keys,
         DmaPort& dma, DmaPort& msix, WireOutput* const& wire, NicProbe* const& probe);

  // False if the rings cannot be used. No entries: the driver does not transmit.
  bool configure(const RingLocation& ring, const RingLocation& completions) {
    return ring_.configure(ring, completions);
  }
  void run() { running_ = true; }
  // Drops the operations under way: their rings are gone.
  void halt();
  // Forgets rings and contexts. Halted before.
  void reset();
  void set_producer(std::uint32_t producer);
  void arm(std::uint32_t completions_read);

  void append_statistics(std::vector<StageStatistics>& out) const;

  TxUnit unit;

 private:
  struct Operation {
    TxJob job;
    Picoseconds ready = 0;  // when the next unit may start; past the TLS unit: taken effect
    std::uint32_t frames = 0;
    std::uint32_t next_frame = 0;  // frames before it have left
    std::uint32_t held = 0;        // bytes of the path's buffer
  };
  using Operations = std::deque<std::unique_ptr<Operation>>;

  void fetch();
  bool collect();
  void schedule_tls();
  void run_tls();
  void schedule_wire();
  void run_wire();
  void send_frame(Operation& operation);
  void finish_front();
  void release(std::unique_ptr<Operation> operation);

  const NicParameters& parameters_;
  DmaPort& dma_;
  WireOutput* const& wire_;
  NicProbe* const& probe_;
  TxRing ring_;
  Stage dma_stage_;
  Stage tls_stage_;
  TxMac mac_;
  Interrupt interrupt_;

  std::unique_ptr<Operation> collected_;  // its descriptors are being taken
  Operations before_tls_;
  Operations before_wire_;
  std::vector<std::unique_ptr<Operation>> unused_;
  std::vector<std::uint8_t> frame_;
  std::uint64_t held_ = 0;
  Picoseconds in_effect_ = 0;  // when every operation that has been in the TLS unit takes effect
  bool running_ = false;

  sc_core::sc_event tls_start_;
  sc_core::sc_event wire_end_;
};

}  // namespace tlsnic::hw
