// Walks records through the bytes of in-order segments: one walk for both directions. On receive it
// decrypts and authenticates, on transmit it encrypts and puts the tag over its placeholder. What a
// segment ends in the middle of - header, nonce, cipher block, tag - is carried over in the context
// (tls-offload.rst, "Normal operation").
//
// Accuracy: any segmentation down to one byte, any number of records per segment, TLS 1.2 and 1.3.
// Limitations: AES-GCM only, the ciphers that Linux marks as offloadable (facts 2.2). A record
// number that wraps goes on at 0; the stack ends the connection before that (facts 2.3).
#pragma once

#include "hw_model/tls/aead/aead.h"
#include "hw_model/tls/rx_context.h"
#include "hw_model/tls/tx_context.h"
#include "protocol/bytes.h"

namespace tlsnic::hw {

struct WalkResult {
  std::uint32_t records_ended = 0;
  bool header_invalid = false;  // the walk stopped there; the position in the stream is lost
  bool tag_wrong = false;  // receive: a record ended whose tag does not match; the walk went on
};

// bytes: the stream from the context's position on. out: as many bytes; framing, nonce and tag
// bytes are copied, ciphertext is replaced by plaintext. May not overlap bytes. Advances the
// context by all of bytes, unless a header is invalid.
WalkResult walk_records(RxContext& context, const GcmKey& key, Bytes bytes, std::uint8_t* out);

// The same for transmit, in place: header and nonce stay, plaintext is replaced by ciphertext and
// the bytes at the tag's place by the tag. If a header is invalid, context and bytes are left as
// far as the walk came; tag_wrong is never set.
WalkResult walk_records(TxContext& context, const GcmKey& key, MutableBytes bytes);

// Places the context behind a record's header that was read elsewhere.
void resume_after_header(RxContext& context, const GcmKey& key, const RecordHeader& header,
                         std::uint32_t header_sequence, std::uint64_t record_number);

// Bytes of the context's record that are still to come; its header must be complete.
inline std::uint32_t record_remainder(const RxContext& context) {
  return static_cast<std::uint32_t>(record_header_size) + context.record_length -
         context.record_offset;
}

}  // namespace tlsnic::hw
