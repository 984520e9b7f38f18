// The receive side of kTLS offload as drivers/net/ethernet/mellanox/mlx5/core/en_accel/ktls_rx.c
// does it (facts 4.1.2): late flow rule, asynchronous resync request, answer by static parameters.
//
// Accuracy: order of the steps, counters, the places where a request is skipped.
// Limitations: one channel; work items run without delay of their own; TLS 1.3 as in the pending
// v17 series (facts 1.17).
#pragma once

#include <deque>
#include <vector>

#include "driver_shim/ktls.h"
#include "driver_shim/rx_connections.h"

namespace tlsnic::driver::mlx5 {

struct RxTlsCounters {
  std::uint64_t decrypted_packets = 0;
  std::uint64_t decrypted_bytes = 0;  // whole frames, as the driver counts; not payload only
  std::uint64_t resync_req_pkt = 0;
  std::uint64_t resync_req_start = 0;
  std::uint64_t resync_req_end = 0;
  std::uint64_t resync_req_skip = 0;
  std::uint64_t resync_res_ok = 0;
  std::uint64_t resync_res_retry = 0;
  std::uint64_t resync_res_skip = 0;  // exists, never incremented by the driver
  std::uint64_t err = 0;
};

class Mlx5KtlsRx {
 public:
  explicit Mlx5KtlsRx(const KtlsEnvironment& environment);

  int add(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
          std::uint32_t start_sequence);
  void del(netdev::TlsConnection& connection);
  int resync(netdev::TlsConnection& connection, std::uint32_t sequence,
             std::uint64_t record_number);
  void received(ReceivedFrame& frame);
  void poll();

  const RxTlsCounters& counters() const { return counters_; }
  const RxConnections& connections() const { return connections_; }

 private:
  // By context.
  struct Resync {
    bool query_pending = false;
    std::uint32_t answer_sequence = 0;
    std::uint64_t answer_number = 0;
  };

  void add_rule(std::uint32_t context);
  void request_resync(const ReceivedFrame& frame);
  void progress_arrived(std::uint32_t context, std::optional<std::uint32_t> candidate);

  CommandQueue& commands_;
  netdev::NetworkStack& stack_;
  RxConnections connections_;
  RxTlsCounters counters_;
  std::vector<Resync> resyncs_;
  std::deque<std::uint32_t> answers_;  // contexts whose answer waits for room
};

}  // namespace tlsnic::driver::mlx5
