// The transmit state of one connection: exactly what tls-offload.rst lists under "Normal operation"
// (crypto state, record metadata, expected sequence). Secrets stay in the key table. The layout is
// part of the programming interface, because the chip dumps it.
#pragma once

#include <type_traits>

#include "hw_model/abi/transmit.h"
#include "protocol/tls_record.h"

namespace tlsnic::hw {

using TxContext = tlsnic_tx_context;

static_assert(sizeof(TxContext) <= TLSNIC_TX_CONTEXT_MAX_SIZE, "no larger than a ConnectX-6 Dx's");
static_assert(std::is_trivially_copyable_v<TxContext> && std::is_standard_layout_v<TxContext>);

inline TlsVersion tls_version(const TxContext& context) {
  return context.tls_version == TLSNIC_TLS_1_3 ? TlsVersion::tls13 : TlsVersion::tls12;
}
inline TlsCipher tls_cipher(const TxContext& context) {
  return context.key_is_256 != 0 ? TlsCipher::aes_gcm_256 : TlsCipher::aes_gcm_128;
}
inline RecordFormat record_format(const TxContext& context) {
  return record_format(tls_version(context), tls_cipher(context));
}

// Whether a header that the stack made can begin a record. Any content type can: an application may
// set one of its own (facts 2.6), and the wire must look as with software TLS.
inline bool is_sealable_header(const RecordHeader& header, const RecordFormat& format) {
  return header.version == record_header_version && header.length >= format.min_length() &&
         header.length <= format.max_length();
}

// Places a context with static parameters at the beginning of a record.
inline void start_context(TxContext& context, std::uint32_t sequence, std::uint64_t record_number) {
  context.expected_sequence = sequence;
  context.record_number = record_number;
  context.record_offset = 0;
  context.state = TLSNIC_TX_STATE_RUNNING;
}

}  // namespace tlsnic::hw
