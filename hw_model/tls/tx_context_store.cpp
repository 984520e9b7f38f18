#include "hw_model/tls/tx_context_store.h"

namespace tlsnic::hw {

TxContext& TxContextStore::create(std::uint32_t id) {
  if (id >= entries_.size()) entries_.resize(id + 1);
  entries_[id] = std::make_unique<Entry>();
  return entries_[id]->context;
}

bool TxContextStore::destroy(std::uint32_t id) {
  if (find(id) == nullptr) return false;
  if (entries_[id]->on_chip) on_chip_.erase(entries_[id]->place);
  entries_[id].reset();
  return true;
}

bool TxContextStore::touch(std::uint32_t id) {
  Entry& entry = *entries_[id];
  if (entry.on_chip) {
    ++hits_;
    on_chip_.splice(on_chip_.begin(), on_chip_, entry.place);
    return false;
  }
  ++misses_;
  if (!on_chip_.empty() && on_chip_.size() >= cached_) {
    entries_[on_chip_.back()]->on_chip = false;
    on_chip_.pop_back();
  }
  on_chip_.push_front(id);
  entry.place = on_chip_.begin();
  entry.on_chip = true;
  return true;
}

}  // namespace tlsnic::hw
