#include "driver_shim/mlx5/ktls.h"

#include <utility>

#include "driver_shim/tx_segment.h"
#include "protocol/tcp_sequence.h"

namespace tlsnic::driver::mlx5 {

void Mlx5Ktls::poll() {
  Ktls::poll();
  rx_.poll();
}

void Mlx5Ktls::offload(TxConnection& entry, netdev::TxSkb skb) {
  if (!entry.is_placed)
    post_parameters(entry, entry.chip_sequence, entry.record_number, true, false);
  if (skb.sequence != entry.expected_sequence) {
    ++tx_counters_.ooo;
    switch (rebuild(entry, skb)) {
      case Sync::done:
        break;
      case Sync::skip:
        ++tx_counters_.skip_no_sync_data;
        send_plain(std::move(skb));
        return;
      case Sync::fail:
        ++tx_counters_.drop_no_sync_data;
        return;
    }
  }
  entry.expected_sequence = entry.chip_sequence = skb.sequence + skb.payload_size;
  tx_counters_.encrypted_packets += frame_count(skb);
  tx_counters_.encrypted_bytes += skb.payload_size;
  environment_.tx.send(std::move(skb), entry.chip.context);
}

Mlx5Ktls::Sync Mlx5Ktls::rebuild(TxConnection& entry, const netdev::TxSkb& skb) {
  const auto record = entry.connection->tx->get_record(skb.sequence);
  if (!record || record->length > TxConnections::max_record) return Sync::fail;
  if (record->length == 0) {
    const std::uint32_t end = skb.sequence + skb.payload_size;
    return sequence_at_or_before(end, record->start_sequence) ? Sync::skip : Sync::fail;
  }
  // What begins before the oldest record is acknowledged; the look-up has found no record then.
  if (sequence_before(skb.sequence, record->start_sequence)) return Sync::fail;
  post_parameters(entry, record->start_sequence, record->number,
                  record->number != entry.record_number, true);
  connections_.post_dumps(entry, *record, skb.sequence);
  return Sync::done;
}

// Whichever comes first waits for what is before it if the context is in use; the NOP keeps what
// follows behind the parameters.
void Mlx5Ktls::post_parameters(TxConnection& entry, std::uint32_t sequence, std::uint64_t number,
                               bool with_static, bool fence_first) {
  if (with_static) connections_.post_static_params(entry, fence_first);
  connections_.post_progress_params(entry, sequence, number, !with_static || !fence_first);
  environment_.tx.nop(true);
}

EthtoolCounters Mlx5Ktls::queue_counters() const {
  const RxTlsCounters& rx = rx_.counters();
  const TxStatistics& ring = environment_.tx.statistics();
  return {{"tx_tls_encrypted_packets", tx_counters_.encrypted_packets},
          {"tx_tls_encrypted_bytes", tx_counters_.encrypted_bytes},
          {"tx_tls_ooo", tx_counters_.ooo},
          {"tx_tls_dump_packets", ring.dump_packets},
          {"tx_tls_dump_bytes", ring.dump_bytes},
          {"tx_tls_resync_bytes", 0},
          {"tx_tls_skip_no_sync_data", tx_counters_.skip_no_sync_data},
          {"tx_tls_drop_no_sync_data", tx_counters_.drop_no_sync_data},
          {"tx_tls_drop_bypass_req", 0},
          {"rx_tls_decrypted_packets", rx.decrypted_packets},
          {"rx_tls_decrypted_bytes", rx.decrypted_bytes},
          {"rx_tls_resync_req_pkt", rx.resync_req_pkt},
          {"rx_tls_resync_req_start", rx.resync_req_start},
          {"rx_tls_resync_req_end", rx.resync_req_end},
          {"rx_tls_resync_req_skip", rx.resync_req_skip},
          {"rx_tls_resync_res_ok", rx.resync_res_ok},
          {"rx_tls_resync_res_retry", rx.resync_res_retry},
          {"rx_tls_resync_res_skip", rx.resync_res_skip},
          {"rx_tls_err", rx.err}};
}

EthtoolCounters Mlx5Ktls::counters() const {
  EthtoolCounters out = queue_counters();
  out.insert(out.end(), {{"tx_tls_ctx", connections_.added()},
                         {"tx_tls_del", connections_.removed()},
                         {"tx_tls_pool_alloc", connections_.added()},
                         {"tx_tls_pool_free", connections_.destroyed()},
                         {"rx_tls_ctx", rx_.connections().added()},
                         {"rx_tls_del", rx_.connections().removed()}});
  return out;
}

EthtoolCounters Mlx5Ktls::ethtool_stats() const {
  EthtoolCounters out = counters();
  // Receive queues come first; a queue's name has its number behind "rx" or "tx".
  for (const char* direction : {"rx", "tx"})
    for (const auto& [name, value] : queue_counters())
      if (name.compare(0, 2, direction) == 0)
        out.emplace_back(direction + ("0" + name.substr(2)), value);
  return out;
}

}  // namespace tlsnic::driver::mlx5
