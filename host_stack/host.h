// One host: network devices below, sockets above. Everything happens inside the calls made to it
// and in the callbacks of its clock. When a reader reads is the caller's decision.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "host_stack/netdev/net_device.h"
#include "host_stack/port_table.h"
#include "host_stack/probe.h"
#include "host_stack/socket/socket.h"
#include "host_stack/socket/tcp_socket.h"

namespace tlsnic::host {

struct HostSettings {
  // Offer TLS 1.3 to devices, as the kernel's pending rekey series does (facts 1.17); released
  // kernels do not.
  bool tls13_offload = true;
  bool zerocopy_ro = false;  // TLS_TX_ZEROCOPY_RO on every socket
  bool gro = true;
  TcpSettings tcp;  // initial_sequence apart, which each socket has of its own
  std::size_t rcvbuf = ReceiveQueue::default_rcvbuf;  // bytes per socket; see ReceiveQueue
  std::size_t tcp_mem = std::size_t{16} << 20;        // bytes over all sockets, likewise
  std::size_t tx_memory = SIZE_MAX;  // bytes over all sockets, for records to be sent: TxMemoryPool
  Address ipv4{{10, 0, 0, 1}, false};  // of its own; a world gives each host others
  Address ipv6{{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, true};
};

// In frames.
struct HostStatistics {
  std::uint64_t received = 0;
  std::uint64_t not_tcp = 0;          // another protocol, a fragment, or malformed
  std::uint64_t checksum_errors = 0;  // dropped by the software check
  std::uint64_t no_socket = 0;
};

// Over all TCP sockets, those that are gone included.
struct TcpTotals {
  std::uint64_t segments = 0;
  std::uint64_t resets = 0;  // sent; those of the host itself included
  SenderStatistics sender;
};

class Host : public netdev::NetworkStack {
 public:
  // clock: for sockets that send; null if there will be none. It outlives the host.
  explicit Host(const HostSettings& settings = {}, Clock* clock = nullptr);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() override;

  // The first device, which the route takes unless told otherwise; a driver fills it in, and
  // outlives the sockets or is taken out after device_down().
  netdev::NetDevice& netdev() { return netdev_; }
  // Where segments go and new connections are offloaded to.
  Route& route() { return route_; }
  // NETDEV_DOWN: every connection offloaded to it is software from now on (facts 1.14).
  void device_down(netdev::NetDevice& device);
  void device_down() { device_down(netdev_); }

  // ---- sockets for captured streams: they receive and send nothing
  // received: as for Socket. A socket with the same tuple is closed and destroyed first. The
  // reference is valid until close().
  Socket& open(const FourTuple& received, std::uint32_t initial_sequence);
  // Null if there is none.
  Socket* find(const FourTuple& received);
  void close(const FourTuple& received) { remove(received); }
  // Called from within netif_receive_skb(), see Socket::deliver(). It may read; it may not close
  // the socket it is given.
  void set_data_ready(std::function<void(Socket&)> data_ready) {
    data_ready_ = std::move(data_ready);
  }

  // ---- sockets that send, too; they stay until the host goes, or are released
  // sent: local address first. initial_sequence: of its SYN.
  TcpSocket& connect(const FourTuple& sent, std::uint32_t initial_sequence, SocketEvents* events);
  // A SYN to this port opens a socket, for which `accept` may set events. initial_sequence gives
  // the one of each SYN to be sent.
  void listen(std::uint16_t port, std::function<std::uint32_t()> initial_sequence,
              std::function<void(TcpSocket&)> accept);
  // In order of their opening.
  const std::list<TcpSocket*>& tcp_sockets() const { return in_order_; }
  TcpTotals tcp_totals() const;

  // ---- for processes
  // Of its own; all zero if it has none of that family.
  const Address& address(bool ipv6) const { return ipv6 ? ipv6_ : ipv4_; }
  bool is_own(const Address& address) const;
  PortTable& ports() { return ports_; }
  const TcpSettings& tcp_settings() const { return tcp_settings_; }
  TxMemoryPool& tx_memory() { return tx_memory_; }
  // Sends a SYN. Port 0 in `sent`: the host takes a free one. Null if all are taken, or that one
  // has such a connection already (EADDRNOTAVAIL).
  TcpSocket* open_connection(FourTuple sent, SocketEvents* events,
                             const ConnectionOptions& options);
  // Its owner has closed it: the socket goes once TCP is done with it, though not before the caller
  // and all of its callers have returned, and not before grace_ns are over, in which calls that
  // wait for it may still look at it.
  void release(TcpSocket& socket, std::uint64_t grace_ns = 0);

  // Null: none. The probe outlives the host or is taken out before.
  void set_probe(Probe* probe) { probes_.probe = probe; }

  const TlsStat& tls_stat() const { return tls_stat_; }
  TlsStat& tls_stat() { return tls_stat_; }
  const HostStatistics& statistics() const { return statistics_; }

  // netdev::NetworkStack
  void netif_receive_skb(netdev::SkBuff skb) override;
  void napi_complete() override;
  netdev::TlsConnection* find_tls_connection(const FourTuple& received) override;

 private:
  struct Listener {
    std::function<std::uint32_t()> initial_sequence;
    std::function<void(TcpSocket&)> accept;
  };

  static constexpr std::uint64_t for_ever = UINT64_MAX;

  // A TCP socket; its events once it was released.
  struct Connection : SocketEvents {
    Connection(Host& h, const TcpSettings& settings, const FourTuple& sent)
        : host(h), socket(h.environment_, *h.clock_, settings, sent) {}
    void closed(int) override { host.retire(*this); }

    Host& host;
    TcpSocket socket;
    std::list<TcpSocket*>::iterator place;
    std::uint64_t keep_until_ns = for_ever;  // until it is released
  };

  void remove(const FourTuple& received);
  TcpSocket* find_tcp(const FourTuple& received);
  TcpSocket& add_tcp(const FourTuple& sent, std::uint32_t initial_sequence,
                     const ConnectionOptions& options = {});
  std::uint32_t initial_sequence(const FourTuple& sent) const;
  TcpSocket* accept(const ParsedFrame& syn);
  bool makes_way(const TcpSocket& old, const ParsedFrame& segment);
  bool is_taken(const FourTuple& received);
  void refuse(const ParsedFrame& segment);
  void retire(Connection& connection);
  void sweep_at(std::uint64_t at_ns);
  void sweep();

  netdev::NetDevice netdev_;
  Route route_;
  Clock* clock_;
  TcpSettings tcp_settings_;
  TlsStat tls_stat_;
  ProbeSlot probes_;
  OutOfOrderMemory out_of_order_memory_;
  TxMemoryPool tx_memory_;
  SocketEnvironment environment_;
  HostStatistics statistics_;

  std::function<void(Socket&)> data_ready_;
  Socket* last_ = nullptr;  // the socket found last: packets of a connection come in trains
  std::unordered_map<FourTuple, std::unique_ptr<Socket>, FourTupleHash> sockets_;

  TcpSocket* last_tcp_ = nullptr;
  std::list<TcpSocket*> in_order_;  // of their opening; retired ones, too
  std::unordered_map<FourTuple, std::unique_ptr<Connection>, FourTupleHash> tcp_sockets_;
  std::vector<std::unique_ptr<Connection>> retired_;  // found no more; go with a sweep
  std::unordered_map<std::uint16_t, Listener> listeners_;
  std::vector<TcpSocket*> merging_;  // GRO holds a frame of each
  Address ipv4_;
  Address ipv6_;
  PortTable ports_;
  TcpTotals gone_;  // of what was swept, and resets of the host itself
  TimerId sweep_timer_ = no_timer;
  std::uint64_t next_sweep_ns_ = 0;  // if the timer is set
};

}  // namespace tlsnic::host
