#include "driver_shim/rx_connections.h"

#include "driver_shim/commands.h"

namespace tlsnic::driver {

RxConnection* RxConnections::add(netdev::TlsConnection& connection,
                                 const netdev::TlsCryptoInfo& crypto_info,
                                 std::uint32_t start_sequence,
                                 std::function<void(std::uint32_t context)> ready) {
  const auto chip = take_context_and_key(objects_.rx_contexts, objects_.keys);
  if (!chip) return nullptr;
  const std::uint32_t context = chip->context;
  while (progress_buffers_.size() <= context)
    progress_buffers_.push_back(memory_.allocate(sizeof(tlsnic_rx_progress)));
  RxConnection& entry = entries_[context];
  entry = {*chip, &connection, connection.received, crypto_info};
  connection.driver_state_rx = std::make_unique<ContextState>(context);
  ++added_;

  commands_.post(make_key_command(chip->key, crypto_info.keys));
  commands_.post(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, context));
  post_static_params(entry, crypto_info.record_number, 0);
  CommandQueue::Done done;
  if (ready) done = [context, ready = std::move(ready)](std::uint8_t) { ready(context); };
  post_progress_params(entry, start_sequence, std::move(done));
  return &entry;
}

bool RxConnections::remove(netdev::TlsConnection& connection) {
  RxConnection* entry = find(connection);
  if (entry == nullptr) return false;
  const ContextAndKey chip = entry->chip;
  entry->connection = nullptr;
  connection.driver_state_rx.reset();
  ++removed_;
  if (entry->rule_added)
    commands_.post(make_flow_command(TLSNIC_CMD_FLOW_DELETE, chip.context, entry->flow));
  ++connection.rx_parting->contexts;
  commands_.post(make_command(TLSNIC_CMD_RX_CONTEXT_DESTROY, chip.context),
                 [parting = connection.rx_parting](std::uint8_t) {
                   if (--parting->contexts == 0 && parting->done) parting->done();
                 });
  commands_.post(make_command(TLSNIC_CMD_KEY_DESTROY, chip.key), [this, chip](std::uint8_t) {
    entries_.erase(chip.context);
    objects_.rx_contexts.give_back(chip.context);
    objects_.keys.give_back(chip.key);
  });
  return true;
}

RxConnection* RxConnections::find(const netdev::TlsConnection& connection) {
  const auto* state = static_cast<const ContextState*>(connection.driver_state_rx.get());
  return state == nullptr ? nullptr : find(state->context);
}

RxConnection* RxConnections::find(std::uint32_t context) {
  const auto found = entries_.find(context);
  return found == entries_.end() ? nullptr : &found->second;
}

void RxConnections::add_rule(RxConnection& entry) {
  entry.rule_added = true;
  commands_.post(make_flow_command(TLSNIC_CMD_FLOW_ADD, entry.chip.context, entry.flow));
}

void RxConnections::post_static_params(const RxConnection& entry, std::uint64_t record_number,
                                       std::uint32_t resync_tcp_sn) {
  const TrafficKeys& keys = entry.crypto_info.keys;
  tlsnic_command out = make_command(TLSNIC_CMD_RX_STATIC_PARAMS, entry.chip.context);
  tlsnic_rx_static_params& params = out.body.rx_static;
  params.initial_record_number = record_number;
  params.resync_tcp_sn = resync_tcp_sn;
  params.key_index = entry.chip.key;
  std::copy(keys.iv.begin(), keys.iv.end(), params.iv);
  params.tls_version = version_code(keys.version);
  commands_.post(out);
}

void RxConnections::post_progress_params(const RxConnection& entry,
                                         std::uint32_t next_record_tcp_sn,
                                         CommandQueue::Done done) {
  tlsnic_command out = make_command(TLSNIC_CMD_RX_PROGRESS_PARAMS, entry.chip.context);
  out.body.rx_progress.next_record_tcp_sn = next_record_tcp_sn;
  commands_.post(out, std::move(done));
}

void RxConnections::query_progress(const RxConnection& entry, ProgressDone done) {
  const netdev::DmaAddress buffer = progress_buffers_[entry.chip.context];
  tlsnic_command query = make_command(TLSNIC_CMD_RX_PROGRESS_QUERY, entry.chip.context);
  query.body.dma.address = buffer;
  commands_.post(query, [this, buffer, done = std::move(done)](std::uint8_t status) {
    tlsnic_rx_progress progress;
    std::memcpy(&progress, memory_.at(buffer, sizeof progress).data(), sizeof progress);
    const bool is_candidate = status == TLSNIC_STATUS_OK &&
                              progress.record_tracker_state == TLSNIC_TRACKER_TRACKING &&
                              progress.auth_state == TLSNIC_AUTH_NO_OFFLOAD;
    done(is_candidate ? std::optional(progress.hw_resync_tcp_sn) : std::nullopt);
  });
}

}  // namespace tlsnic::driver
