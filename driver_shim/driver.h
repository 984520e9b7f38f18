// The driver: brings the chip up, takes its interrupts, polls its queues (NAPI), hands frames up
// and segments down.
//
// Limitations: one queue in each direction on one CPU; a poll takes no time of its own. stop() is
// for good.
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <memory>
#include <systemc>

#include "driver_shim/ktls.h"
#include "driver_shim/personality.h"

namespace tlsnic::driver {

class Driver : public sc_core::sc_module,
               public netdev::NetDeviceOps,
               public netdev::EthtoolOps,
               public netdev::DevlinkOps {
 public:
  // interrupt_latency: from the chip's interrupt to the poll.
  Driver(sc_core::sc_module_name name, netdev::DmaMemory& memory, netdev::NetworkStack& stack,
         sc_core::sc_time interrupt_latency, Personality personality = Personality::mlx5);

  // Bytes of IP packets, 68 or more (std::invalid_argument otherwise); before probe_device().
  void set_mtu(std::uint16_t mtu);
  // Whether the chip joins received segments (NETIF_F_LRO); before probe_device().
  void set_lro(bool on) { lro_ = on; }
  // Once the sockets are bound: reads the capabilities, sets up the rings, starts the chip.
  void probe_device();
  // The device goes down: the chip is stopped, whatever is in flight is freed, segments are dropped
  // from now on. The host has taken all connections out before (facts 1.14).
  void stop();

  RegisterPort registers;
  tlm_utils::simple_target_socket<Driver> msix;

  // netdev::NetDeviceOps
  void start_xmit(netdev::TxSkb skb) override;
  // netdev::EthtoolOps: the counters below, and those of each queue where the real driver has them.
  // Empty before probe_device().
  netdev::EthtoolStats get_ethtool_stats() const override;
  // netdev::DevlinkOps: tls_rx_contexts, tls_tx_contexts, tls_keys (of both directions). A place is
  // in use until the chip has answered the commands that destroy what was there.
  std::vector<netdev::DevlinkResource> resources() const override;

  // After probe_device().
  netdev::TlsDevOps& tlsdev_ops() { return *ktls_; }
  EthtoolCounters counters() const { return ktls_->counters(); }
  EthtoolCounters debugfs() const { return ktls_->debugfs(); }
  const TxStatistics& tx_statistics() const { return tx_.statistics(); }
  const RxStatistics& rx_statistics() const { return rx_.statistics(); }

 private:
  void interrupt(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void poll();
  void send_backlog();

  netdev::DmaMemory& memory_;
  netdev::NetworkStack& stack_;
  sc_core::sc_time interrupt_latency_;
  Personality personality_;
  std::uint16_t mtu_ = 1500;
  bool lro_ = false;
  std::uint32_t room_per_segment_ = 0;
  CommandQueue commands_;
  RxQueue rx_;
  TxQueue tx_;
  TxBacklog backlog_;
  ChipObjects objects_;
  std::unique_ptr<Ktls> ktls_;
  bool running_ = false;
  bool poll_scheduled_ = false;
  sc_core::sc_event poll_event_;
};

}  // namespace tlsnic::driver
