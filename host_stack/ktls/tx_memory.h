// Memory that records are built in, after the kernel's page fragments (sk_page_frag).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "host_stack/netdev/tx_skb.h"

namespace tlsnic::host {

// Hands out a chunk from front to end; the chunk lives as long as a piece of it, and is used again
// from its beginning when no piece is left.
class TxMemory {
 public:
  static constexpr std::size_t chunk_size = std::size_t{64}
                                            << 10;  // bytes: about four full records

  // Room for at least `size` bytes (at most chunk_size). What take() takes of it stays writable to
  // who reserved it; the rest is anybody's.
  MutableBytes reserve(std::size_t size) {
    if (chunk_ == nullptr || chunk_size - used_ < size) {
      if (chunk_ == nullptr || chunk_.use_count() > 1) chunk_.reset(new std::uint8_t[chunk_size]);
      used_ = 0;
    }
    return {chunk_.get() + used_, chunk_size - used_};
  }

  // The first `size` bytes of what reserve() gave.
  netdev::TxPiece take(std::size_t size) {
    netdev::TxPiece piece{chunk_, chunk_.get() + used_, static_cast<std::uint32_t>(size)};
    used_ += size;
    return piece;
  }

 private:
  std::shared_ptr<std::uint8_t[]> chunk_;
  std::size_t used_ = 0;
};

}  // namespace tlsnic::host
