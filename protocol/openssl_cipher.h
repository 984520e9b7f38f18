// OpenSSL's names for the ciphers of a TLS connection.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/tls_record.h"

namespace tlsnic {

// cipher_nid: SSL_CIPHER_get_cipher_nid(). suite_name: any that OpenSSL gives the suite; it alone
// tells CCM_8, with a tag of 8 bytes, from CCM. Nothing if it is none of kTLS's ciphers.
std::optional<TlsCipher> tls_cipher(int cipher_nid, std::string_view suite_name);

}  // namespace tlsnic
