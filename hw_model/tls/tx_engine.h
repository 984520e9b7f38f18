// What the TLS engine does with the stream bytes that the driver gives it: the transmit rules of
// tls-offload.rst. No time in here.
//
// Accuracy: bytes are encrypted only at the expected sequence ("Normal operation", TX); whatever
// can't be encrypted is dropped and changes nothing ("Error handling", TX). Retransmissions are the
// driver's: it places the context at the record's beginning and passes the bytes before the segment
// again ("Crypto state rebuilding").
#pragma once

#include <cstdint>

#include "hw_model/tls/record_walker.h"

namespace tlsnic::hw {

// How an operation of the transmit ring ended: the programming interface's status.
enum class TxReason : std::uint8_t {
  ok = TLSNIC_TX_OK,
  bad_descriptor = TLSNIC_TX_BAD_DESCRIPTOR,
  bad_length = TLSNIC_TX_BAD_LENGTH,
  bad_address = TLSNIC_TX_BAD_ADDRESS,
  bad_packet = TLSNIC_TX_BAD_PACKET,
  no_context = TLSNIC_TX_NO_CONTEXT,
  no_parameters = TLSNIC_TX_NO_PARAMETERS,
  no_key = TLSNIC_TX_NO_KEY,
  out_of_sequence = TLSNIC_TX_OUT_OF_SEQUENCE,
  bad_header = TLSNIC_TX_BAD_HEADER,
};
constexpr std::size_t tx_reasons = TLSNIC_TX_BAD_HEADER + 1;
const char* to_string(TxReason reason);  // as the enumerators are spelled

struct TxOutcome {
  TxReason reason = TxReason::ok;
  std::uint32_t aead_bytes = 0;  // that went through the cipher, framing included
  std::uint32_t records_ended = 0;
};

// Encrypts the stream's bytes from `sequence` on in place and advances the context by them. For a
// DUMP the same, and the caller discards the bytes. bytes: not empty. If the reason is not ok, the
// context is as before and the bytes must not leave the chip: they are plaintext in part.
TxOutcome encrypt_segment(TxContext& context, const GcmKey& key, std::uint32_t sequence,
                          MutableBytes bytes);

}  // namespace tlsnic::hw
