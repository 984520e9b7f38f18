// The receive ring: pages offered to the chip, frames taken from it.
#pragma once

#include <deque>
#include <optional>

#include "driver_shim/register_port.h"
#include "host_stack/netdev/sk_buff.h"
#include "hw_model/abi/descriptors.h"
#include "hw_model/abi/registers.h"

namespace tlsnic::driver {

struct ReceivedFrame {
  tlsnic_rx_completion completion;
  netdev::SkBuff skb;
};

struct RxStatistics {
  std::uint64_t lro_packets = 0;  // frames that LRO had joined from several
  std::uint64_t lro_bytes = 0;    // in them
};

class RxQueue {
 public:
  static constexpr std::uint32_t entries = 256;

  RxQueue(netdev::DmaMemory& memory, RegisterPort& registers)
      : memory_(memory), registers_(registers) {}
  ~RxQueue();

  void configure();
  // Offers pages for all free slots. False if memory ran out: to be tried again later.
  bool refill();
  // The next frame that the chip has completed; its pages leave the ring.
  std::optional<ReceivedFrame> next();
  // Asks for an interrupt when there is something after what next() has returned.
  void arm() { registers_.write(TLSNIC_DB_RX_ARM, completion_index_); }
  const RxStatistics& statistics() const { return statistics_; }

 private:
  netdev::DmaMemory& memory_;
  RegisterPort& registers_;
  netdev::DmaAddress ring_ = 0;
  netdev::DmaAddress completions_ = 0;
  std::uint32_t producer_ = 0;
  std::uint32_t completion_index_ = 0;
  RxStatistics statistics_;
  std::deque<netdev::DmaAddress> pages_;  // in the ring, oldest first
};

}  // namespace tlsnic::driver
