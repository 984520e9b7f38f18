// kTLS offload as the mlx5 driver does it. Transmit: en_accel/ktls_tx.c (facts 4.1.1), in here;
// receive: mlx5/ktls_rx.h.
//
// Accuracy: which operations are posted for which segment, with their fences; what is dropped, sent
// plain and counted. Any segment that does not begin at the expected byte makes the driver rebuild
// the context, and it goes on behind that segment: one retransmission costs two rebuilds.
// Limitations: transmit contexts are not pooled in bulk: tx_tls_pool_alloc and _free count them as
// the chip makes and destroys them. The MTU stands for the hardware's, which is a few bytes more.
// Place and record number are in the chip's progress parameters, and the number in mlx5's static
// ones; those are posted when mlx5 would post them. TLS 1.3 as in the pending v17 series.
#pragma once

#include "driver_shim/mlx5/ktls_rx.h"

namespace tlsnic::driver::mlx5 {

class Mlx5Ktls : public Ktls {
 public:
  explicit Mlx5Ktls(const KtlsEnvironment& environment) : Ktls(environment), rx_(environment) {}

  void received(ReceivedFrame& frame) override { rx_.received(frame); }
  void poll() override;
  EthtoolCounters counters() const override;
  EthtoolCounters ethtool_stats() const override;

 protected:
  bool supports(const TrafficKeys&, netdev::TlsDirection) const override { return true; }
  void offload(TxConnection& entry, netdev::TxSkb skb) override;
  int add_rx(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
             std::uint32_t start_sequence) override {
    return rx_.add(connection, crypto_info, start_sequence);
  }
  void del_rx(netdev::TlsConnection& connection) override { rx_.del(connection); }
  int resync_rx(netdev::TlsConnection& connection, std::uint32_t sequence,
                std::uint64_t record_number) override {
    return rx_.resync(connection, sequence, record_number);
  }

 private:
  // What every queue has of its own: here one in each direction.
  EthtoolCounters queue_counters() const;

  enum class Sync { done, skip, fail };
  Sync rebuild(TxConnection& entry, const netdev::TxSkb& skb);
  void post_parameters(TxConnection& entry, std::uint32_t sequence, std::uint64_t number,
                       bool with_static, bool fence_first);

  struct TxTlsCounters {
    std::uint64_t encrypted_packets = 0;  // frames
    std::uint64_t encrypted_bytes = 0;    // TCP payload
    std::uint64_t ooo = 0;
    std::uint64_t skip_no_sync_data = 0;
    std::uint64_t drop_no_sync_data = 0;
  };

  Mlx5KtlsRx rx_;
  TxTlsCounters tx_counters_;
};

}  // namespace tlsnic::driver::mlx5
