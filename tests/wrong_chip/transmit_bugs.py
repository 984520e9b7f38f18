"""Bugs of the transmit side, as in receive_bugs.py.

The chip's own check of the sequence cannot be seen while the driver checks, too: the two bugs that
concern it take away the driver's first.
"""

WALKER = "hw_model/tls/record_walker.cpp"
ENGINE = "hw_model/tls/tx_engine.cpp"
UNIT = "hw_model/tls/tx_unit.cpp"
JOB = "hw_model/tls/tx_job.cpp"
PATH = "hw_model/tx_path.cpp"
CUT = "hw_model/segmentation/segmentation.cpp"
DRIVER = "driver_shim/mlx5/ktls.cpp"

BUGS = [
    ("tx_tag_placeholder", "the placeholder goes out where the tag should be", [(WALKER,
        "    std::memcpy(out, context.tag + begin, n);\n",
        '    if (!tlsnic_wrong("tx_tag_placeholder")) std::memcpy(out, context.tag + begin, n);\n')]),
    ("tx_partial_tag_lost", "a tag that is cut by a packet boundary loses its second part", []),
    ("tx_partial_block_lost", "a cipher block that is cut by a packet boundary starts anew", []),
    ("tx_number_not_advanced", "every record is encrypted with the first one's number", []),
    ("tx_sequence_not_checked", "a packet is encrypted wherever the context stands", [
        (ENGINE, "  if (sequence != context.expected_sequence) return",
         '  if (sequence != context.expected_sequence && !tlsnic_wrong("tx_sequence_not_checked")) return'),
        (DRIVER, "  if (skb.sequence != entry.expected_sequence) {\n",
         '  if (skb.sequence != entry.expected_sequence && !tlsnic_wrong("tx_sequence_not_checked") &&\n'
         '      !tlsnic_wrong("tx_error_in_plaintext")) {\n')]),
    ("tx_error_in_plaintext", "a packet that cannot be encrypted goes out as it is", [(UNIT,
        "  job.fail(outcome.reason);\n",
        '  if (!tlsnic_wrong("tx_error_in_plaintext") || !job.is_packet()) job.fail(outcome.reason);\n')]),
    ("dump_on_the_wire", "a DUMP is transmitted", [(JOB,
        "  if (!is_packet() || reason != TxReason::ok) return 0;\n",
        '  const bool is_dump = tlsnic_wrong("dump_on_the_wire") && first.opcode == TLSNIC_TX_OP_DUMP;\n'
        "  if ((!is_packet() && !is_dump) || reason != TxReason::ok) return 0;\n")]),
    ("dump_not_absorbed", "a DUMP does not change the context", [(UNIT,
        "  if (descriptor.opcode == TLSNIC_TX_OP_DUMP)\n",
        '  if (descriptor.opcode == TLSNIC_TX_OP_DUMP && tlsnic_wrong("dump_not_absorbed")) return {};\n'
        "  if (descriptor.opcode == TLSNIC_TX_OP_DUMP)\n")]),
    ("tx_checksum_stale", "the checksum of an encrypted packet is left as the host gave it", [(JOB,
        "    write_segment(bytes(), parsed, mss(), index, out);\n",
        "    const std::uint16_t given = load_be16(bytes_.data() + parsed.l4_offset + 16);\n"
        "    write_segment(bytes(), parsed, mss(), index, out);\n"
        '    if (tlsnic_wrong("tx_checksum_stale") && encrypted)\n'
        "      store_be16(out.data() + parsed.l4_offset + 16, given);\n")]),
    ("cuts_repeat_sequence", "all frames cut from one packet have the first one's sequence", [(CUT,
        "  store_be32(tcp + 4, packet.sequence + index * mss);\n",
        '  store_be32(tcp + 4, packet.sequence + (tlsnic_wrong("cuts_repeat_sequence") ? 0 : index * mss));\n')]),
    ("tx_ack_overtakes_data", "a packet without payload leaves before those that wait for the wire", [(PATH,
        "  before_wire_.push_back(std::move(operation));\n",
        '  const bool overtakes = tlsnic_wrong("tx_ack_overtakes_data") && before_wire_.size() > 1 &&\n'
        "                         operation->job.is_packet() && operation->job.is_offloaded() &&\n"
        "                         operation->job.parsed.payload_length == 0;\n"
        "  before_wire_.insert(overtakes ? before_wire_.begin() + 1 : before_wire_.end(),\n"
        "                      std::move(operation));\n")]),
    ("tx_context_not_released", "a destroyed transmit context stays in use", [(UNIT,
        "  return contexts.destroy(id) ?",
        '  return tlsnic_wrong("tx_context_not_released") || contexts.destroy(id) ?')]),
]
