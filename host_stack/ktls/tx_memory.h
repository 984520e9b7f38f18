// Memory that records are built in, after the kernel's page fragments (sk_page_frag).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "host_stack/netdev/tx_skb.h"

namespace tlsnic::host {

// What there is over all connections that share it: a host that is short of memory. Counts whole
// chunks, from their allocation until nobody holds a piece.
struct TxMemoryPool {
  std::size_t limit = SIZE_MAX;  // bytes; may change at any time
  std::shared_ptr<std::size_t> used = std::make_shared<std::size_t>(0);
};

// Hands out a chunk from front to end; the chunk lives as long as a piece of it, and is used again
// from its beginning when no piece is left.
class TxMemory {
 public:
  static constexpr std::size_t chunk_size = std::size_t{64}
                                            << 10;  // bytes: about four full records

  // pool outlives this; null: memory without end.
  explicit TxMemory(const TxMemoryPool* pool) : pool_(pool) {}

  // Room for at least `size` bytes (at most chunk_size). What take() takes of it stays writable to
  // who reserved it; the rest is anybody's.
  MutableBytes reserve(std::size_t size) {
    if (!has_room(size)) new_chunk();
    return {chunk_.get() + used_, chunk_size - used_};
  }
  // The same within the limit: no bytes if there is no memory.
  MutableBytes try_reserve(std::size_t size) {
    if (has_room(size) || can_reuse() || is_within_limit()) return reserve(size);
    return {};
  }

  // The first `size` bytes of what reserve() gave.
  netdev::TxPiece take(std::size_t size) {
    netdev::TxPiece piece{chunk_, chunk_.get() + used_, static_cast<std::uint32_t>(size)};
    used_ += size;
    return piece;
  }

 private:
  bool has_room(std::size_t size) const { return chunk_ != nullptr && chunk_size - used_ >= size; }
  bool can_reuse() const { return chunk_ != nullptr && chunk_.use_count() == 1; }
  bool is_within_limit() const {
    return pool_ == nullptr ||
           (*pool_->used <= pool_->limit && pool_->limit - *pool_->used >= chunk_size);
  }

  void new_chunk() {
    used_ = 0;
    if (can_reuse()) return;
    if (pool_ == nullptr) {
      chunk_.reset(new std::uint8_t[chunk_size]);
      return;
    }
    *pool_->used += chunk_size;
    chunk_.reset(new std::uint8_t[chunk_size], [used = pool_->used](const std::uint8_t* memory) {
      *used -= chunk_size;
      delete[] memory;
    });
  }

  const TxMemoryPool* pool_;
  std::shared_ptr<std::uint8_t[]> chunk_;
  std::size_t used_ = 0;
};

}  // namespace tlsnic::host
