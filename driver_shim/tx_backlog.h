// Segments that wait in the host, in order: for room in the ring (what a qdisc holds in Linux), or
// for the chip to make their connection's context, while setsockopt(TLS_TX) blocks in Linux.
//
// Limitations: holds whatever TCP has in flight; drops nothing and favours nobody.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "host_stack/netdev/tls_dev.h"

namespace tlsnic::driver {

class TxBacklog {
 public:
  bool empty() const { return queue_.empty(); }
  void push(netdev::TxSkb skb) { queue_.push_back(std::move(skb)); }
  netdev::TxSkb pop();

  // Keeps the segment back until release(). It has a connection.
  void hold(netdev::TxSkb skb);
  void release(const netdev::TlsConnection& connection);

  // The connection leaves the device: its segments become software's, and forget it.
  void detach(netdev::TlsConnection& connection);
  void clear();

 private:
  std::deque<netdev::TxSkb> queue_;
  std::unordered_map<const netdev::TlsConnection*, std::vector<netdev::TxSkb>> held_;
};

}  // namespace tlsnic::driver
