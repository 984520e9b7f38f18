// The chip's objects as the driver hands them out, by index. Keys serve both directions; each
// direction has contexts of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host_stack/netdev/tls_dev.h"

namespace tlsnic::driver {

class IndexPool {
 public:
  // Indices are 0 .. size-1.
  explicit IndexPool(std::uint32_t size = 0) : size_(size) {}

  // Nothing when all are in use.
  std::optional<std::uint32_t> take() {
    if (free_.empty()) {
      if (next_ == size_) return std::nullopt;
      return next_++;
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    return index;
  }
  void give_back(std::uint32_t index) { free_.push_back(index); }

  std::uint32_t size() const { return size_; }
  std::uint32_t in_use() const { return next_ - static_cast<std::uint32_t>(free_.size()); }

 private:
  std::uint32_t size_;
  std::uint32_t next_ = 0;
  std::vector<std::uint32_t> free_;  // used before
};

struct ChipObjects {
  IndexPool keys;
  IndexPool rx_contexts;
  IndexPool tx_contexts;
};

// What one direction of a connection takes of the chip.
struct ContextAndKey {
  std::uint32_t context = 0;
  std::uint32_t key = 0;
};

// Both or, if either table is full, nothing.
inline std::optional<ContextAndKey> take_context_and_key(IndexPool& contexts, IndexPool& keys) {
  const auto key = keys.take();
  if (!key) return std::nullopt;
  const auto context = contexts.take();
  if (!context) {
    keys.give_back(*key);
    return std::nullopt;
  }
  return ContextAndKey{*context, *key};
}

// What the driver keeps in netdev::TlsConnection, in either direction.
struct ContextState : netdev::DriverState {
  explicit ContextState(std::uint32_t which) : context(which) {}
  std::uint32_t context;
};

}  // namespace tlsnic::driver
