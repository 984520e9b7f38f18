// What a record has around its plaintext, as the sender fills it in (facts 2.3).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/tls_record.h"

namespace tlsnic::host {

// Where the tag will be in a record that the device encrypts. The kernel leaves whatever the page
// held; a known pattern shows at once when a device lets it onto the wire.
constexpr std::array<std::uint8_t, aead_tag_size> tag_placeholder = {
    'N', 'O', 0xfe, 'T', 'A', 'G', 0xfe, 'W', 'A', 'S', 0xfe, 'S', 'E', 'T', 0xfe, 0xfe};

class RecordFraming {
 public:
  // explicit_nonce: the iv given in setsockopt, for TLS 1.2 AES-GCM: the first record's nonce. The
  // counter is not tied to the record number, though it advances with it.
  explicit RecordFraming(const RecordFormat& format, std::uint64_t explicit_nonce = 0)
      : format_(format), explicit_nonce_(explicit_nonce) {}

  const RecordFormat& format() const { return format_; }
  std::uint64_t explicit_nonce() const { return explicit_nonce_; }  // of the next record
  // Bytes after the plaintext: TLS 1.3's content type, and the tag.
  std::size_t tail() const { return format_.inner_type + aead_tag_size; }

  // Header and explicit nonce of the next record. out: room for prepend() bytes. plaintext_size: at
  // most max_record_plaintext, inner type left out.
  void write_prepend(std::uint8_t type, std::size_t plaintext_size, std::uint8_t* out);
  // out: room for tail() bytes.
  void write_tail(std::uint8_t type, std::uint8_t* out) const;

 private:
  RecordFormat format_;
  std::uint64_t explicit_nonce_;
};

}  // namespace tlsnic::host
