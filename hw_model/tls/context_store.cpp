#include "hw_model/tls/context_store.h"

namespace tlsnic::hw {

template <typename Context>
Context& ContextStore<Context>::create(std::uint32_t id) {
  if (id >= entries_.size()) entries_.resize(id + 1);
  entries_[id] = std::make_unique<Entry>();
  return entries_[id]->context;
}

template <typename Context>
bool ContextStore<Context>::destroy(std::uint32_t id) {
  if (find(id) == nullptr) return false;
  if (entries_[id]->on_chip) recently_used_.erase(entries_[id]->place);
  entries_[id].reset();
  return true;
}

template <typename Context>
bool ContextStore<Context>::touch(std::uint32_t id) {
  Entry& entry = *entries_[id];
  if (entry.on_chip) {
    ++hits_;
    if (recently_used_.front() != id)
      recently_used_.splice(recently_used_.begin(), recently_used_, entry.place);
    return false;
  }
  ++misses_;
  if (recently_used_.size() >= cached_ && !recently_used_.empty()) {
    entries_[recently_used_.back()]->on_chip = false;
    recently_used_.pop_back();
  }
  recently_used_.push_front(id);
  entry.place = recently_used_.begin();
  entry.on_chip = true;
  return true;
}

template class ContextStore<RxContext>;
template class ContextStore<TxContext>;

}  // namespace tlsnic::hw
