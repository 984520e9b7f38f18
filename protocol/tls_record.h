// TLS records on the wire: header, nonce and additional data for AEAD ciphers
// (RFC 5246 section 6.2.3.3, RFC 5288, RFC 6209, RFC 6655, RFC 7905, RFC 8446 section 5.2, RFC
// 8998).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/bytes.h"

namespace tlsnic {

// Values as in linux/tls.h.
enum class TlsVersion : std::uint16_t { tls12 = 0x0303, tls13 = 0x0304 };
enum class TlsCipher : std::uint16_t {
  aes_gcm_128 = 51,
  aes_gcm_256 = 52,
  aes_ccm_128 = 53,
  chacha20_poly1305 = 54,
  sm4_gcm = 55,
  sm4_ccm = 56,
  aria_gcm_128 = 57,
  aria_gcm_256 = 58,
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

// What the cipher alone decides (facts 2.2). Sizes in bytes.
struct CipherParameters {
  TlsCipher cipher{};
  std::string_view name;  // as in linux/tls.h, TLS_CIPHER_ left out
  std::size_t key_size = 0;
  // TLS 1.2: this much of the nonce is fixed, and each record carries the rest. 0: records carry
  // nothing, and all of the nonce comes from the keys and the record number, as always in TLS 1.3.
  std::size_t salt_size = 0;
  bool has_tls13 = false;
  bool is_ccm = false;          // has to know a record's length before its first byte
  bool is_offloadable = false;  // Linux offers it to devices
};

constexpr std::array<CipherParameters, 8> cipher_parameters{{
    {TlsCipher::aes_gcm_128, "AES_GCM_128", 16, 4, true, false, true},
    {TlsCipher::aes_gcm_256, "AES_GCM_256", 32, 4, true, false, true},
    {TlsCipher::aes_ccm_128, "AES_CCM_128", 16, 4, true, true, false},
    {TlsCipher::chacha20_poly1305, "CHACHA20_POLY1305", 32, 0, true, false, false},
    {TlsCipher::sm4_gcm, "SM4_GCM", 16, 4, true, false, false},
    {TlsCipher::sm4_ccm, "SM4_CCM", 16, 4, true, true, false},
    {TlsCipher::aria_gcm_128, "ARIA_GCM_128", 16, 4, false, false, false},
    {TlsCipher::aria_gcm_256, "ARIA_GCM_256", 32, 4, false, false, false},
}};

// A cipher that comes from outside may be any number: null if it is none of the above.
constexpr const CipherParameters* find_cipher(TlsCipher cipher) {
  const std::size_t i =
      static_cast<std::size_t>(cipher) - static_cast<std::size_t>(cipher_parameters.front().cipher);
  return i < cipher_parameters.size() ? &cipher_parameters[i] : nullptr;
}

constexpr bool is_offloadable(TlsCipher cipher) {
  const CipherParameters* parameters = find_cipher(cipher);
  return parameters != nullptr && parameters->is_offloadable;
}

// Versions, too, may be any number. Linux has SM4 in TLS 1.2, though RFC 8998 defines it for 1.3.
constexpr bool is_supported(TlsVersion version, TlsCipher cipher) {
  const CipherParameters* parameters = find_cipher(cipher);
  return parameters != nullptr &&
         (version == TlsVersion::tls12 || (version == TlsVersion::tls13 && parameters->has_tls13));
}

// What a direction of a connection is encrypted with. iv: its first iv_size() bytes, and zero from
// there on.
struct TrafficKeys {
  TlsVersion version = TlsVersion::tls12;
  TlsCipher cipher = TlsCipher::aes_gcm_128;
  std::array<std::uint8_t, 32> key{};
  std::array<std::uint8_t, aead_nonce_size> iv{};

  // 0 for an unknown cipher.
  std::size_t key_size() const {
    const CipherParameters* parameters = find_cipher(cipher);
    return parameters != nullptr ? parameters->key_size : 0;
  }
  // The salt if records carry the rest of the nonce, the whole nonce otherwise.
  std::size_t iv_size() const {
    const CipherParameters* parameters = find_cipher(cipher);
    const bool is_salt =
        parameters != nullptr && version == TlsVersion::tls12 && parameters->salt_size != 0;
    return is_salt ? parameters->salt_size : aead_nonce_size;
  }
};

inline bool is_supported(const TrafficKeys& keys) {
  return is_supported(keys.version, keys.cipher);
}

// Sizes that follow from version and cipher, in bytes.
struct RecordFormat {
  std::size_t explicit_nonce = 0;  // after the header, in TLS 1.2 but for ChaCha20-Poly1305
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
  const CipherParameters* parameters = find_cipher(cipher);
  RecordFormat format;
  format.is_tls13 = version == TlsVersion::tls13;
  if (format.is_tls13)
    format.inner_type = 1;
  else if (parameters != nullptr && parameters->salt_size != 0)
    format.explicit_nonce = aead_nonce_size - parameters->salt_size;
  return format;
}

// explicit_nonce: the record's own bytes if its format has any, ignored (may be null) otherwise.
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
