// The chip's way into host memory: a TLM-2.0 initiator. Every address comes from the driver and is
// checked by the bus; a refused access is reported, never assumed.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm>

#include "protocol/bytes.h"

namespace tlsnic::hw {

class DmaPort {
 public:
  explicit DmaPort(const char* name) : socket(name) {}

  // False if the bus refuses the address; memory, or `out`, is then unchanged as far as the bus
  // says.
  bool read(std::uint64_t address, void* out, std::size_t size) {
    return transfer(tlm::TLM_READ_COMMAND, address, static_cast<std::uint8_t*>(out), size);
  }
  bool write(std::uint64_t address, const void* data, std::size_t size) {
    return transfer(tlm::TLM_WRITE_COMMAND, address,
                    static_cast<std::uint8_t*>(const_cast<void*>(data)), size);
  }

  tlm_utils::simple_initiator_socket<DmaPort> socket;

 private:
  bool transfer(tlm::tlm_command command, std::uint64_t address, std::uint8_t* data,
                std::size_t size) {
    payload_.set_command(command);
    payload_.set_address(address);
    payload_.set_data_ptr(data);
    payload_.set_data_length(static_cast<unsigned>(size));
    payload_.set_streaming_width(static_cast<unsigned>(size));
    payload_.set_byte_enable_ptr(nullptr);
    payload_.set_dmi_allowed(false);
    payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    // Time on the bus is charged by the DMA unit's stage, not by the target.
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload_, delay);
    return payload_.is_response_ok();
  }

  tlm::tlm_generic_payload payload_;
};

}  // namespace tlsnic::hw
