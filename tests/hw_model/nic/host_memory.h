// Host memory as the chip sees it over the bus: one block of addresses, everything else refused. It
// knows which parts the driver has named to the chip, and notes every write anywhere else.
#pragma once

#include <tlm_utils/simple_target_socket.h>
#include <tlm>

#include <cstdint>
#include <memory>
#include <systemc>
#include <vector>

namespace tlsnic::testing {

struct Interrupt {
  std::uint32_t vector;
  std::uint64_t time;  // ps
};

class HostMemory : public sc_core::sc_module {
 public:
  static constexpr std::uint64_t base = 0x40000000;
  static constexpr std::uint64_t size = std::uint64_t{16} << 20;

  explicit HostMemory(sc_core::sc_module_name name);

  tlm_utils::simple_target_socket<HostMemory> dma;
  tlm_utils::simple_target_socket<HostMemory> msix;

  // A zeroed region of its own, named to the chip unless told otherwise.
  std::uint64_t allocate(std::uint64_t bytes, bool named = true);
  // Forgets all regions and all names.
  void reset();
  void name(std::uint64_t address, std::uint64_t bytes) { named_.push_back({address, bytes}); }

  std::uint8_t* at(std::uint64_t address) { return bytes_.get() + (address - base); }
  template <typename T>
  T load(std::uint64_t address) {
    T value;
    std::memcpy(static_cast<void*>(&value), at(address), sizeof value);
    return value;
  }
  template <typename T>
  void store(std::uint64_t address, const T& value) {
    std::memcpy(at(address), &value, sizeof value);
  }

  std::vector<Interrupt> interrupts;
  std::uint64_t interrupts_of(std::uint32_t vector) const;
  std::uint64_t stray_writes = 0;  // into memory that the driver has not named
  std::uint64_t refused = 0;       // accesses outside of memory
  std::uint64_t reads = 0;

 private:
  struct Region {
    std::uint64_t address;
    std::uint64_t size;
  };
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void interrupt(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::uint64_t used_ = 0;
  std::vector<Region> named_;
};

}  // namespace tlsnic::testing
