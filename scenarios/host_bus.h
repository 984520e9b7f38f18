// What lies between a chip and its host: the chip's DMA goes to host memory.
#pragma once

#include <tlm_utils/simple_target_socket.h>
#include <tlm>

#include <systemc>

#include "host_stack/netdev/dma_memory.h"

namespace tlsnic::scenarios {

class HostBus : public sc_core::sc_module {
 public:
  HostBus(sc_core::sc_module_name name, netdev::DmaMemory& memory)
      : sc_module(name), target("target"), memory_(memory) {
    target.register_b_transport(this, &HostBus::transport);
  }

  tlm_utils::simple_target_socket<HostBus> target;

 private:
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
    const std::size_t size = payload.get_data_length();
    const std::uint64_t address = payload.get_address();
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    if (payload.is_read()) {
      const Bytes from = memory_.readable(address, size);
      if (from.empty()) return;
      std::memcpy(payload.get_data_ptr(), from.data(), size);
    } else {
      const MutableBytes to = memory_.at(address, size);
      if (to.empty()) return;
      std::memcpy(to.data(), payload.get_data_ptr(), size);
    }
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  }

  netdev::DmaMemory& memory_;
};

}  // namespace tlsnic::scenarios
