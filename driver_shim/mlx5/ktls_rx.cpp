#include "driver_shim/mlx5/ktls_rx.h"

#include <algorithm>
#include <cerrno>

namespace tlsnic::driver::mlx5 {

Mlx5KtlsRx::Mlx5KtlsRx(const KtlsEnvironment& environment)
    : commands_(environment.commands),
      stack_(environment.stack),
      connections_(environment.memory, environment.commands, environment.objects) {}

int Mlx5KtlsRx::add(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
                    std::uint32_t start_sequence) {
  // Only when the chip has taken the parameters is it told which packets they are for.
  const RxConnection* entry =
      connections_.add(connection, crypto_info, start_sequence,
                       [this](std::uint32_t context) { add_rule(context); });
  if (entry == nullptr) return -ENOSPC;
  if (resyncs_.size() <= entry->chip.context) resyncs_.resize(entry->chip.context + 1);
  resyncs_[entry->chip.context] = {};
  connection.rx->set_resync_type(netdev::TlsRxResyncType::driver_req_async);
  return 0;
}

void Mlx5KtlsRx::del(netdev::TlsConnection& connection) {
  const RxConnection* entry = connections_.find(connection);
  if (entry == nullptr) return;
  // The context may belong to another connection before there is room for the answer.
  answers_.erase(std::remove(answers_.begin(), answers_.end(), entry->chip.context),
                 answers_.end());
  connections_.remove(connection);
}

int Mlx5KtlsRx::resync(netdev::TlsConnection& connection, std::uint32_t sequence,
                       std::uint64_t record_number) {
  const RxConnection* entry = connections_.find(connection);
  if (entry == nullptr) return -EOPNOTSUPP;
  const std::uint32_t context = entry->chip.context;
  resyncs_[context].answer_sequence = sequence;
  resyncs_[context].answer_number = record_number;
  // A connection waits in the list once; a later answer takes the place of an earlier one.
  if (std::find(answers_.begin(), answers_.end(), context) == answers_.end())
    answers_.push_back(context);
  poll();
  return 0;
}

void Mlx5KtlsRx::received(ReceivedFrame& frame) {
  switch (frame.completion.tls) {
    case TLSNIC_TLS_DECRYPTED:
      frame.skb.decrypted = true;
      ++counters_.decrypted_packets;
      counters_.decrypted_bytes += frame.completion.byte_count;
      break;
    case TLSNIC_TLS_RESYNC:
      ++counters_.resync_req_pkt;
      request_resync(frame);
      break;
    case TLSNIC_TLS_ERROR:
      ++counters_.err;
      break;
    default:
      break;
  }
}

void Mlx5KtlsRx::poll() {
  while (!answers_.empty()) {
    if (!commands_.has_room()) {
      ++counters_.resync_res_retry;
      return;
    }
    const std::uint32_t context = answers_.front();
    answers_.pop_front();
    connections_.post_static_params(*connections_.find(context), resyncs_[context].answer_number,
                                    resyncs_[context].answer_sequence);
    ++counters_.resync_res_ok;
  }
}

void Mlx5KtlsRx::request_resync(const ReceivedFrame& frame) {
  const ParsedFrame parsed = parse_frame(frame.skb.frame());
  netdev::TlsConnection* connection =
      parsed.kind == FrameKind::tcp ? stack_.find_tls_connection(parsed.tuple) : nullptr;
  RxConnection* entry = connection == nullptr ? nullptr : connections_.find(*connection);
  // While a query is under way another packet's request opens no new range.
  if (entry == nullptr || resyncs_[entry->chip.context].query_pending) return;
  const std::uint32_t context = entry->chip.context;
  connection->rx->resync_async_request_start(
      parsed.sequence, static_cast<std::uint16_t>(std::min(parsed.payload_length, 65535u)));
  ++counters_.resync_req_start;
  if (!commands_.has_room()) {
    ++counters_.resync_req_skip;
    connection->rx->resync_async_request_cancel();
    return;
  }
  resyncs_[context].query_pending = true;
  connections_.query_progress(*entry, [this, context](std::optional<std::uint32_t> candidate) {
    progress_arrived(context, candidate);
  });
}

void Mlx5KtlsRx::progress_arrived(std::uint32_t context, std::optional<std::uint32_t> candidate) {
  resyncs_[context].query_pending = false;
  const RxConnection* entry = connections_.find(context);
  netdev::TlsConnection* connection = entry == nullptr ? nullptr : entry->connection;
  if (connection == nullptr || !candidate) {
    ++counters_.resync_req_skip;
    if (connection != nullptr) connection->rx->resync_async_request_cancel();
    return;
  }
  ++counters_.resync_req_end;
  connection->rx->resync_async_request_end(*candidate);
}

void Mlx5KtlsRx::add_rule(std::uint32_t context) {
  RxConnection* entry = connections_.find(context);
  if (entry != nullptr && entry->connection != nullptr) connections_.add_rule(*entry);
}

}  // namespace tlsnic::driver::mlx5
