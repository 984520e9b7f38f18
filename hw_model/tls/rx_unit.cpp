#include "hw_model/tls/rx_unit.h"

#include <algorithm>

namespace tlsnic::hw {
namespace {

// Why a packet does not concern TLS offload, or no_context if nothing speaks against it.
RxReason exclusion(const Packet& packet) {
  if (packet.parsed.kind != FrameKind::tcp) return RxReason::not_tcp;
  // A packet with a bad checksum is not handled by the offload and changes no state
  // (tls-offload.rst, "Error handling", RX).
  if (packet.l4_checksum != TLSNIC_L4_GOOD) return RxReason::bad_checksum;
  if (packet.parsed.payload_length == 0) return RxReason::no_payload;
  return RxReason::no_context;
}

}  // namespace

RxUnit::Work RxUnit::process(Packet& packet) {
  packet.tls = TLSNIC_TLS_NOT_DECRYPTED;
  packet.context = TLSNIC_NO_CONTEXT;
  packet.outcome = {exclusion(packet)};
  if (packet.outcome.reason != RxReason::no_context) return {};
  const auto id = flows.find(packet.parsed.tuple);
  if (!id) return {};

  RxContext& context = *contexts.find(*id);
  packet.context = *id;
  Work work;
  work.context_fetched = contexts.touch(*id);
  const GcmKey* key = keys_->find(context.key_index);
  if (key == nullptr) {
    packet.outcome = {RxReason::key_missing};
    packet.tls = TLSNIC_TLS_ERROR;
    packet.state_after = sync_state(context);
    return work;
  }

  if (packet.clear.size() < packet.size) packet.clear.resize(packet.size);
  const Bytes payload = packet.parsed.payload(packet.wire_frame());
  packet.outcome = engine.segment(context, *key, packet.parsed.sequence, payload,
                                  packet.clear.data() + packet.parsed.payload_offset);
  packet.state_after = sync_state(context);
  if (packet.outcome.decrypted) {
    packet.tls = TLSNIC_TLS_DECRYPTED;
    const std::uint32_t payload_end = packet.parsed.payload_offset + packet.parsed.payload_length;
    std::copy_n(packet.wire.data(), packet.parsed.payload_offset, packet.clear.data());
    std::copy(packet.wire.data() + payload_end, packet.wire.data() + packet.size,
              packet.clear.data() + payload_end);
  } else if (packet.outcome.resync_request) {
    packet.tls = TLSNIC_TLS_RESYNC;
  } else if (packet.outcome.reason == RxReason::tag_wrong) {
    packet.tls = TLSNIC_TLS_ERROR;
  }
  work.aead_bytes = packet.outcome.aead_bytes;
  work.records = packet.outcome.records_ended;
  return work;
}

}  // namespace tlsnic::hw
