#include "driver_shim/nfp/ktls.h"

#include <cerrno>

namespace tlsnic::driver::nfp {
namespace {

// The stack is asked about a header's last byte, and answers with it; the chip knows the first
// (facts 1.10.1).
constexpr std::uint32_t header_end = record_header_size - 1;

}  // namespace

int NfpKtls::add_rx(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
                    std::uint32_t start_sequence) {
  RxConnection* entry = rx_.add(connection, crypto_info, start_sequence, {});
  if (entry == nullptr) return -ENOSPC;
  rx_.add_rule(*entry);
  connection.rx->set_resync_type(stream_scan_ ? netdev::TlsRxResyncType::driver_req
                                              : netdev::TlsRxResyncType::core_next_hint);
  return 0;
}

void NfpKtls::received(ReceivedFrame& frame) {
  if (frame.completion.tls == TLSNIC_TLS_DECRYPTED) {
    frame.skb.decrypted = true;
    ++decrypted_packets_;
  } else if (frame.completion.tls == TLSNIC_TLS_RESYNC && stream_scan_ && !request_resync(frame)) {
    ++resync_req_ign_;
  }
}

bool NfpKtls::request_resync(const ReceivedFrame& frame) {
  const ParsedFrame parsed = parse_frame(frame.skb.frame());
  if (parsed.kind != FrameKind::tcp || !environment_.commands.has_room()) return false;
  const netdev::TlsConnection* connection = environment_.stack.find_tls_connection(parsed.tuple);
  const RxConnection* entry = connection == nullptr ? nullptr : rx_.find(*connection);
  if (entry == nullptr) return false;
  const std::uint32_t context = entry->chip.context;
  rx_.query_progress(*entry, [this, context](std::optional<std::uint32_t> candidate) {
    const RxConnection* asked = rx_.find(context);
    if (asked == nullptr || asked->connection == nullptr || !candidate) {
      ++resync_req_ign_;
      return;
    }
    ++resync_req_ok_;
    asked->connection->rx->resync_request(*candidate + header_end);
  });
  return true;
}

int NfpKtls::resync_rx(netdev::TlsConnection& connection, std::uint32_t sequence,
                       std::uint64_t record_number) {
  const RxConnection* entry = rx_.find(connection);
  if (entry == nullptr) return -EOPNOTSUPP;
  if (stream_scan_) {
    rx_.post_static_params(*entry, record_number, sequence - header_end);
  } else {
    rx_.post_static_params(*entry, record_number, sequence);
    rx_.post_progress_params(*entry, sequence);
  }
  ++resync_sent_;
  return 0;
}

EthtoolCounters NfpKtls::counters() const {
  return {{"rx_tls_decrypted_packets", decrypted_packets_},
          {"tx_tls_encrypted_packets", tx_counters_.encrypted_packets},
          {"tx_tls_ooo", tx_counters_.fallback},
          {"tx_tls_drop_no_sync_data", tx_counters_.drop_no_sync_data},
          {"hw_tls_no_space", no_space_},
          {"rx_tls_resync_req_ok", resync_req_ok_},
          {"rx_tls_resync_req_ign", resync_req_ign_},
          {"rx_tls_resync_sent", resync_sent_}};
}

}  // namespace tlsnic::driver::nfp
