// Receive contexts: all of them in backing memory, the most recently used ones on the chip.
//
// Accuracy: least-recently-used replacement over as many entries as fit the device's memory; a miss
// costs one fetch.
// Limitations: the write-back of a replaced context takes no time of its own.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "hw_model/tls/rx_context.h"

namespace tlsnic::hw {

class ContextStore {
 public:
  ContextStore(std::uint32_t capacity, std::uint32_t cached)
      : capacity_(capacity), cached_(cached) {}

  std::uint32_t capacity() const { return capacity_; }
  RxContext* find(std::uint32_t id) {
    return id < entries_.size() && entries_[id] ? &entries_[id]->context : nullptr;
  }
  // id < capacity, not in use.
  RxContext& create(std::uint32_t id);
  bool destroy(std::uint32_t id);
  // Marks an existing context as used; true if it had to be fetched.
  bool touch(std::uint32_t id);

  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  struct Entry {
    RxContext context{};
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

}  // namespace tlsnic::hw
