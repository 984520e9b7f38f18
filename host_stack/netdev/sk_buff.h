// A received frame on its way up, after Linux's struct sk_buff.
#pragma once

#include <cstdint>

#include "host_stack/netdev/dma_memory.h"

namespace tlsnic::netdev {

struct SkBuff {
  PacketBuffer buffer;
  std::uint32_t length = 0;  // bytes of the frame, from buffer.data()
  bool decrypted = false;    // every record byte in the segment was decrypted, no failure known
  bool checksum_verified = false;  // CHECKSUM_UNNECESSARY: the device found the L4 checksum right

  MutableBytes frame() const { return {buffer.data(), length}; }
};

}  // namespace tlsnic::netdev
