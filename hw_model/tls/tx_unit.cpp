#include "hw_model/tls/tx_unit.h"

#include <algorithm>

#include "hw_model/segmentation/segmentation.h"

namespace tlsnic::hw {
namespace {

// Why the chip can't do what the packet's flags ask for, or ok.
TxReason packet_objection(const TxJob& job) {
  if (job.parsed.kind != FrameKind::tcp) return TxReason::bad_packet;
  // SYN counts in the sequence: payload would not begin where the header says.
  if (job.has(TLSNIC_TX_TLS) && job.parsed.has(tcp_syn)) return TxReason::bad_packet;
  if (!segments_fit(job.parsed, job.mss())) return TxReason::bad_length;
  return can_segment(job.parsed, job.mss()) ? TxReason::ok : TxReason::bad_packet;
}

}  // namespace

std::uint8_t TxUnit::create_context(std::uint32_t id) {
  if (id >= contexts.capacity()) return TLSNIC_STATUS_BAD_OBJECT;
  if (contexts.find(id) != nullptr) return TLSNIC_STATUS_IN_USE;
  contexts.create(id);
  return TLSNIC_STATUS_OK;
}

std::uint8_t TxUnit::destroy_context(std::uint32_t id) {
  return contexts.destroy(id) ? TLSNIC_STATUS_OK : TLSNIC_STATUS_BAD_OBJECT;
}

TxUnit::Work TxUnit::process(TxJob& job) {
  const Work work = job.reason == TxReason::ok ? run(job) : Work{};
  count(job);
  return work;
}

TxUnit::Work TxUnit::run(TxJob& job) {
  const tlsnic_tx_descriptor& descriptor = job.first;
  if (descriptor.opcode == TLSNIC_TX_OP_NOP) return {};
  if (job.is_packet()) return run_packet(job);
  if (descriptor.opcode == TLSNIC_TX_OP_DUMP)
    return encrypt(job, descriptor.body.dump.tcp_sequence, job.bytes());

  TxContext* context = contexts.find(descriptor.context);
  if (context == nullptr) {
    job.fail(TxReason::no_context);
    return {};
  }
  Work work;
  work.context_fetched = contexts.touch(descriptor.context);
  if (descriptor.opcode == TLSNIC_TX_OP_STATIC_PARAMS) {
    job.fail(set_static_params(*context, descriptor.body.static_params));
  } else if (context->state == TLSNIC_TX_STATE_EMPTY) {
    job.fail(TxReason::no_parameters);
  } else {
    const tlsnic_tx_progress_params& progress = descriptor.body.progress;
    start_context(*context, progress.next_record_tcp_sn, progress.record_number);
  }
  return work;
}

TxUnit::Work TxUnit::run_packet(TxJob& job) {
  if (!job.is_offloaded()) return {};
  job.parsed = parse_unfinished(job.bytes());
  job.fail(packet_objection(job));
  if (job.reason != TxReason::ok || !job.has(TLSNIC_TX_TLS) || job.parsed.payload_length == 0)
    return {};
  const Work work =
      encrypt(job, job.parsed.sequence,
              job.bytes().subspan(job.parsed.payload_offset, job.parsed.payload_length));
  job.encrypted = job.reason == TxReason::ok;
  return work;
}

TxUnit::Work TxUnit::encrypt(TxJob& job, std::uint32_t sequence, MutableBytes bytes) {
  TxContext* context = contexts.find(job.first.context);
  if (context == nullptr) {
    job.fail(TxReason::no_context);
    return {};
  }
  Work work;
  work.context_fetched = contexts.touch(job.first.context);
  const GcmKey* key = keys_.find(context->key_index);
  if (key == nullptr) {
    const bool is_running = context->state == TLSNIC_TX_STATE_RUNNING;
    job.fail(is_running ? TxReason::no_key : TxReason::no_parameters);
    return work;
  }
  const TxOutcome outcome = encrypt_segment(*context, *key, sequence, bytes);
  job.fail(outcome.reason);
  work.aead_bytes = outcome.aead_bytes;
  work.records = outcome.records_ended;
  return work;
}

TxReason TxUnit::set_static_params(TxContext& context, const tlsnic_tx_static_params& params) {
  if (!keys_.has(params.key_index)) return TxReason::no_key;
  if (params.tls_version != TLSNIC_TLS_1_2 && params.tls_version != TLSNIC_TLS_1_3)
    return TxReason::bad_descriptor;
  context.tls_version = params.tls_version;
  context.key_index = params.key_index;
  context.key_is_256 = keys_.is_256(params.key_index) ? 1 : 0;
  std::copy_n(params.iv, sizeof params.iv, context.iv);
  context.state = TLSNIC_TX_STATE_STATIC;
  return TxReason::ok;
}

void TxUnit::count(const TxJob& job) {
  ++counters_.by_reason[static_cast<std::size_t>(job.reason)];
  if (job.reason != TxReason::ok) return;
  if (job.is_packet()) {
    ++counters_.packets;
    counters_.frames += job.frames();
    if (job.encrypted) {
      ++counters_.encrypted_packets;
      counters_.encrypted_bytes += job.parsed.payload_length;
    }
  } else if (job.first.opcode == TLSNIC_TX_OP_DUMP) {
    ++counters_.dump_operations;
    counters_.dump_bytes += job.bytes().size();
  } else if (job.first.opcode != TLSNIC_TX_OP_NOP) {
    ++counters_.parameter_operations;
  }
}

}  // namespace tlsnic::hw
