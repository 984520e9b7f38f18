// The driver's way to the chip's registers: a TLM-2.0 initiator on its BAR.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm>

#include <cstdint>
#include <stdexcept>

namespace tlsnic::driver {

class RegisterPort {
 public:
  explicit RegisterPort(const char* name) : socket(name) {}

  template <typename T>
  T read(std::uint32_t offset) {
    T value{};
    access(tlm::TLM_READ_COMMAND, offset, &value, sizeof value);
    return value;
  }
  template <typename T>
  void write(std::uint32_t offset, T value) {
    access(tlm::TLM_WRITE_COMMAND, offset, &value, sizeof value);
  }

  tlm_utils::simple_initiator_socket<RegisterPort> socket;

 private:
  void access(tlm::tlm_command command, std::uint32_t offset, void* value, unsigned size) {
    payload_.set_command(command);
    payload_.set_address(offset);
    payload_.set_data_ptr(static_cast<unsigned char*>(value));
    payload_.set_data_length(size);
    payload_.set_streaming_width(size);
    payload_.set_byte_enable_ptr(nullptr);
    payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload_, delay);
    if (!payload_.is_response_ok()) throw std::logic_error("register access refused");
  }

  tlm::tlm_generic_payload payload_;
};

}  // namespace tlsnic::driver
