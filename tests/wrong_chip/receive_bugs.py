"""Bugs of the receive side: (name, what is wrong, [(file, text, replacement), ...]).

A text must be in its file exactly once. A replacement may ask for several bugs, its own list's or
another one's, when they sit in the same place.
"""

WALKER = "hw_model/tls/record_walker.cpp"
ENGINE = "hw_model/tls/rx_engine.cpp"
UNIT = "hw_model/tls/rx_unit.cpp"
SCAN = "hw_model/tls/header_scan.cpp"
STORE = "hw_model/tls/context_store.cpp"
PATH = "hw_model/rx_path.cpp"
RING = "hw_model/dma/rx_ring.cpp"
LRO = "hw_model/lro/lro_unit.cpp"
COMMANDS = "hw_model/command/command_unit.cpp"

CRYPTO = [
    ("tag_zeroed", "tag bytes are zeroed in decrypted segments", [(WALKER,
        "    std::memcpy(context.tag + begin, in, n);\n    std::memcpy(out, in, n);",
        "    std::memcpy(context.tag + begin, in, n);\n    std::memcpy(out, in, n);\n"
        '    if (tlsnic_wrong("tag_zeroed")) std::memset(out, 0, n);')]),
    ("header_changed", "header bytes are changed in decrypted segments", [(WALKER,
        "    Direction::keep(in, out, n);\n",
        "    Direction::keep(in, out, n);\n"
        "    if (std::is_same_v<Direction, Receive>) {\n"
        '      if (tlsnic_wrong("header_changed") && begin == 0) out[n - 1] ^= 1;\n'
        '      if (tlsnic_wrong("nonce_zeroed") && begin > 0) std::memset(out, 0, n);\n'
        "    }\n")]),
    ("nonce_zeroed", "the explicit nonce is zeroed in decrypted segments", []),
    ("partial_tag_lost", "a tag that is cut by a segment boundary loses its first part", [(WALKER,
        "  GcmState gcm = load_gcm(context);\n  WalkResult result;\n",
        "  GcmState gcm = load_gcm(context);\n  WalkResult result;\n"
        "  if (std::is_same_v<Direction, Receive>) {\n"
        '    if (tlsnic_wrong("partial_tag_lost")) std::memset(context.tag, 0, sizeof context.tag);\n'
        '    if (tlsnic_wrong("partial_block_lost")) {\n'
        "      gcm.key_stream = {};\n      gcm.partial_length = 0;\n    }\n"
        '    if (tlsnic_wrong("counter_wrong_after_split") && gcm.partial_length != 0)\n'
        "      ++gcm.counter[0];\n"
        '    if (tlsnic_wrong("partial_header_lost") && context.record_offset < record_header_size)\n'
        "      std::memset(context.header, 0, sizeof context.header);\n"
        "  } else {\n"
        '    if (tlsnic_wrong("tx_partial_tag_lost")) std::memset(context.tag, 0, sizeof context.tag);\n'
        '    if (tlsnic_wrong("tx_partial_block_lost")) {\n'
        "      gcm.key_stream = {};\n      gcm.partial_length = 0;\n    }\n"
        "  }\n")]),
    ("partial_block_lost", "a cipher block that is cut by a segment boundary starts anew", []),
    ("counter_wrong_after_split", "the block counter is one too far after a cut inside a block", []),
    ("partial_header_lost", "a header that is cut by a segment boundary loses its first part", []),
    ("only_first_record_decrypted", "a segment is marked, and only its first record is decrypted", [(WALKER,
        "      Direction::text(key, gcm, in, out, n);\n",
        "      Direction::text(key, gcm, in, out, n);\n"
        "      if (std::is_same_v<Direction, Receive>) {\n"
        '        if (tlsnic_wrong("only_first_record_decrypted") && result.records_ended > 0)\n'
        "          std::memcpy(out, in, n);\n"
        '        if (tlsnic_wrong("inner_type_left_encrypted") && format.inner_type != 0 &&\n'
        "            context.record_offset + n == tag_offset)\n"
        "          out[n - 1] = in[n - 1];\n"
        "      }\n")]),
    ("inner_type_left_encrypted", "TLS 1.3: the content type at the record's end stays encrypted", []),
    ("failed_record_not_counted", "the record number stays when a tag does not match", [(WALKER,
        "    ++context.record_number;\n",
        "    const bool is_tx = std::is_same_v<Direction, Transmit>;\n"
        '    if (!(tlsnic_wrong("failed_record_not_counted") && !is_tx && result.tag_wrong) &&\n'
        '        !(tlsnic_wrong("tx_number_not_advanced") && is_tx))\n'
        "      ++context.record_number;\n")]),
]

SEQUENCE = [
    ("rx_sequence_not_checked", "whatever comes is taken for the next bytes", [(ENGINE,
        "  if (sequence == context.expected_sequence)\n",
        '  if (sequence == context.expected_sequence || tlsnic_wrong("rx_sequence_not_checked"))\n')]),
    ("past_packet_changes_state", "a packet of the past sets the expected sequence back", [(ENGINE,
        "  if (sequence_before(sequence, context.expected_sequence)) return {RxReason::behind};\n",
        '  const bool is_behind = tlsnic_wrong("sequence_wrap_ignored")\n'
        "                             ? sequence < context.expected_sequence\n"
        "                             : sequence_before(sequence, context.expected_sequence);\n"
        '  if (is_behind && tlsnic_wrong("past_packet_changes_state"))\n'
        "    context.expected_sequence = sequence;\n"
        "  if (is_behind) return {RxReason::behind};\n")]),
    ("sequence_wrap_ignored", "sequence numbers are compared as if they did not wrap", []),
    ("late_header_ignored", "a header that comes late, but before the next one, does not help", [(ENGINE,
        "        fill_gap(context, key, payload, out))",
        '        !tlsnic_wrong("late_header_ignored") && fill_gap(context, key, payload, out))')]),
    ("late_header_trusted", "a late header counts though the next one has passed", [(ENGINE,
        "  const bool is_passed = sequence_before(next_header, context.passed_sequence);\n",
        '  const bool is_passed = !tlsnic_wrong("late_header_trusted") &&\n'
        "                         sequence_before(next_header, context.passed_sequence);\n")]),
    ("sync_lost_at_every_gap", "a gap inside of a record loses the place in the stream", [(ENGINE,
        "  if (sequence_at_or_before(end, next_header)) return {RxReason::ahead};\n",
        '  if (sequence_at_or_before(end, next_header) && !tlsnic_wrong("sync_lost_at_every_gap"))\n'
        "    return {RxReason::ahead};\n"
        '  if (tlsnic_wrong("sync_lost_at_every_gap"))\n'
        "    return lose_sync(context, sequence, payload, RxReason::sync_lost);\n")]),
    ("stale_length_after_partial_header",
     "a gap behind an incomplete header: the record before gives the length", [(ENGINE,
        "  if (context.record_offset < record_header_size)\n",
        "  if (context.record_offset < record_header_size &&\n"
        '      !tlsnic_wrong("stale_length_after_partial_header"))\n')]),
    ("rebase_one_byte_off", "after a gap the next record is taken up one byte too late", [(ENGINE,
        "  start_context(context, next_header,",
        '  start_context(context, next_header + (tlsnic_wrong("rebase_one_byte_off") ? 1 : 0),')]),
    ("rebase_number_behind", "after a gap the next record gets the number of the broken one", [(ENGINE,
        " context.record_number + 1);\n",
        '\n                context.record_number + (tlsnic_wrong("rebase_number_behind") ? 0 : 1));\n')]),
    ("rebased_segment_marked", "a segment with the end of a broken record in it is marked", [(ENGINE,
        "  outcome.decrypted = false;\n",
        '  outcome.decrypted = tlsnic_wrong("rebased_segment_marked");\n')]),
    ("realigned_segment_passed",
     "after a gap a segment that begins with a header is not decrypted", [(ENGINE,
        "  if (behind_header == 0) return",
        '  if (behind_header == 0 && !tlsnic_wrong("realigned_segment_passed")) return')]),
]

RESYNC = [
    ("resync_number_off_by_one", "the record number is one too high after a resync", [(ENGINE,
        "  const std::uint64_t number = record_number",
        '  const std::uint64_t number = (tlsnic_wrong("resync_number_off_by_one") ? 1 : 0) + record_number')]),
    ("tracked_records_not_counted",
     "after a resync the number is the candidate's, whatever was tracked since", [(ENGINE,
        " + context.records_tracked;\n",
        ' +\n      (tlsnic_wrong("tracked_records_not_counted") ? 0 : context.records_tracked);\n')]),
    ("stale_resync_accepted", "an answer that comes too late is taken all the same", [(ENGINE,
        "  if (sync_state(context) != SyncState::tracking || context.candidate_sequence != sequence)\n",
        '  const bool fits = tlsnic_wrong("stale_resync_accepted")\n'
        "                        ? sync_state(context) != SyncState::offload\n"
        "                        : sync_state(context) == SyncState::tracking &&\n"
        "                              context.candidate_sequence == sequence;\n"
        "  if (!fits)\n")]),
    ("candidate_trusted", "the first candidate counts as confirmed, as the next record", [(ENGINE,
        "    const RxReason reason = scan(context, sequence, payload);\n",
        "    const RxReason reason = scan(context, sequence, payload);\n"
        '    if (tlsnic_wrong("candidate_trusted") && reason == RxReason::candidate)\n'
        "      confirm(context, key, context.candidate_sequence, context.record_number + 1);\n")]),
    ("tracking_not_checked", "the headers behind a candidate are followed, not looked at", [(ENGINE,
        "      if (given_up || !is_valid_header(window.header_at(at), format)) {\n",
        "      if (given_up || (!is_valid_header(window.header_at(at), format) &&\n"
        '                       !tlsnic_wrong("tracking_not_checked"))) {\n')]),
    ("scan_misses_cut_header", "the scan does not see a header that lies in two segments", [(ENGINE,
        "    window.carry_over(context, 0);\n",
        '    if (!tlsnic_wrong("scan_misses_cut_header")) window.carry_over(context, 0);\n')]),
    ("scan_rejects_full_records", "the scan wants a length below 16 KiB, literally", [(SCAN,
        "  if (header.version != record_header_version) return false;\n",
        "  if (header.version != record_header_version) return false;\n"
        '  if (tlsnic_wrong("scan_rejects_full_records") && header.length >= 16384) return false;\n')]),
    ("query_reports_next_header", "asked for its candidate, the chip names the header after it", [(COMMANDS,
        "  progress.hw_resync_tcp_sn = context.candidate_sequence;\n",
        "  progress.hw_resync_tcp_sn = context.candidate_sequence;\n"
        '  if (tlsnic_wrong("query_reports_next_header"))\n'
        "    progress.hw_resync_tcp_sn = context.next_header_sequence;\n")]),
    ("hint_number_ignored", "started again at the stack's hint, the chip keeps its old number", [(COMMANDS,
        "          restart && restart->context == object ?",
        '          !tlsnic_wrong("hint_number_ignored") && restart && restart->context == object ?')]),
]

DELIVERY = [
    ("bad_checksum_processed", "packets with a wrong TCP checksum are decrypted", [(UNIT,
        "  if (packet.l4_checksum != TLSNIC_L4_GOOD) return",
        '  if (packet.l4_checksum != TLSNIC_L4_GOOD && !tlsnic_wrong("bad_checksum_processed")) return')]),
    ("mark_before_check", "the segment that ends a record is marked before its tag is checked", [(ENGINE,
        "  } else if (walked.tag_wrong) {\n",
        '  } else if (walked.tag_wrong && !tlsnic_wrong("mark_before_check")) {\n')]),
    ("failed_packet_dropped", "a packet whose record fails is dropped", [(PATH,
        "  before_dma_.push_back(packet);\n  if (before_dma_.size() == 1) start_dma();\n",
        '  if (tlsnic_wrong("failed_packet_dropped") && packet->outcome.reason == RxReason::tag_wrong) {\n'
        "    mac_.release(packet);\n    resumed_.notify(sc_core::SC_ZERO_TIME);\n  } else {\n"
        "    before_dma_.push_back(packet);\n    if (before_dma_.size() == 1) start_dma();\n  }\n")]),
    ("segment_split_in_two", "a segment with a record boundary in it is delivered as two", [
        (PATH, '#include "hw_model/timing/event.h"\n',
         '#include "hw_model/timing/event.h"\n#include "tests/wrong_chip/split_delivery.h"\n'),
        (PATH, "  ring_.deliver(*packet);\n",
         '  if (!tlsnic_wrong("segment_split_in_two") || !split_delivery(ring_, *packet))\n'
         "    ring_.deliver(*packet);\n")]),
    ("ack_overtakes_data", "a packet without payload does not wait for the TLS unit", [(PATH,
        "  before_tls_.push_back(packet);\n  if (before_tls_.size() == 1) schedule_tls();\n",
        '  if (tlsnic_wrong("ack_overtakes_data") && packet->parsed.payload_length == 0) {\n'
        "    unit.process(*packet);\n    before_dma_.push_front(packet);\n    start_dma();\n"
        "    return true;\n  }\n"
        "  before_tls_.push_back(packet);\n  if (before_tls_.size() == 1) schedule_tls();\n")]),
    ("second_buffer_wrong", "a frame's second buffer begins with the frame's beginning again", [(RING,
        "    left = left.subspan(n);\n",
        '    if (!tlsnic_wrong("second_buffer_wrong") || n == left.size()) left = left.subspan(n);\n')]),
    ("phase_bit_stuck", "the completions' phase does not change when their ring wraps", [(RING,
        "  completion.phase = (index & state_.completions.entries) == 0 ? 1 : 0;\n",
        "  completion.phase = (index & state_.completions.entries) == 0 ? 1 : 0;\n"
        '  if (tlsnic_wrong("phase_bit_stuck")) completion.phase = 1;\n')]),
    ("lro_joins_marks", "LRO joins decrypted and other segments", [(LRO,
        " packet.tls == first_->tls &&\n",
        ' (tlsnic_wrong("lro_joins_marks") || packet.tls == first_->tls) &&\n')]),
    ("lro_joins_over_gap", "LRO joins segments between which one is missing", [(LRO,
        "         parsed.sequence == before.sequence_end() &&\n",
        '         (tlsnic_wrong("lro_joins_over_gap") || parsed.sequence == before.sequence_end()) &&\n')]),
]

CONTEXTS = [
    ("evicted_context_forgets", "a context that leaves the cache loses its cipher state", [(STORE,
        "    entries_[recently_used_.back()]->on_chip = false;\n",
        "    entries_[recently_used_.back()]->on_chip = false;\n"
        '    if (tlsnic_wrong("evicted_context_forgets")) entries_[recently_used_.back()]->context.gcm = {};\n')]),
    ("rx_context_not_released", "a destroyed receive context stays in use", [(COMMANDS,
        "  rx_.contexts.destroy(id);\n",
        '  if (!tlsnic_wrong("rx_context_not_released")) rx_.contexts.destroy(id);\n')]),
    ("flow_rule_left_behind", "a deleted flow rule stays", [(COMMANDS,
        "      return rx_.flows.remove(",
        '      return tlsnic_wrong("flow_rule_left_behind") || rx_.flows.remove(')]),
]

BUGS = CRYPTO + SEQUENCE + RESYNC + DELIVERY + CONTEXTS
