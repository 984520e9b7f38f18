// The receive state of one connection: exactly what tls-offload.rst lists under "Normal operation"
// (crypto state, record metadata, expected sequence), plus what the scan needs. Secrets stay in the
// key table. The layout is part of the programming interface, because the chip dumps it.
#pragma once

#include <type_traits>

#include "hw_model/abi/commands.h"
#include "hw_model/abi/context.h"
#include "hw_model/tls/aead/gcm_state.h"
#include "protocol/tls_record.h"

namespace tlsnic::hw {

using RxContext = tlsnic_rx_context;

static_assert(sizeof(RxContext) <= TLSNIC_RX_CONTEXT_MAX_SIZE, "no larger than a ConnectX-6 Dx's");
static_assert(std::is_trivially_copyable_v<RxContext> && std::is_standard_layout_v<RxContext>);

enum class SyncState : std::uint8_t {
  offload = TLSNIC_SYNC_OFFLOAD,
  waiting = TLSNIC_SYNC_WAITING,
  searching = TLSNIC_SYNC_SEARCHING,
  tracking = TLSNIC_SYNC_TRACKING,
};

const char* to_string(SyncState state);  // "offload", "waiting", "searching", "tracking"

inline SyncState sync_state(const RxContext& context) {
  return static_cast<SyncState>(context.sync);
}
inline void set_sync_state(RxContext& context, SyncState state) {
  context.sync = static_cast<std::uint8_t>(state);
}

inline TlsVersion tls_version(const RxContext& context) {
  return context.tls_version == TLSNIC_TLS_1_3 ? TlsVersion::tls13 : TlsVersion::tls12;
}
inline TlsCipher tls_cipher(const RxContext& context) {
  return context.key_is_256 != 0 ? TlsCipher::aes_gcm_256 : TlsCipher::aes_gcm_128;
}
inline RecordFormat record_format(const RxContext& context) {
  return record_format(tls_version(context), tls_cipher(context));
}

// Whether a header at a place where one must be is one: type, version and length.
inline bool is_valid_header(const RecordHeader& header, const RecordFormat& format) {
  return header.type >= record_change_cipher_spec && header.type <= 24 &&
         header.version == record_header_version && header.length >= format.min_length() &&
         header.length <= format.max_length();
}

}  // namespace tlsnic::hw
