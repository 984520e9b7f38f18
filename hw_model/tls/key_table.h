// Data encryption keys by index, expanded once. Contexts refer to them, so that a context stays
// small.
#pragma once

#include <optional>
#include <unordered_map>

#include "hw_model/tls/aead/aead.h"

namespace tlsnic::hw {

class KeyTable {
 public:
  explicit KeyTable(std::uint32_t capacity) : capacity_(capacity) {}

  std::uint32_t capacity() const { return capacity_; }
  bool has(std::uint32_t index) const { return keys_.count(index) == 1; }
  // index < capacity, not in use; key: 16 or 32 bytes.
  void create(std::uint32_t index, Bytes key) {
    keys_.emplace(index, Entry{GcmKey(key), key.size() == 32});
  }
  bool destroy(std::uint32_t index) { return keys_.erase(index) == 1; }
  const GcmKey* find(std::uint32_t index) const {
    const auto entry = keys_.find(index);
    return entry == keys_.end() ? nullptr : &entry->second.key;
  }
  bool is_256(std::uint32_t index) const { return keys_.at(index).is_256; }

 private:
  struct Entry {
    GcmKey key;
    bool is_256;
  };
  std::uint32_t capacity_;
  std::unordered_map<std::uint32_t, Entry> keys_;
};

}  // namespace tlsnic::hw
