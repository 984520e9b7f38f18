// The command queue in host memory: fetched in order, answered in order.
#pragma once

#include "hw_model/abi/commands.h"
#include "hw_model/dma/dma_port.h"
#include "hw_model/dma/rx_ring.h"

namespace tlsnic::hw {

class CommandRing {
 public:
  explicit CommandRing(DmaPort& dma) : dma_(dma) {}

  bool configure(const RingLocation& ring, const RingLocation& completions) {
    if (!ring.is_valid() || !completions.is_valid() || completions.entries < ring.entries)
      return false;
    state_ = {ring, completions};
    return true;
  }
  void stop() { state_ = {}; }
  void set_producer(std::uint32_t producer) {
    if (producer - state_.consumer <= state_.ring.entries) state_.producer = producer;
  }
  bool empty() const { return state_.consumer == state_.producer; }

  // The oldest command; all zero (no opcode) if the bus refuses its address.
  tlsnic_command front() {
    tlsnic_command command{};
    dma_.read(state_.ring.address + slot(state_.ring, state_.consumer) * sizeof command, &command,
              sizeof command);
    return command;
  }
  // Answers the oldest command and removes it.
  void complete(const tlsnic_command& command, std::uint8_t status) {
    tlsnic_command_completion completion{};
    completion.token = command.token;
    completion.opcode = command.opcode;
    completion.status = status;
    completion.object = command.object;
    const std::uint32_t index = state_.consumer++;
    completion.phase = (index & state_.completions.entries) == 0 ? 1 : 0;
    dma_.write(state_.completions.address + slot(state_.completions, index) * sizeof completion,
               &completion, sizeof completion);
  }

 private:
  struct State {
    RingLocation ring;
    RingLocation completions;
    std::uint32_t producer = 0;
    std::uint32_t consumer = 0;
  };
  static std::uint32_t slot(const RingLocation& ring, std::uint32_t index) {
    return index & (ring.entries - 1);
  }

  DmaPort& dma_;
  State state_;
};

}  // namespace tlsnic::hw
