// OpenSSL's key derivation functions, called in short.
#pragma once

#include <openssl/kdf.h>
#include <openssl/params.h>

#include <string_view>

#include "protocol/bytes.h"

namespace tlsnic {

// Never freed: fetching an algorithm is slow in OpenSSL 3.0, so callers keep it. Null if OpenSSL
// does not have it.
inline EVP_KDF* fetch_kdf(const char* name) {
  return EVP_KDF_fetch(nullptr, name, nullptr);
}

// OpenSSL's parameters are not const, though it does not write to these.
inline OSSL_PARAM kdf_text(const char* key, std::string_view value) {
  return OSSL_PARAM_construct_utf8_string(key, const_cast<char*>(value.data()), value.size());
}
inline OSSL_PARAM kdf_octets(const char* key, std::string_view value) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<char*>(value.data()), value.size());
}
inline OSSL_PARAM kdf_octets(const char* key, Bytes value) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<std::uint8_t*>(value.data()),
                                           value.size());
}

// Fills `out`. kdf may be null. Throws std::runtime_error if OpenSSL refuses.
void derive(EVP_KDF* kdf, MutableBytes out, const OSSL_PARAM* parameters);

}  // namespace tlsnic
