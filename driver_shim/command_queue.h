// Commands to the chip, posted in order and answered in order.
#pragma once

#include <deque>
#include <functional>

#include "driver_shim/register_port.h"
#include "host_stack/netdev/dma_memory.h"
#include "hw_model/abi/commands.h"
#include "hw_model/abi/registers.h"

namespace tlsnic::driver {

class CommandQueue {
 public:
  using Done = std::function<void(std::uint8_t status)>;
  static constexpr std::uint32_t entries = 256;

  CommandQueue(netdev::DmaMemory& memory, RegisterPort& registers)
      : memory_(memory), registers_(registers) {}

  // Writes the ring registers; before TLSNIC_DB_CONTROL.
  void configure();
  // Whether a command posted now goes straight into the ring.
  bool has_room() const { return backlog_.empty() && producer_ - consumer_ < entries; }
  // In order; waits in host memory while the ring is full. done may post further commands.
  void post(const tlsnic_command& command, Done done = {});
  // Runs the callbacks of all commands that are answered.
  void poll();
  // The chip has stopped: commands outstanding, and those posted from now on, are answered with
  // TLSNIC_STATUS_BAD_OBJECT, since none of its objects is left.
  void stop();

 private:
  struct Pending {
    tlsnic_command command;
    Done done;
  };
  void fill_ring();

  bool stopped_ = false;
  netdev::DmaMemory& memory_;
  RegisterPort& registers_;
  netdev::DmaAddress ring_ = 0;
  netdev::DmaAddress completions_ = 0;
  std::uint32_t producer_ = 0;
  std::uint32_t consumer_ = 0;
  std::deque<Done> in_ring_;
  std::deque<Pending> backlog_;
};

}  // namespace tlsnic::driver
