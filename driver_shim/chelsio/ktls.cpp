#include "driver_shim/chelsio/ktls.h"

#include <utility>

#include "driver_shim/tx_segment.h"
#include "protocol/frame.h"
#include "protocol/tcp_sequence.h"

namespace tlsnic::driver::chelsio {
namespace {

bool has_fin(const netdev::TxSkb& skb, std::uint32_t tcp_header) {
  return (skb.headers[tcp_header + 13] & tcp_fin) != 0;
}

}  // namespace

bool ChelsioKtls::supports(const TrafficKeys& keys, netdev::TlsDirection direction) const {
  return direction == netdev::TlsDirection::tx && keys.version == TlsVersion::tls12 &&
         keys.cipher == TlsCipher::aes_gcm_128;
}

void ChelsioKtls::offload(TxConnection& entry, netdev::TxSkb skb) {
  const std::uint32_t end = skb.sequence + skb.payload_size;
  if (skb.sequence != entry.expected_sequence) ++ooo_;
  const auto first = entry.connection->tx->get_record(skb.sequence);
  if (!first) return drop();
  if (first->length == 0 && send_before_offload(skb, first->start_sequence)) {
    entry.expected_sequence = end;
    return;
  }
  if (skb.sequence == entry.expected_sequence) bring_missing_tag(entry, skb);
  const auto walked = walk(entry, skb);
  if (!walked) return drop();
  entry.expected_sequence = end;

  const std::uint32_t tag_bytes = partial_tag(skb, walked->last);
  if (tag_bytes > 0) {
    const auto tcp_header = find_tcp_header(skb);
    if (tag_bytes >= skb.payload_size || !tcp_header || has_fin(skb, *tcp_header)) {
      ++fallback_;
      if (!send_encrypted_by_software(entry, std::move(skb))) drop();
      // Nothing is missing now, wherever the chip stands.
      entry.is_placed = false;
      return;
    }
    ++trimmed_;
    trim_end(skb, tag_bytes);
  }
  if (!entry.is_placed || skb.sequence != entry.chip_sequence) {
    if (!entry.has_static_params) connections_.post_static_params(entry, true);
    connections_.post_progress_params(entry, walked->first.start_sequence, walked->first.number,
                                      true);
    connections_.post_dumps(entry, walked->first, skb.sequence);
  }
  entry.chip_sequence = skb.sequence + skb.payload_size;
  pieces_.start += walked->pieces.start;
  pieces_.middle += walked->pieces.middle;
  pieces_.end += walked->pieces.end;
  pieces_.complete += walked->pieces.complete;
  encrypted_packets_ += frame_count(skb);
  encrypted_bytes_ += skb.payload_size;
  environment_.tx.send(std::move(skb), entry.chip.context);
}

bool ChelsioKtls::send_before_offload(netdev::TxSkb& skb, std::uint32_t start) {
  ++skip_no_sync_data_;
  const std::uint32_t before = start - skb.sequence;
  const auto tcp_header = find_tcp_header(skb);
  if (before >= skb.payload_size || !tcp_header) {
    send_plain(std::move(skb));
    return true;
  }
  netdev::TxSkb front = split_front(skb, before, *tcp_header);
  send_plain(std::move(front));
  return false;
}

// The segment before was cut before a tag: this one begins where that ended.
void ChelsioKtls::bring_missing_tag(TxConnection& entry, netdev::TxSkb& skb) {
  const std::uint32_t missing = skb.sequence - entry.chip_sequence;
  if (!entry.is_placed || missing == 0 || missing >= aead_tag_size) return;
  const auto record = entry.connection->tx->get_record(entry.chip_sequence);
  const auto tcp_header = find_tcp_header(skb);
  if (!record || record->length == 0 || !tcp_header) return;
  const auto piece =
      copy_pieces(record->pieces, entry.chip_sequence - record->start_sequence, missing);
  if (piece) prepend(skb, *piece, *tcp_header);
}

std::optional<ChelsioKtls::Walk> ChelsioKtls::walk(TxConnection& entry,
                                                   const netdev::TxSkb& skb) const {
  std::optional<Walk> out;
  for (std::uint32_t done = 0; done < skb.payload_size;) {
    const std::uint32_t at = skb.sequence + done;
    const auto record = entry.connection->tx->get_record(at);
    if (!record || record->length == 0 || record->length > TxConnections::max_record ||
        sequence_before(at, record->start_sequence))
      return std::nullopt;
    if (!out) out.emplace().first = *record;
    out->last = *record;
    const std::uint32_t offset = at - record->start_sequence;
    const std::uint32_t left = skb.payload_size - done;
    const bool is_ended = left >= record->length - offset;
    Pieces& pieces = out->pieces;
    ++(is_ended ? (offset == 0 ? pieces.complete : pieces.end)
                : (offset == 0 ? pieces.start : pieces.middle));
    done += is_ended ? record->length - offset : left;
  }
  return out;
}

std::uint32_t ChelsioKtls::partial_tag(const netdev::TxSkb& skb, const netdev::TlsTxRecord& last) {
  const std::uint32_t sent = skb.sequence + skb.payload_size - last.start_sequence;
  const auto tag = static_cast<std::uint32_t>(aead_tag_size);
  if (last.length < tag || sent >= last.length || sent <= last.length - tag) return 0;
  return sent - (last.length - tag);
}

EthtoolCounters ChelsioKtls::counters() const {
  return {{"tx_tls_encrypted_packets", encrypted_packets_},
          {"tx_tls_encrypted_bytes", encrypted_bytes_},
          {"tx_tls_ctx", connections_.added()},
          {"tx_tls_ooo", ooo_},
          {"tx_tls_skip_no_sync_data", skip_no_sync_data_},
          {"tx_tls_drop_no_sync_data", drop_no_sync_data_},
          {"tx_tls_drop_bypass_req", 0}};
}

EthtoolCounters ChelsioKtls::debugfs() const {
  // What ends a record is sent as a whole record, so that the tag can be made.
  return {{"offload_refcount", connections_.added() - connections_.removed()},
          {"records_sent", pieces_.complete + pieces_.end},
          {"partial_start_of_records", pieces_.start},
          {"partial_middle_of_records", pieces_.middle},
          {"partial_end_of_records", pieces_.end},
          {"complete_records", pieces_.complete},
          {"trimmed_packets", trimmed_},
          {"software_fallback", fallback_},
          {"connections_created", adds_},
          {"connections_failed", refusals_},
          {"connections_closed", connections_.removed()}};
}

}  // namespace tlsnic::driver::chelsio
