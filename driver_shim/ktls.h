// What a driver personality does about TLS offload. The real drivers differ in what they do with a
// segment that is out of order, and in how a receive resync is negotiated (facts 4); the rest of
// the driver does not, and neither does what is here: installing transmit contexts, and segments
// that need none.
#pragma once

#include "driver_shim/probe.h"
#include "driver_shim/rx_queue.h"
#include "driver_shim/tx_connections.h"
#include "host_stack/netdev/net_device.h"

namespace tlsnic::driver {

struct KtlsEnvironment {
  netdev::DmaMemory& memory;
  CommandQueue& commands;
  netdev::NetworkStack& stack;
  TxQueue& tx;
  TxBacklog& backlog;
  ChipObjects& objects;
  std::uint32_t capabilities;  // TLSNIC_CAP_*
  std::uint32_t mtu;           // bytes; a DUMP is not longer
};

class Ktls : public netdev::TlsDevOps {
 public:
  explicit Ktls(const KtlsEnvironment& environment);

  // netdev::TlsDevOps. -EOPNOTSUPP: not a direction, version or cipher of this driver or chip;
  // -ENOSPC: its tables are full.
  int tls_dev_add(netdev::TlsConnection& connection, netdev::TlsDirection direction,
                  const netdev::TlsCryptoInfo& crypto_info, std::uint32_t start_sequence) final;
  void tls_dev_del(netdev::TlsConnection& connection, netdev::TlsDirection direction) final;
  int tls_dev_resync(netdev::TlsConnection& connection, std::uint32_t sequence,
                     std::uint64_t record_number, netdev::TlsDirection direction) final;

  // A frame on its way up: sets the skb's mark, counts, and starts a resync if the chip asks for
  // one.
  virtual void received(ReceivedFrame& frame) = 0;
  // Whether the connection's segments have to wait for its context.
  bool is_starting(const netdev::TlsConnection& connection) const;
  // A segment on its way down; there is room for most_descriptors(). It is posted or dropped.
  void transmit(netdev::TxSkb skb);
  static std::uint32_t most_descriptors(std::uint32_t mtu);
  // Once per poll: work that waited for room in a ring, or for its end.
  virtual void poll() { connections_.poll(); }
  // Of the whole device.
  virtual EthtoolCounters counters() const = 0;
  // counters(), and those of each queue where the real driver has them; in its order.
  virtual EthtoolCounters ethtool_stats() const { return counters(); }
  // Further statistics, where the real driver has some outside of ethtool.
  virtual EthtoolCounters debugfs() const { return {}; }

 protected:
  virtual bool supports(const TrafficKeys& keys, netdev::TlsDirection direction) const = 0;
  // A segment with payload whose context is there.
  virtual void offload(TxConnection& entry, netdev::TxSkb skb) = 0;
  virtual int resync_tx(TxConnection& entry, std::uint32_t sequence, std::uint64_t record_number);
  virtual int add_rx(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
                     std::uint32_t start_sequence);
  virtual void del_rx(netdev::TlsConnection&) {}
  virtual int resync_rx(netdev::TlsConnection& connection, std::uint32_t sequence,
                        std::uint64_t record_number);

  // Without a context. Plaintext that was meant for one is dropped.
  void send_plain(netdev::TxSkb skb);
  // Through the stack's software fallback; false if that drops it.
  bool send_encrypted_by_software(TxConnection& entry, netdev::TxSkb skb);

  KtlsEnvironment environment_;
  TxConnections connections_;
  std::uint64_t adds_ = 0;      // calls of tls_dev_add
  std::uint64_t refusals_ = 0;  // of those, that did not give 0
  std::uint64_t no_space_ = 0;  // ... because a table was full
};

}  // namespace tlsnic::driver
