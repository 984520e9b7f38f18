#include "tests/hw_model/nic/host_memory.h"

#include <algorithm>
#include <new>

namespace tlsnic::testing {

HostMemory::HostMemory(sc_core::sc_module_name name)
    : sc_module(name), dma("dma"), msix("msix"), bytes_(new std::uint8_t[size]()) {
  dma.register_b_transport(this, &HostMemory::transport);
  msix.register_b_transport(this, &HostMemory::interrupt);
}

std::uint64_t HostMemory::allocate(std::uint64_t bytes, bool named) {
  constexpr std::uint64_t gap = 256;  // between regions, so that a write past the end is noticed
  const std::uint64_t start = (used_ + 63) / 64 * 64;
  if (start + bytes + gap > size) throw std::bad_alloc();
  used_ = start + bytes + gap;
  std::fill_n(bytes_.get() + start, bytes, std::uint8_t{0});
  if (named) name(base + start, bytes);
  return base + start;
}

void HostMemory::reset() {
  used_ = 0;
  named_.clear();
}

std::uint64_t HostMemory::interrupts_of(std::uint32_t vector) const {
  return static_cast<std::uint64_t>(
      std::count_if(interrupts.begin(), interrupts.end(),
                    [&](const Interrupt& interrupt) { return interrupt.vector == vector; }));
}

void HostMemory::transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const std::uint64_t address = payload.get_address();
  const std::uint64_t length = payload.get_data_length();
  if (address < base || address - base > size || length > size - (address - base)) {
    ++refused;
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return;
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  if (payload.is_read()) {
    ++reads;
    std::memcpy(payload.get_data_ptr(), at(address), length);
    return;
  }
  std::memcpy(at(address), payload.get_data_ptr(), length);
  const bool is_named = std::any_of(named_.begin(), named_.end(), [&](const Region& region) {
    return address >= region.address && length <= region.size &&
           address - region.address <= region.size - length;
  });
  stray_writes += is_named ? 0 : 1;
}

void HostMemory::interrupt(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  std::uint32_t vector = 0;
  std::memcpy(&vector, payload.get_data_ptr(), sizeof vector);
  interrupts.push_back({vector, sc_core::sc_time_stamp().value()});
}

}  // namespace tlsnic::testing
