#include "protocol/tls13_keys.h"

#include <openssl/core_names.h>

#include "protocol/kdf.h"

namespace tlsnic {
namespace {

// HKDF-Expand-Label with an empty context (section 7.1).
void expand_label(HandshakeDigest digest, Bytes secret, std::string_view label, MutableBytes out) {
  static EVP_KDF* const kdf = fetch_kdf("TLS13-KDF");
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      kdf_text(OSSL_KDF_PARAM_DIGEST, digest_name(digest)),
      kdf_octets(OSSL_KDF_PARAM_KEY, secret),
      kdf_octets(OSSL_KDF_PARAM_PREFIX, std::string_view("tls13 ")),
      kdf_octets(OSSL_KDF_PARAM_LABEL, label),
      OSSL_PARAM_construct_end(),
  };
  derive(kdf, out, parameters);
}

}  // namespace

TrafficKeys tls13_keys(TlsCipher cipher, HandshakeDigest digest, Bytes traffic_secret) {
  TrafficKeys keys;
  keys.version = TlsVersion::tls13;
  keys.cipher = cipher;
  expand_label(digest, traffic_secret, "key", MutableBytes(keys.key).first(keys.key_size()));
  expand_label(digest, traffic_secret, "iv", keys.iv);
  return keys;
}

void next_traffic_secret(HandshakeDigest digest, Bytes traffic_secret, MutableBytes next) {
  expand_label(digest, traffic_secret, "traffic upd", next);
}

}  // namespace tlsnic
