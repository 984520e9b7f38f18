#include "host_stack/ktls/record_framing.h"

namespace tlsnic::host {

void RecordFraming::write_prepend(std::uint8_t type, std::size_t plaintext_size,
                                  std::uint8_t* out) {
  // RFC 8446, section 5.2: outside, every encrypted record is application data of TLS 1.2.
  out[0] = format_.is_tls13 ? record_application_data : type;
  store_be16(out + 1, record_header_version);
  store_be16(out + 3, static_cast<std::uint16_t>(plaintext_size + format_.explicit_nonce + tail()));
  if (format_.explicit_nonce != 0) store_be64(out + record_header_size, explicit_nonce_++);
}

void RecordFraming::write_tail(std::uint8_t type, std::uint8_t* out) const {
  if (format_.inner_type != 0) *out++ = type;
  std::memcpy(out, tag_placeholder.data(), tag_placeholder.size());
}

}  // namespace tlsnic::host
