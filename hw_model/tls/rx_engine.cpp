#include "hw_model/tls/rx_engine.h"

#include "hw_model/tls/header_scan.h"
#include "protocol/tcp_sequence.h"

namespace tlsnic::hw {

const char* to_string(RxReason reason) {
  static constexpr const char* names[] = {
      "in_sequence",    "realigned",  "behind",     "ahead",     "rebase",      "sync_lost",
      "header_invalid", "tag_wrong",  "waiting",    "searching", "candidate",   "tracking",
      "key_missing",    "no_context", "no_payload", "not_tcp",   "bad_checksum"};
  return names[static_cast<std::size_t>(reason)];
}

const char* to_string(SyncState state) {
  static constexpr const char* names[] = {"offload", "waiting", "searching", "tracking"};
  return names[static_cast<std::size_t>(state)];
}

void start_context(RxContext& context, std::uint32_t sequence, std::uint64_t record_number) {
  set_sync_state(context, SyncState::offload);
  context.expected_sequence = sequence;
  context.record_number = record_number;
  context.record_offset = 0;
  context.carry_size = 0;
}

RxOutcome RxEngine::segment(RxContext& context, const GcmKey& key, std::uint32_t sequence,
                            Bytes payload, std::uint8_t* out) const {
  if (sync_state(context) != SyncState::offload) {
    if (context.gap_can_be_filled != 0 && sequence == context.expected_sequence &&
        fill_gap(context, key, payload, out))
      return {RxReason::in_sequence, true, false, static_cast<std::uint32_t>(payload.size())};
    const RxReason reason = scan(context, sequence, payload);
    return {reason, false, reason == RxReason::candidate};
  }
  if (sequence == context.expected_sequence)
    return walk(context, key, payload, out, RxReason::in_sequence);
  if (sequence_before(sequence, context.expected_sequence)) return {RxReason::behind};
  return segment_ahead(context, key, sequence, payload, out);
}

// The segment at which sync was lost comes after all. If it ends in a record whose end has not been
// seen yet, the next header will be: sync is not lost (tls-offload.rst: it is "if the lost segment
// contained a record header and arrived after the next record header has already passed"). If no
// header was in it, another that is missing may have it.
bool RxEngine::fill_gap(RxContext& context, const GcmKey& key, Bytes payload,
                        std::uint8_t* out) const {
  RxContext next = context;
  const WalkResult walked = walk_records(next, key, payload, out);
  if (walked.header_invalid || walked.tag_wrong || next.record_offset < record_header_size)
    return false;
  const std::uint32_t next_header = next.expected_sequence + record_remainder(next);
  const bool is_passed = sequence_before(next_header, context.passed_sequence);
  const bool has_header = walked.records_ended > 0 || context.record_offset < record_header_size;
  if (is_passed && has_header) return false;
  if (!is_passed) {
    set_sync_state(next, SyncState::offload);
    next.carry_size = 0;
  }
  context = next;
  return true;
}

// tls-offload.rst, figures "Reorder of non-header segment" and "Reorder of segment with a TLS
// header".
RxOutcome RxEngine::segment_ahead(RxContext& context, const GcmKey& key, std::uint32_t sequence,
                                  Bytes payload, std::uint8_t* out) const {
  if (context.record_offset < record_header_size)
    return lose_sync(context, sequence, payload, RxReason::sync_lost);
  const std::uint32_t next_header = context.expected_sequence + record_remainder(context);
  const std::uint32_t end = sequence + static_cast<std::uint32_t>(payload.size());
  if (sequence_at_or_before(end, next_header)) return {RxReason::ahead};
  if (sequence_before(next_header, sequence))
    return lose_sync(context, sequence, payload, RxReason::sync_lost);

  const std::uint32_t behind_header = next_header - sequence;
  start_context(context, next_header, context.record_number + 1);
  // Without a rest of the broken record in front, the whole segment can be decrypted.
  if (behind_header == 0) return walk(context, key, payload, out, RxReason::realigned);
  RxOutcome outcome = walk(context, key, payload.subspan(behind_header), out, RxReason::rebase);
  outcome.decrypted = false;
  return outcome;
}

RxOutcome RxEngine::walk(RxContext& context, const GcmKey& key, Bytes payload, std::uint8_t* out,
                         RxReason reason) const {
  const std::uint32_t sequence = context.expected_sequence;
  const WalkResult walked = walk_records(context, key, payload, out);
  RxOutcome outcome;
  if (walked.header_invalid) {
    outcome = lose_sync(context, sequence, payload, RxReason::header_invalid);
  } else if (walked.tag_wrong) {
    outcome.reason = RxReason::tag_wrong;
  } else {
    outcome.reason = reason;
    outcome.decrypted = true;
  }
  outcome.aead_bytes = static_cast<std::uint32_t>(payload.size());
  outcome.records_ended = walked.records_ended;
  return outcome;
}

RxOutcome RxEngine::lose_sync(RxContext& context, std::uint32_t sequence, Bytes payload,
                              RxReason reason) const {
  set_sync_state(context, SyncState::waiting);
  context.carry_size = 0;
  context.passed_sequence = sequence;
  // Behind an invalid header nothing is known.
  context.gap_can_be_filled = reason == RxReason::sync_lost ? 1 : 0;
  const RxReason scanned = scan(context, sequence, payload);
  return {reason, false, scanned == RxReason::candidate};
}

RxReason RxEngine::scan(RxContext& context, std::uint32_t sequence, Bytes payload) const {
  const RecordFormat format = record_format(context);
  const std::uint32_t end = sequence + static_cast<std::uint32_t>(payload.size());
  if (sequence_before(context.passed_sequence, end)) context.passed_sequence = end;
  if (sync_state(context) == SyncState::waiting) {
    const std::size_t distance =
        policy_.scan_start == ScanStart::immediate ? 0 : record_header_size + format.max_length();
    if (sequence_distance(end, context.expected_sequence) <= static_cast<std::int32_t>(distance))
      return RxReason::waiting;
    set_sync_state(context, SyncState::searching);
  }

  const ScanWindow window(context, sequence, payload);
  std::size_t at = 0;  // where the search goes on, as an index into the window
  bool found = false;
  if (sync_state(context) == SyncState::tracking) {
    // Segments before the next header say nothing; one that begins past it hides it.
    if (sequence_at_or_before(end, context.next_header_sequence)) return RxReason::tracking;
    if (sequence_before(context.next_header_sequence, window.begin())) {
      set_sync_state(context, SyncState::searching);
    } else {
      at = context.next_header_sequence - window.begin();
    }
  }

  while (true) {
    if (sync_state(context) == SyncState::searching) {
      at = window.find(at, policy_.header_test, format);
      if (at == window.size()) break;
      set_sync_state(context, SyncState::tracking);
      context.gap_can_be_filled = 0;  // the record's fields are the candidate's from now on
      context.candidate_sequence = window.begin() + static_cast<std::uint32_t>(at);
      context.records_tracked = 0;
      found = true;
    } else {
      if (at + record_header_size > window.size()) break;
      const bool given_up = policy_.rescan_after_records != 0 &&
                            context.records_tracked >= policy_.rescan_after_records;
      if (given_up || !is_valid_header(window.header_at(at), format)) {
        set_sync_state(context, SyncState::searching);
        found = false;
        at += given_up ? 0 : 1;
        continue;
      }
      ++context.records_tracked;
    }
    const RecordHeader header = window.header_at(at);
    context.header[0] = header.type;
    store_be16(context.header + 1, header.version);
    store_be16(context.header + 3, header.length);
    context.record_length = header.length;
    at += record_header_size + header.length;
    context.next_header_sequence = window.begin() + static_cast<std::uint32_t>(at);
    if (at >= window.size()) break;
  }

  if (sync_state(context) == SyncState::searching) {
    window.carry_over(context, 0);
    return RxReason::searching;
  }
  window.carry_over(context, at);
  return found ? RxReason::candidate : RxReason::tracking;
}

bool RxEngine::confirm(RxContext& context, const GcmKey& key, std::uint32_t sequence,
                       std::uint64_t record_number) const {
  if (sync_state(context) != SyncState::tracking || context.candidate_sequence != sequence)
    return false;
  // The scan's own test may be weaker; what cannot be a record is not one, whoever says so.
  if (!is_valid_header(read_record_header(context.header), record_format(context))) return false;
  const std::uint64_t number = record_number + context.records_tracked;
  set_sync_state(context, SyncState::offload);
  const std::uint32_t carried = context.carry_size;
  if (carried > 0 && context.scan_sequence - carried == context.next_header_sequence) {
    // The next header has begun to arrive: stand in the middle of it.
    start_context(context, context.next_header_sequence + carried, number + 1);
    std::memcpy(context.header, context.carry, carried);
    context.record_offset = carried;
    return true;
  }
  const std::uint32_t header_sequence = context.next_header_sequence - context.record_length -
                                        static_cast<std::uint32_t>(record_header_size);
  resume_after_header(context, key, read_record_header(context.header), header_sequence, number);
  return true;
}

}  // namespace tlsnic::hw
