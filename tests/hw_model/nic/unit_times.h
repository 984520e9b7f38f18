// What the timing tests of both directions compute with.
#pragma once

#include <cstdint>

#include "hw_model/nic.h"

namespace tlsnic::testing {

// Parameters in which no two units are alike, so that none can be taken for another.
inline hw::NicParameters odd_parameters() {
  hw::NicParameters parameters;
  parameters.clock_period = 1250;
  parameters.wire_per_byte = 100;
  parameters.parser = {3, 20, 5};
  parameters.checksum = {2, 48, 7};
  parameters.flow = {11, 64, 13};
  parameters.tls = {6, 12, 17};
  parameters.dma = {9, 24, 310};
  parameters.tx_dma = {10, 28, 290};
  parameters.tx_tls = {5, 14, 19};
  parameters.tls_cycles_per_record = 23;
  parameters.context_fetch = 777'000;
  return parameters;
}

// Clock cycles for which a packet keeps the next one out of a unit.
inline std::uint64_t occupied(const hw::StageParameters& unit, std::uint64_t bytes) {
  return unit.cycles_per_packet + (bytes + unit.bytes_per_cycle - 1) / unit.bytes_per_cycle;
}

}  // namespace tlsnic::testing
