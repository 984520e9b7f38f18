#include "driver_shim/mlx5/ktls_rx.h"

#include <algorithm>
#include <cerrno>

namespace tlsnic::driver::mlx5 {
namespace {

tlsnic_command command(std::uint32_t opcode, std::uint32_t object) {
  tlsnic_command out{};
  out.opcode = static_cast<std::uint8_t>(opcode);
  out.object = object;
  return out;
}

tlsnic_command flow_command(std::uint32_t opcode, std::uint32_t object, const FourTuple& tuple) {
  tlsnic_command out = command(opcode, object);
  tlsnic_flow& flow = out.body.flow;
  std::copy_n(tuple.source.address.bytes.begin(), 16, flow.source);
  std::copy_n(tuple.destination.address.bytes.begin(), 16, flow.destination);
  flow.source_port = tuple.source.port;
  flow.destination_port = tuple.destination.port;
  flow.is_ipv6 = tuple.source.address.is_ipv6 ? 1 : 0;
  return out;
}

}  // namespace

int Mlx5KtlsRx::tls_dev_add(netdev::TlsConnection& connection, netdev::TlsDirection direction,
                            const netdev::TlsCryptoInfo& crypto_info,
                            std::uint32_t start_sequence) {
  const TrafficKeys& keys = crypto_info.keys;
  if (direction != netdev::TlsDirection::rx ||
      (keys.cipher != TlsCipher::aes_gcm_128 && keys.cipher != TlsCipher::aes_gcm_256))
    return -EOPNOTSUPP;
  if (entries_.size() >= max_connections_) return -ENOSPC;

  const std::uint32_t index = allocate_index();
  const auto added =
      entries_.emplace(index, Entry{index, &connection, connection.received, crypto_info});
  Entry& entry = added.first->second;
  entry.progress = progress_buffers_[index];
  connection.driver_state_rx = std::make_unique<State>(index);
  connection.rx->set_resync_type(netdev::TlsRxResyncType::driver_req_async);

  tlsnic_command key = command(TLSNIC_CMD_KEY_CREATE, index);
  key.body.key.length = static_cast<std::uint32_t>(keys.key_size());
  std::copy_n(keys.key.begin(), keys.key_size(), key.body.key.key);
  commands_.post(key);
  commands_.post(command(TLSNIC_CMD_RX_CONTEXT_CREATE, index));
  post_static_params(entry, crypto_info.record_number, 0);
  tlsnic_command progress = command(TLSNIC_CMD_RX_PROGRESS_PARAMS, index);
  progress.body.rx_progress.next_record_tcp_sn = start_sequence;
  // Only when the chip has taken the parameters is it told which packets they are for.
  commands_.post(progress, [this, index](std::uint8_t) { add_rule(index); });
  ++counters_.ctx;
  return 0;
}

void Mlx5KtlsRx::tls_dev_del(netdev::TlsConnection& connection, netdev::TlsDirection) {
  Entry* entry = find(connection);
  if (entry == nullptr) return;
  const std::uint32_t index = entry->index;
  entry->connection = nullptr;
  connection.driver_state_rx.reset();
  // The index may belong to another connection before there is room for the answer.
  answers_.erase(std::remove(answers_.begin(), answers_.end(), index), answers_.end());
  if (entry->rule_added) commands_.post(flow_command(TLSNIC_CMD_FLOW_DELETE, index, entry->flow));
  ++connection.rx_parting->contexts;
  commands_.post(command(TLSNIC_CMD_RX_CONTEXT_DESTROY, index),
                 [parting = connection.rx_parting](std::uint8_t) {
                   if (--parting->contexts == 0 && parting->done) parting->done();
                 });
  commands_.post(command(TLSNIC_CMD_KEY_DESTROY, index), [this, index](std::uint8_t) {
    entries_.erase(index);
    free_indices_.push_back(index);
  });
  ++counters_.del;
}

int Mlx5KtlsRx::tls_dev_resync(netdev::TlsConnection& connection, std::uint32_t sequence,
                               std::uint64_t record_number, netdev::TlsDirection direction) {
  Entry* entry = find(connection);
  if (direction != netdev::TlsDirection::rx || entry == nullptr) return -EOPNOTSUPP;
  entry->answer_sequence = sequence;
  entry->answer_number = record_number;
  // A connection waits in the list once; a later answer takes the place of an earlier one.
  if (std::find(answers_.begin(), answers_.end(), entry->index) == answers_.end())
    answers_.push_back(entry->index);
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
    const Entry& entry = entries_.at(answers_.front());
    answers_.pop_front();
    post_static_params(entry, entry.answer_number, entry.answer_sequence);
    ++counters_.resync_res_ok;
  }
}

void Mlx5KtlsRx::request_resync(const ReceivedFrame& frame) {
  const ParsedFrame parsed = parse_frame(frame.skb.frame());
  netdev::TlsConnection* connection =
      parsed.kind == FrameKind::tcp ? stack_.find_tls_connection(parsed.tuple) : nullptr;
  Entry* entry = connection == nullptr ? nullptr : find(*connection);
  // While a query is under way another packet's request opens no new range.
  if (entry == nullptr || entry->query_pending) return;
  entry->query_pending = true;
  connection->rx->resync_async_request_start(
      parsed.sequence, static_cast<std::uint16_t>(std::min(parsed.payload_length, 65535u)));
  ++counters_.resync_req_start;
  if (!commands_.has_room()) {
    entry->query_pending = false;
    ++counters_.resync_req_skip;
    connection->rx->resync_async_request_cancel();
    return;
  }
  tlsnic_command query = command(TLSNIC_CMD_RX_PROGRESS_QUERY, entry->index);
  query.body.dma.address = entry->progress;
  const std::uint32_t index = entry->index;
  commands_.post(query, [this, index](std::uint8_t status) { progress_arrived(index, status); });
}

void Mlx5KtlsRx::progress_arrived(std::uint32_t index, std::uint8_t status) {
  const auto found = entries_.find(index);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.query_pending = false;
  tlsnic_rx_progress progress;
  std::memcpy(&progress, memory_.at(entry.progress, sizeof progress).data(), sizeof progress);
  const bool is_candidate = status == TLSNIC_STATUS_OK &&
                            progress.record_tracker_state == TLSNIC_TRACKER_TRACKING &&
                            progress.auth_state == TLSNIC_AUTH_NO_OFFLOAD;
  if (entry.connection == nullptr || !is_candidate) {
    ++counters_.resync_req_skip;
    if (entry.connection != nullptr) entry.connection->rx->resync_async_request_cancel();
    return;
  }
  ++counters_.resync_req_end;
  entry.connection->rx->resync_async_request_end(progress.hw_resync_tcp_sn);
}

void Mlx5KtlsRx::add_rule(std::uint32_t index) {
  const auto found = entries_.find(index);
  if (found == entries_.end() || found->second.connection == nullptr) return;
  found->second.rule_added = true;
  // A rule that cannot be added is ignored: the connection is then never decrypted by the chip.
  commands_.post(flow_command(TLSNIC_CMD_FLOW_ADD, index, found->second.flow));
}

void Mlx5KtlsRx::post_static_params(const Entry& entry, std::uint64_t record_number,
                                    std::uint32_t resync_tcp_sn) {
  tlsnic_command out = command(TLSNIC_CMD_RX_STATIC_PARAMS, entry.index);
  tlsnic_rx_static_params& params = out.body.rx_static;
  params.initial_record_number = record_number;
  params.resync_tcp_sn = resync_tcp_sn;
  params.key_index = entry.index;
  std::copy(entry.crypto_info.keys.iv.begin(), entry.crypto_info.keys.iv.end(), params.iv);
  params.tls_version =
      entry.crypto_info.keys.version == TlsVersion::tls13 ? TLSNIC_TLS_1_3 : TLSNIC_TLS_1_2;
  commands_.post(out);
}

std::uint32_t Mlx5KtlsRx::allocate_index() {
  if (free_indices_.empty()) {
    progress_buffers_.push_back(memory_.allocate(sizeof(tlsnic_rx_progress)));
    return static_cast<std::uint32_t>(progress_buffers_.size() - 1);
  }
  const std::uint32_t index = free_indices_.back();
  free_indices_.pop_back();
  return index;
}

Mlx5KtlsRx::Entry* Mlx5KtlsRx::find(const netdev::TlsConnection& connection) {
  const auto* state = static_cast<const State*>(connection.driver_state_rx.get());
  return state == nullptr ? nullptr : &entries_.at(state->index);
}

EthtoolCounters Mlx5KtlsRx::counters() const {
  return {{"rx_tls_decrypted_packets", counters_.decrypted_packets},
          {"rx_tls_decrypted_bytes", counters_.decrypted_bytes},
          {"rx_tls_ctx", counters_.ctx},
          {"rx_tls_del", counters_.del},
          {"rx_tls_resync_req_pkt", counters_.resync_req_pkt},
          {"rx_tls_resync_req_start", counters_.resync_req_start},
          {"rx_tls_resync_req_end", counters_.resync_req_end},
          {"rx_tls_resync_req_skip", counters_.resync_req_skip},
          {"rx_tls_resync_res_ok", counters_.resync_res_ok},
          {"rx_tls_resync_res_retry", counters_.resync_res_retry},
          {"rx_tls_resync_res_skip", counters_.resync_res_skip},
          {"rx_tls_err", counters_.err}};
}

}  // namespace tlsnic::driver::mlx5
