#include "traces/tls/key_schedule.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "protocol/kdf.h"

namespace tlsnic::traces {

Tls12Keys tls12_keys(TlsCipher cipher, HandshakeDigest digest, Bytes master_secret,
                     Bytes client_random, Bytes server_random) {
  static EVP_KDF* const kdf = fetch_kdf("TLS1-PRF");
  const OSSL_PARAM parameters[] = {
      kdf_text(OSSL_KDF_PARAM_DIGEST, digest_name(digest)),
      kdf_octets(OSSL_KDF_PARAM_SECRET, master_secret),
      kdf_octets(OSSL_KDF_PARAM_SEED, std::string_view("key expansion")),
      kdf_octets(OSSL_KDF_PARAM_SEED, server_random),
      kdf_octets(OSSL_KDF_PARAM_SEED, client_random),
      OSSL_PARAM_construct_end(),
  };
  Tls12Keys keys;
  keys.client_write.version = keys.server_write.version = TlsVersion::tls12;
  keys.client_write.cipher = keys.server_write.cipher = cipher;
  const std::size_t key_size = keys.client_write.key_size();
  const std::size_t iv_size = keys.client_write.iv_size();

  std::array<std::uint8_t, 2 * (32 + aead_nonce_size)> block{};
  derive(kdf, MutableBytes(block).first(2 * (key_size + iv_size)), parameters);
  const std::uint8_t* p = block.data();
  const auto take = [&p](std::uint8_t* to, std::size_t count) {
    std::copy_n(p, count, to);
    p += count;
  };
  take(keys.client_write.key.data(), key_size);
  take(keys.server_write.key.data(), key_size);
  take(keys.client_write.iv.data(), iv_size);
  take(keys.server_write.iv.data(), iv_size);
  return keys;
}

Secret next_traffic_secret(HandshakeDigest digest, Bytes traffic_secret) {
  Secret next;
  next.size = static_cast<std::uint8_t>(digest_size(digest));
  tlsnic::next_traffic_secret(digest, traffic_secret, MutableBytes(next.bytes).first(next.size));
  return next;
}

}  // namespace tlsnic::traces
