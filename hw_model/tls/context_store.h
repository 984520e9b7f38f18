// Contexts of one direction: all of them in backing memory, the most recently used ones on the
// chip.
//
// Accuracy: least-recently-used replacement over as many entries as fit the device's memory; a miss
// costs one fetch.
// Limitations: the two directions do not compete for the same memory; the write-back of a replaced
// context takes no time of its own.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "hw_model/tls/rx_context.h"
#include "hw_model/tls/tx_context.h"

namespace tlsnic::hw {

template <typename Context>
class ContextStore {
 public:
  ContextStore(std::uint32_t capacity, std::uint32_t cached)
      : capacity_(capacity), cached_(cached) {}

  std::uint32_t capacity() const { return capacity_; }
  std::uint32_t cached() const { return cached_; }
  Context* find(std::uint32_t id) {
    return id < entries_.size() && entries_[id] ? &entries_[id]->context : nullptr;
  }
  // id < capacity, not in use.
  Context& create(std::uint32_t id);
  bool destroy(std::uint32_t id);
  // Marks an existing context as used; true if it had to be fetched.
  bool touch(std::uint32_t id);

  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  struct Entry {
    Context context{};
    bool on_chip = false;
    std::list<std::uint32_t>::iterator place;
  };
  std::uint32_t capacity_;
  std::uint32_t cached_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::vector<std::unique_ptr<Entry>> entries_;  // by id
  std::list<std::uint32_t> recently_used_;       // most recent first
};

using RxContextStore = ContextStore<RxContext>;
using TxContextStore = ContextStore<TxContext>;

}  // namespace tlsnic::hw
