#include "driver_shim/tx_backlog.h"

#include <utility>

namespace tlsnic::driver {

netdev::TxSkb TxBacklog::pop() {
  netdev::TxSkb skb = std::move(queue_.front());
  queue_.pop_front();
  return skb;
}

void TxBacklog::hold(netdev::TxSkb skb) {
  held_[skb.connection].push_back(std::move(skb));
}

void TxBacklog::release(const netdev::TlsConnection& connection) {
  auto held = held_.extract(&connection);
  if (held.empty()) return;
  for (netdev::TxSkb& skb : held.mapped()) queue_.push_back(std::move(skb));
}

void TxBacklog::detach(netdev::TlsConnection& connection) {
  release(connection);
  std::deque<netdev::TxSkb> kept;
  for (netdev::TxSkb& skb : queue_) {
    if (skb.connection != &connection) {
      kept.push_back(std::move(skb));
      continue;
    }
    std::optional<netdev::TxSkb> encrypted;
    if (skb.sealed)
      encrypted = std::move(skb);
    else
      encrypted = connection.tx->encrypt_skb(std::move(skb));
    if (!encrypted) continue;
    encrypted->connection = nullptr;
    kept.push_back(std::move(*encrypted));
  }
  queue_ = std::move(kept);
}

void TxBacklog::clear() {
  queue_.clear();
  held_.clear();
}

}  // namespace tlsnic::driver
