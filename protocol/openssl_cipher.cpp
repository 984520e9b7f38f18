#include "protocol/openssl_cipher.h"

#include <openssl/obj_mac.h>

namespace tlsnic {

std::optional<TlsCipher> tls_cipher(int cipher_nid, std::string_view suite_name) {
  switch (cipher_nid) {
    case NID_aes_128_gcm:
      return TlsCipher::aes_gcm_128;
    case NID_aes_256_gcm:
      return TlsCipher::aes_gcm_256;
    case NID_aes_128_ccm:
      if (suite_name.find("CCM8") != suite_name.npos || suite_name.find("CCM_8") != suite_name.npos)
        return std::nullopt;
      return TlsCipher::aes_ccm_128;
    case NID_chacha20_poly1305:
      return TlsCipher::chacha20_poly1305;
    case NID_aria_128_gcm:
      return TlsCipher::aria_gcm_128;
    case NID_aria_256_gcm:
      return TlsCipher::aria_gcm_256;
    default:
      return std::nullopt;
  }
}

}  // namespace tlsnic
