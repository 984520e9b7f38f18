// Completion queues as a driver reads them: the chip writes, and `phase` tells what is new.
#pragma once

#include <cstring>
#include <optional>

#include "host_stack/netdev/dma_memory.h"

namespace tlsnic::driver {

// Nothing if the chip has not written it yet. index: completions read before, which wraps; entries:
// of the queue, a power of two.
template <typename Completion>
std::optional<Completion> read_completion(netdev::DmaMemory& memory, netdev::DmaAddress queue,
                                          std::uint32_t entries, std::uint32_t index) {
  const std::uint64_t slot = index % entries;
  Completion out;
  std::memcpy(&out, memory.at(queue + slot * sizeof out, sizeof out).data(), sizeof out);
  if (out.phase != ((index & entries) == 0 ? 1 : 0)) return std::nullopt;
  return out;
}

}  // namespace tlsnic::driver
