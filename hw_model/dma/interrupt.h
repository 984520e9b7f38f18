// One MSI-X vector of the chip.
#pragma once

#include "hw_model/dma/dma_port.h"

namespace tlsnic::hw {

class Interrupt {
 public:
  Interrupt(DmaPort& msix, std::uint32_t vector) : msix_(msix), vector_(vector) {}

  // Writes the vector to 16 * vector.
  void raise() { msix_.write(vector_ * 16, &vector_, sizeof vector_); }

  // The driver asks for one interrupt.
  void arm() { armed_ = true; }
  void disarm() { armed_ = false; }
  void raise_if_armed() {
    if (!armed_) return;
    armed_ = false;
    raise();
  }

 private:
  DmaPort& msix_;
  std::uint32_t vector_;
  bool armed_ = false;
};

}  // namespace tlsnic::hw
