// A connected TCP socket, receiving side, with the TLS ULP on it once keys are set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "host_stack/ktls/rx.h"
#include "host_stack/ktls/tx.h"
#include "host_stack/netdev/net_device.h"
#include "host_stack/tcp/receive_queue.h"

namespace tlsnic::host {

// Where a host's segments go, and what stands between its sockets and the devices (tc, BPF, NAT).
struct Route {
  netdev::NetDevice* device = nullptr;
  // May change the headers; false drops the segment. Empty: none.
  std::function<bool(netdev::TxSkb&)> egress;
  // May change the addresses by which the socket is found. Empty: none.
  std::function<void(FourTuple&)> ingress;
};

// What sockets of a host share; outlives them.
struct SocketEnvironment {
  const Route& route;
  TlsStat& tls_stat;
  const ProbeSlot& probes;
  RxSettings rx;
  TxSettings tx;
  bool gro = true;
  std::size_t rcvbuf = ReceiveQueue::default_rcvbuf;  // bytes; see ReceiveQueue
  OutOfOrderMemory* out_of_order_memory = nullptr;    // null: no bound over all sockets
};

class Socket {
 public:
  // received: addresses of the segments that arrive. initial_sequence: of the peer's SYN.
  // flow_controlled: see RxSettings.
  Socket(const SocketEnvironment& environment, const FourTuple& received,
         std::uint32_t initial_sequence, bool flow_controlled = false);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  const FourTuple& received() const { return connection_.received; }
  const ReceiveQueue& receive_queue() const { return queue_; }

  // Takes a segment of this connection. True if something is there to read, or the end of the
  // stream, that was not there before: a record got complete, plain bytes came, FIN was reached,
  // RST.
  bool deliver(netdev::SkBuff skb, const ParsedFrame& parsed);

  // Plain bytes, before set_tls_rx(): how many were copied to `out`. 0 afterwards.
  std::size_t peek(MutableBytes out) const;
  std::size_t read(MutableBytes out);
  // Takes plain bytes, also after set_tls_rx(), for a call that began before it. n <= available.
  void consume(std::size_t n);
  // What was read, records too, has been copied: see ReceiveQueue::release().
  void release() {
    queue_.release();
    if (rx_ != nullptr) rx_->release();
  }

  // setsockopt(TLS_RX), the first time and for a rekey; see Rx::install() and Rx::rekey(). What is
  // queued already is examined at once but not announced: ask readable().
  int set_tls_rx(const netdev::TlsCryptoInfo& crypto_info);
  // See Rx::read(). EINVAL before set_tls_rx().
  ReadResult read_record();
  bool skip_record() { return rx_ != nullptr && rx_->skip_record(); }

  // A read would return data or an error now. After each read the reader asks again: a record that
  // was already queued is not announced.
  bool readable() const;
  // FIN or RST came and nothing more can be read: what is still available() then is a truncated
  // record, which the kernel passes over in silence (facts 2.7).
  bool at_end() const;
  bool reset_received() const { return reset_received_; }

  const Rx* tls_rx() const { return rx_.get(); }  // null before set_tls_rx()
  Rx* tls_rx() { return rx_.get(); }
  // For drivers; null while the connection is not in the device.
  netdev::TlsConnection* offloaded_connection() {
    return rx_ != nullptr && rx_->in_device() ? &connection_ : nullptr;
  }
  // Out of the device; nothing is read any more.
  void close_tls() {
    if (rx_ != nullptr) rx_->close();
  }
  netdev::TlsConnection& connection() { return connection_; }
  void device_down(const netdev::NetDevice& device) {
    if (rx_ != nullptr && rx_->uses(device)) rx_->device_down();
  }

 private:
  const SocketEnvironment& environment_;
  bool flow_controlled_;
  netdev::TlsConnection connection_;
  ReceiveQueue queue_;
  bool reset_received_ = false;
  std::unique_ptr<Rx> rx_;  // after what it refers to: it goes first
};

}  // namespace tlsnic::host
