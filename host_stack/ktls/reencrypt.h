// Undoing a device's decryption of a part of a record (facts 1.12; the kernel's
// tls_device_reencrypt).
#pragma once

#include <cstdint>

#include "host_stack/tcp/receive_queue.h"
#include "protocol/record_aead.h"

namespace tlsnic::host {

// Makes `record` what was on the wire: the key stream that the device removed from the marked
// pieces is put back. Both are the same XOR, so it is computed for the whole record and taken where
// it belongs. Header, explicit nonce and tag are left as they are: the device may not change them.
// aead and record_number: those the device worked with. record: the pieces' bytes, contiguous.
// scratch: at least record.size() bytes.
void reencrypt(RecordAead& aead, std::uint64_t record_number, gsl::span<const Piece> pieces,
               MutableBytes record, MutableBytes scratch);

}  // namespace tlsnic::host
