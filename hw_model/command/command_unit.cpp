#include "hw_model/command/command_unit.h"

#include <algorithm>
#include <utility>

namespace tlsnic::hw {
namespace {

FourTuple four_tuple(const tlsnic_flow& flow) {
  FourTuple tuple;
  std::copy_n(flow.source, 16, tuple.source.address.bytes.begin());
  std::copy_n(flow.destination, 16, tuple.destination.address.bytes.begin());
  tuple.source.address.is_ipv6 = tuple.destination.address.is_ipv6 = flow.is_ipv6 != 0;
  tuple.source.port = flow.source_port;
  tuple.destination.port = flow.destination_port;
  return tuple;
}

}  // namespace

bool CommandUnit::needs_firmware(std::uint8_t opcode) {
  return opcode != TLSNIC_CMD_RX_STATIC_PARAMS && opcode != TLSNIC_CMD_RX_PROGRESS_PARAMS &&
         opcode != TLSNIC_CMD_RX_PROGRESS_QUERY;
}

std::uint8_t CommandUnit::run(const tlsnic_command& command, NicProbe* probe) {
  const std::uint32_t object = command.object;
  const std::optional<Restart> restart = std::exchange(restart_, std::nullopt);
  switch (command.opcode) {
    case TLSNIC_CMD_KEY_CREATE:
      return create_key(object, command.body.key);
    case TLSNIC_CMD_KEY_DESTROY:
      // A context that still refers to it answers with an error from then on.
      return keys_.destroy(object) ? TLSNIC_STATUS_OK : TLSNIC_STATUS_BAD_OBJECT;
    case TLSNIC_CMD_RX_CONTEXT_CREATE:
      return create_context(object);
    case TLSNIC_CMD_FLOW_DELETE:
      return rx_.flows.remove(four_tuple(command.body.flow)) ? TLSNIC_STATUS_OK
                                                             : TLSNIC_STATUS_BAD_OBJECT;
    case TLSNIC_CMD_TX_CONTEXT_CREATE:
      return tx_.create_context(object);
    case TLSNIC_CMD_TX_CONTEXT_DESTROY:
      return tx_.destroy_context(object);
    case TLSNIC_CMD_TX_CONTEXT_DUMP:
      return dump(tx_.contexts.find(object), command.body.dma.address);
    default:
      break;
  }
  RxContext* context = rx_.contexts.find(object);
  if (command.opcode == 0 || command.opcode > TLSNIC_CMD_TX_CONTEXT_DUMP)
    return TLSNIC_STATUS_BAD_OPCODE;
  if (context == nullptr) return TLSNIC_STATUS_BAD_OBJECT;
  switch (command.opcode) {
    case TLSNIC_CMD_RX_CONTEXT_DESTROY:
      return destroy_context(object);
    case TLSNIC_CMD_RX_STATIC_PARAMS:
      return set_static_params(object, command.body.rx_static, probe);
    case TLSNIC_CMD_RX_PROGRESS_PARAMS:
      if (context->tls_version == 0) return TLSNIC_STATUS_BAD_OBJECT;
      start_context(
          *context, command.body.rx_progress.next_record_tcp_sn,
          restart && restart->context == object ? restart->record_number : context->record_number);
      return TLSNIC_STATUS_OK;
    case TLSNIC_CMD_RX_PROGRESS_QUERY:
      return query_progress(*context, command.body.dma.address);
    case TLSNIC_CMD_RX_CONTEXT_DUMP:
      return dump(context, command.body.dma.address);
    default:
      return add_flow(object, command.body.flow);
  }
}

std::uint8_t CommandUnit::create_key(std::uint32_t index, const tlsnic_key& key) {
  if (index >= keys_.capacity()) return TLSNIC_STATUS_BAD_OBJECT;
  if (keys_.has(index)) return TLSNIC_STATUS_IN_USE;
  if (key.length != 16 && key.length != 32) return TLSNIC_STATUS_BAD_PARAMETER;
  keys_.create(index, Bytes(key.key, key.length));
  return TLSNIC_STATUS_OK;
}

std::uint8_t CommandUnit::create_context(std::uint32_t id) {
  if (id >= rx_.contexts.capacity()) return TLSNIC_STATUS_BAD_OBJECT;
  if (rx_.contexts.find(id) != nullptr) return TLSNIC_STATUS_IN_USE;
  rx_.contexts.create(id);
  return TLSNIC_STATUS_OK;
}

std::uint8_t CommandUnit::destroy_context(std::uint32_t id) {
  if (rx_.flows.refers_to(id)) return TLSNIC_STATUS_IN_USE;
  rx_.contexts.destroy(id);
  return TLSNIC_STATUS_OK;
}

std::uint8_t CommandUnit::set_static_params(std::uint32_t id, const tlsnic_rx_static_params& params,
                                            NicProbe* probe) {
  RxContext& context = *rx_.contexts.find(id);
  const GcmKey* key = keys_.find(params.key_index);
  if (key == nullptr) return TLSNIC_STATUS_BAD_OBJECT;
  if (params.tls_version != TLSNIC_TLS_1_2 && params.tls_version != TLSNIC_TLS_1_3)
    return TLSNIC_STATUS_BAD_PARAMETER;
  RxContext next = context;
  next.tls_version = params.tls_version;
  next.key_index = params.key_index;
  next.key_is_256 = keys_.is_256(params.key_index) ? 1 : 0;
  std::copy_n(params.iv, sizeof params.iv, next.iv);
  if (context.tls_version == 0) {
    next.record_number = params.initial_record_number;
    context = next;
    return TLSNIC_STATUS_OK;
  }
  restart_ = Restart{id, params.initial_record_number};
  // An answer that comes too late changes nothing, secrets included.
  const bool accepted =
      rx_.engine.confirm(next, *key, params.resync_tcp_sn, params.initial_record_number);
  if (accepted) context = next;
  if (probe != nullptr) probe->resync_answered(id, params.resync_tcp_sn, accepted);
  return TLSNIC_STATUS_OK;
}

std::uint8_t CommandUnit::query_progress(const RxContext& context, std::uint64_t address) {
  tlsnic_rx_progress progress{};
  const SyncState state = sync_state(context);
  const bool in_sync = state == SyncState::offload;
  const bool tracking = state == SyncState::tracking;
  progress.next_record_tcp_sn = tracking ? context.next_header_sequence : context.expected_sequence;
  progress.hw_resync_tcp_sn = context.candidate_sequence;
  progress.hw_offset_record_number = context.records_tracked;
  progress.record_tracker_state =
      in_sync || tracking ? TLSNIC_TRACKER_TRACKING : TLSNIC_TRACKER_SEARCHING;
  progress.auth_state = in_sync ? TLSNIC_AUTH_OFFLOAD : TLSNIC_AUTH_NO_OFFLOAD;
  if (context.tls_version == 0) {  // no parameters yet: there is nothing to be in sync with
    progress.record_tracker_state = TLSNIC_TRACKER_START;
    progress.auth_state = TLSNIC_AUTH_NO_OFFLOAD;
  }
  return dma_.write(address, &progress, sizeof progress) ? TLSNIC_STATUS_OK
                                                         : TLSNIC_STATUS_BAD_ADDRESS;
}

template <typename Context>
std::uint8_t CommandUnit::dump(const Context* context, std::uint64_t address) {
  if (context == nullptr) return TLSNIC_STATUS_BAD_OBJECT;
  return dma_.write(address, context, sizeof *context) ? TLSNIC_STATUS_OK
                                                       : TLSNIC_STATUS_BAD_ADDRESS;
}

std::uint8_t CommandUnit::add_flow(std::uint32_t id, const tlsnic_flow& flow) {
  // Without parameters there is nothing to decrypt with; a rule would only mislead.
  if (rx_.contexts.find(id)->tls_version == 0) return TLSNIC_STATUS_BAD_OBJECT;
  return rx_.flows.add(four_tuple(flow), id) ? TLSNIC_STATUS_OK : TLSNIC_STATUS_IN_USE;
}

}  // namespace tlsnic::hw
