// One host: a network device below, sockets above. Everything happens inside the calls made to it;
// there is no clock. When a reader reads is the caller's decision.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "host_stack/netdev/net_device.h"
#include "host_stack/probe.h"
#include "host_stack/socket/socket.h"

namespace tlsnic::host {

struct HostSettings {
  RxSettings rx;
  std::size_t rcvbuf = ReceiveQueue::default_rcvbuf;  // bytes per socket; see ReceiveQueue
  std::size_t tcp_mem = std::size_t{16} << 20;        // bytes over all sockets, likewise
};

// In frames.
struct HostStatistics {
  std::uint64_t received = 0;
  std::uint64_t not_tcp = 0;          // another protocol, a fragment, or malformed
  std::uint64_t checksum_errors = 0;  // dropped by the software check
  std::uint64_t no_socket = 0;
};

class Host : public netdev::NetworkStack {
 public:
  explicit Host(const HostSettings& settings = {});
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() override;

  // The host's only device; a driver fills it in, and outlives the sockets or is taken out after
  // device_down().
  netdev::NetDevice& netdev() { return netdev_; }
  // NETDEV_DOWN: every offloaded connection is software from now on (facts 1.14).
  void device_down();

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
  // Null: none. The probe outlives the host or is taken out before.
  void set_probe(Probe* probe) { probes_.probe = probe; }

  const TlsStat& tls_stat() const { return tls_stat_; }
  const HostStatistics& statistics() const { return statistics_; }

  // netdev::NetworkStack
  void netif_receive_skb(netdev::SkBuff skb) override;
  netdev::TlsConnection* find_tls_connection(const FourTuple& received) override;

 private:
  void remove(const FourTuple& received);

  netdev::NetDevice netdev_;
  TlsStat tls_stat_;
  ProbeSlot probes_;
  OutOfOrderMemory out_of_order_memory_;
  SocketEnvironment environment_;
  HostStatistics statistics_;
  std::function<void(Socket&)> data_ready_;
  Socket* last_ = nullptr;  // the socket found last: packets of a connection come in trains
  std::unordered_map<FourTuple, std::unique_ptr<Socket>, FourTupleHash> sockets_;
};

}  // namespace tlsnic::host
