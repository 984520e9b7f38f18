// TLS records on the wire: header, nonce and additional data for AEAD ciphers
// (RFC 5246 section 6.2.3.3, RFC 5288, RFC 7905, RFC 8446 section 5.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/bytes.h"

namespace tlsnic {

// Values as in linux/tls.h.
enum class TlsVersion : std::uint16_t { tls12 = 0x0303, tls13 = 0x0304 };
enum class TlsCipher : std::uint16_t {
  aes_gcm_128 = 51,
  aes_gcm_256 = 52,
  chacha20_poly1305 = 54,
};

constexpr std::uint8_t record_change_cipher_spec = 20;
constexpr std::uint8_t record_alert = 21;
constexpr std::uint8_t record_handshake = 22;
constexpr std::uint8_t record_application_data = 23;

constexpr std::size_t record_header_size = 5;
constexpr std::size_t aead_tag_size = 16;
constexpr std::size_t aead_nonce_size = 12;
constexpr std::size_t max_record_plaintext = 16384;
constexpr std::uint16_t record_header_version = 0x0303;

struct RecordHeader {
  std::uint8_t type = 0;
  std::uint16_t version = 0;
  std::uint16_t length = 0;  // bytes that follow the header
};

inline RecordHeader read_record_header(const std::uint8_t* p) {
  return {p[0], load_be16(p + 1), load_be16(p + 3)};
}

// What a direction of a connection is encrypted with. TLS 1.2 AES-GCM: iv holds the 4-byte salt and
// the rest is zero; every other combination: the 12-byte static iv.
struct TrafficKeys {
  TlsVersion version = TlsVersion::tls12;
  TlsCipher cipher = TlsCipher::aes_gcm_128;
  std::array<std::uint8_t, 32> key{};
  std::array<std::uint8_t, aead_nonce_size> iv{};

  std::size_t key_size() const { return cipher == TlsCipher::aes_gcm_128 ? 16 : 32; }
};

// Versions and ciphers that come from outside may be any number.
inline bool is_supported(const TrafficKeys& keys) {
  return (keys.version == TlsVersion::tls12 || keys.version == TlsVersion::tls13) &&
         (keys.cipher == TlsCipher::aes_gcm_128 || keys.cipher == TlsCipher::aes_gcm_256 ||
          keys.cipher == TlsCipher::chacha20_poly1305);
}

// Sizes that follow from version and cipher, in bytes.
struct RecordFormat {
  std::size_t explicit_nonce = 0;  // after the header, in TLS 1.2 AES-GCM
  std::size_t inner_type = 0;      // content type inside the ciphertext, in TLS 1.3
  bool is_tls13 = false;

  // Bytes before the ciphertext, and bytes that a record has beyond its plaintext.
  std::size_t prepend() const { return record_header_size + explicit_nonce; }
  std::size_t overhead() const { return prepend() + inner_type + aead_tag_size; }
  // Bounds of the header's length field (net/tls/tls_sw.c accepts the same).
  std::size_t min_length() const { return explicit_nonce + aead_tag_size; }
  std::size_t max_length() const {
    return max_record_plaintext + explicit_nonce + inner_type + aead_tag_size;
  }
};

inline RecordFormat record_format(TlsVersion version, TlsCipher cipher) {
  const bool is_tls13 = version == TlsVersion::tls13;
  const bool is_gcm = cipher != TlsCipher::chacha20_poly1305;
  return {is_gcm && !is_tls13 ? std::size_t{8} : 0, is_tls13 ? std::size_t{1} : 0, is_tls13};
}

// explicit_nonce: the record's own 8 bytes for TLS 1.2 AES-GCM, ignored (may be null) otherwise.
std::array<std::uint8_t, aead_nonce_size> record_nonce(
    TlsVersion version, TlsCipher cipher, const std::array<std::uint8_t, aead_nonce_size>& iv,
    std::uint64_t record_number, const std::uint8_t* explicit_nonce);

struct AdditionalData {
  std::array<std::uint8_t, 13> bytes{};
  std::size_t size = 0;  // 13 in TLS 1.2, 5 in TLS 1.3

  Bytes view() const { return Bytes(bytes).first(size); }
};

// header.length must be at least format.min_length().
AdditionalData additional_data(const RecordFormat& format, const RecordHeader& header,
                               std::uint64_t record_number);

}  // namespace tlsnic
