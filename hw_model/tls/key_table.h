// Data encryption keys by index, expanded once. Contexts refer to them, so that a context stays
// small.
#pragma once

#include <optional>
#include <vector>

#include "hw_model/tls/aead/aead.h"

namespace tlsnic::hw {

class KeyTable {
 public:
  explicit KeyTable(std::uint32_t capacity) : capacity_(capacity) {}

  std::uint32_t capacity() const { return capacity_; }
  bool has(std::uint32_t index) const { return index < keys_.size() && keys_[index].has_value(); }
  // index < capacity, not in use; key: 16 or 32 bytes.
  void create(std::uint32_t index, Bytes key) {
    if (index >= keys_.size()) keys_.resize(index + 1);
    keys_[index].emplace(Entry{GcmKey(key), key.size() == 32});
  }
  bool destroy(std::uint32_t index) {
    const bool existed = has(index);
    if (existed) keys_[index].reset();
    return existed;
  }
  const GcmKey* find(std::uint32_t index) const {
    return has(index) ? &keys_[index]->key : nullptr;
  }
  bool is_256(std::uint32_t index) const { return keys_.at(index)->is_256; }

 private:
  struct Entry {
    GcmKey key;
    bool is_256;
  };
  std::uint32_t capacity_;
  std::vector<std::optional<Entry>> keys_;  // by index
};

}  // namespace tlsnic::hw
