// Records that the device decrypted, wholly or in part (facts 1.11, 1.13; the kernel's
// tls_device_decrypted).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "host_stack/ktls/record.h"
#include "host_stack/tcp/receive_queue.h"

namespace tlsnic::host {

// What the marks of a record's segments say.
RecordOffload classify_record(gsl::span<const Piece> record);

// The record without its first `prepend` and its last `tail` bytes; replaces what is in `out`.
// record holds at least prepend + tail bytes.
void strip_framing(gsl::span<const Piece> record, std::size_t prepend, std::size_t tail,
                   std::vector<Bytes>& out);

// TLS 1.3 (RFC 8446, section 5.4): cuts zero padding and the content type before it off the end.
// The type, or nothing if all bytes are zero.
std::optional<std::uint8_t> strip_padding(std::vector<Bytes>& inner_plaintext);

}  // namespace tlsnic::host
