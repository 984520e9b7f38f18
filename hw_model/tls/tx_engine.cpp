#include "hw_model/tls/tx_engine.h"

namespace tlsnic::hw {

const char* to_string(TxReason reason) {
  static constexpr const char* names[] = {
      "ok",         "bad_descriptor", "bad_length", "bad_address",     "bad_packet",
      "no_context", "no_parameters",  "no_key",     "out_of_sequence", "bad_header"};
  static_assert(sizeof names / sizeof names[0] == tx_reasons);
  return names[static_cast<std::size_t>(reason)];
}

TxOutcome encrypt_segment(TxContext& context, const GcmKey& key, std::uint32_t sequence,
                          MutableBytes bytes) {
  if (context.state != TLSNIC_TX_STATE_RUNNING) return {TxReason::no_parameters};
  if (sequence != context.expected_sequence) return {TxReason::out_of_sequence};
  TxContext next = context;
  const WalkResult walked = walk_records(next, key, bytes);
  if (walked.header_invalid) return {TxReason::bad_header};
  context = next;
  return {TxReason::ok, static_cast<std::uint32_t>(bytes.size()), walked.records_ended};
}

}  // namespace tlsnic::hw
