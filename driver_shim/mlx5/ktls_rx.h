// The receive side of kTLS offload as drivers/net/ethernet/mellanox/mlx5/core/en_accel/ktls_rx.c
// does it (facts 4.1.2): late flow rule, asynchronous resync request, answer by static parameters.
//
// Accuracy: order of the steps, counters, the places where a request is skipped.
// Limitations: one channel; work items run without delay of their own; TLS 1.3 as in the pending
// v17 series (facts 1.17).
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "driver_shim/command_queue.h"
#include "driver_shim/ktls_rx.h"

namespace tlsnic::driver::mlx5 {

struct RxTlsCounters {
  std::uint64_t decrypted_packets = 0;
  std::uint64_t decrypted_bytes = 0;  // whole frames, as the driver counts; not payload only
  std::uint64_t ctx = 0;
  std::uint64_t del = 0;
  std::uint64_t resync_req_pkt = 0;
  std::uint64_t resync_req_start = 0;
  std::uint64_t resync_req_end = 0;
  std::uint64_t resync_req_skip = 0;
  std::uint64_t resync_res_ok = 0;
  std::uint64_t resync_res_retry = 0;
  std::uint64_t resync_res_skip = 0;  // exists, never incremented by the driver
  std::uint64_t err = 0;
};

class Mlx5KtlsRx : public KtlsRx {
 public:
  // max_connections: what the chip's registers allow.
  Mlx5KtlsRx(netdev::DmaMemory& memory, CommandQueue& commands, netdev::NetworkStack& stack,
             std::uint32_t max_connections)
      : memory_(memory), commands_(commands), stack_(stack), max_connections_(max_connections) {}

  int tls_dev_add(netdev::TlsConnection& connection, netdev::TlsDirection direction,
                  const netdev::TlsCryptoInfo& crypto_info, std::uint32_t start_sequence) override;
  void tls_dev_del(netdev::TlsConnection& connection, netdev::TlsDirection direction) override;
  int tls_dev_resync(netdev::TlsConnection& connection, std::uint32_t sequence,
                     std::uint64_t record_number, netdev::TlsDirection direction) override;
  void received(ReceivedFrame& frame) override;
  void poll() override;
  EthtoolCounters counters() const override;

 private:
  // Driver's side of a connection; the chip's key and context have the same index.
  struct Entry {
    std::uint32_t index;
    netdev::TlsConnection* connection;  // null once deleted
    FourTuple flow;
    netdev::TlsCryptoInfo crypto_info;
    bool rule_added = false;
    bool query_pending = false;
    netdev::DmaAddress progress = 0;
    std::uint32_t answer_sequence = 0;
    std::uint64_t answer_number = 0;
  };
  struct State : netdev::DriverState {
    explicit State(std::uint32_t i) : index(i) {}
    std::uint32_t index;
  };

  std::uint32_t allocate_index();
  Entry* find(const netdev::TlsConnection& connection);
  void add_rule(std::uint32_t index);
  void request_resync(const ReceivedFrame& frame);
  void progress_arrived(std::uint32_t index, std::uint8_t status);
  void post_static_params(const Entry& entry, std::uint64_t record_number,
                          std::uint32_t resync_tcp_sn);

  netdev::DmaMemory& memory_;
  CommandQueue& commands_;
  netdev::NetworkStack& stack_;
  std::uint32_t max_connections_;
  RxTlsCounters counters_;
  std::unordered_map<std::uint32_t, Entry> entries_;
  std::vector<std::uint32_t> free_indices_;
  std::vector<netdev::DmaAddress> progress_buffers_;  // by index, kept for the next user
  std::deque<std::uint32_t> answers_;                 // live indices whose answer waits for room
};

}  // namespace tlsnic::driver::mlx5
