#include "driver_shim/next_record_ktls.h"

#include <cerrno>
#include <limits>
#include <utility>

#include "driver_shim/tx_segment.h"

namespace tlsnic::driver {
namespace {

constexpr std::uint32_t forward_window = std::numeric_limits<std::uint32_t>::max() / 4;

}  // namespace

bool NextRecordKtls::supports(const TrafficKeys& keys, netdev::TlsDirection) const {
  return keys.version == TlsVersion::tls12 && keys.cipher == TlsCipher::aes_gcm_128;
}

void NextRecordKtls::offload(TxConnection& entry, netdev::TxSkb skb) {
  netdev::TlsTxOffload& stack = *entry.connection->tx;
  const bool pending = stack.resync_pending();
  const std::uint32_t sequence = skb.sequence;
  if (pending || sequence != entry.expected_sequence) {
    ++tx_counters_.fallback;
    const std::uint32_t expected = entry.expected_sequence;
    if (!send_encrypted_by_software(entry, std::move(skb)))
      ++tx_counters_.drop_no_sync_data;
    else if (!pending && sequence - expected < forward_window)
      stack.resync_request(sequence, expected);
    return;
  }

  if (!entry.is_placed) {
    if (!entry.has_static_params) connections_.post_static_params(entry, false);
    connections_.post_progress_params(entry, sequence, entry.record_number, true);
  }
  const std::uint32_t size = skb.payload_size;
  const std::uint32_t frames = frame_count(skb);
  entry.expected_sequence += size;
  if (!environment_.tx.send(std::move(skb), entry.chip.context)) {
    entry.expected_sequence -= size;
    return;
  }
  tx_counters_.encrypted_packets += frames;
  tx_counters_.encrypted_bytes += size;
}

int NextRecordKtls::resync_tx(TxConnection& entry, std::uint32_t sequence,
                              std::uint64_t record_number) {
  ++tx_counters_.resync;
  entry.expected_sequence = sequence;
  entry.record_number = record_number;
  entry.is_placed = false;
  return 0;
}

}  // namespace tlsnic::driver
