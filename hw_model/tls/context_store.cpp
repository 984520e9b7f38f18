#include "hw_model/tls/context_store.h"

namespace tlsnic::hw {

bool ContextStore::destroy(std::uint32_t id) {
  const auto entry = contexts_.find(id);
  if (entry == contexts_.end()) return false;
  if (entry->second.on_chip) recently_used_.erase(entry->second.place);
  contexts_.erase(entry);
  return true;
}

bool ContextStore::touch(std::uint32_t id) {
  Entry& entry = contexts_.at(id);
  if (entry.on_chip) {
    ++hits_;
    recently_used_.splice(recently_used_.begin(), recently_used_, entry.place);
    return false;
  }
  ++misses_;
  if (recently_used_.size() >= cached_ && !recently_used_.empty()) {
    contexts_.at(recently_used_.back()).on_chip = false;
    recently_used_.pop_back();
  }
  recently_used_.push_front(id);
  entry.place = recently_used_.begin();
  entry.on_chip = true;
  return true;
}

}  // namespace tlsnic::hw
