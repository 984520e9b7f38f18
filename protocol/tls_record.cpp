#include "protocol/tls_record.h"

#include <algorithm>

namespace tlsnic {

std::array<std::uint8_t, aead_nonce_size> record_nonce(
    TlsVersion version, TlsCipher cipher, const std::array<std::uint8_t, aead_nonce_size>& iv,
    std::uint64_t record_number, const std::uint8_t* explicit_nonce) {
  auto nonce = iv;
  if (const std::size_t size = record_format(version, cipher).explicit_nonce; size != 0) {
    std::copy_n(explicit_nonce, size, nonce.end() - static_cast<std::ptrdiff_t>(size));
    return nonce;
  }
  store_be64(nonce.data() + 4, load_be64(nonce.data() + 4) ^ record_number);
  return nonce;
}

AdditionalData additional_data(const RecordFormat& format, const RecordHeader& header,
                               std::uint64_t record_number) {
  AdditionalData out;
  if (format.is_tls13) {
    out.bytes[0] = header.type;
    store_be16(&out.bytes[1], header.version);
    store_be16(&out.bytes[3], header.length);
    out.size = 5;
    return out;
  }
  store_be64(&out.bytes[0], record_number);
  out.bytes[8] = header.type;
  store_be16(&out.bytes[9], header.version);
  store_be16(&out.bytes[11], static_cast<std::uint16_t>(header.length - format.min_length()));
  out.size = 13;
  return out;
}

}  // namespace tlsnic
