// The driver: brings the chip up, takes its interrupts, polls its queues (NAPI) and hands frames
// up.
//
// Limitations: one receive queue on one CPU; a poll takes no time of its own.
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <memory>
#include <systemc>

#include "driver_shim/command_queue.h"
#include "driver_shim/ktls_rx.h"
#include "driver_shim/rx_queue.h"

namespace tlsnic::driver {

class Driver : public sc_core::sc_module {
 public:
  // interrupt_latency: from the chip's interrupt to the poll.
  Driver(sc_core::sc_module_name name, netdev::DmaMemory& memory, netdev::NetworkStack& stack,
         sc_core::sc_time interrupt_latency);

  // Once the sockets are bound: reads the capabilities, sets up the rings, starts the chip.
  void probe_device();

  RegisterPort registers;
  tlm_utils::simple_target_socket<Driver> msix;

  netdev::TlsDevOps& tlsdev_ops() { return *ktls_; }
  EthtoolCounters counters() const { return ktls_->counters(); }

 private:
  void interrupt(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void poll();

  netdev::DmaMemory& memory_;
  netdev::NetworkStack& stack_;
  sc_core::sc_time interrupt_latency_;
  CommandQueue commands_;
  RxQueue rx_;
  std::unique_ptr<KtlsRx> ktls_;
  bool poll_scheduled_ = false;
  sc_core::sc_event poll_event_;
};

}  // namespace tlsnic::driver
