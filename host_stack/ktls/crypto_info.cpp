#include "host_stack/ktls/crypto_info.h"

#include <algorithm>
#include <cstring>

namespace tlsnic::host {
namespace {

constexpr std::size_t record_number_size = 8;

struct Head {
  TlsVersion version;
  TlsCipher cipher;
};
static_assert(sizeof(Head) == crypto_info_head_size);

Head read_head(const void* bytes) {
  Head head;
  std::memcpy(&head, bytes, sizeof head);
  return head;
}

// Of both together: 12 bytes.
std::size_t iv_field_size(const CipherParameters& cipher) {
  return aead_nonce_size - cipher.salt_size;
}

}  // namespace

std::size_t crypto_info_size(TlsCipher cipher) {
  const CipherParameters* parameters = find_cipher(cipher);
  if (parameters == nullptr) return 0;
  return crypto_info_head_size + aead_nonce_size + parameters->key_size + record_number_size;
}

std::optional<TxCryptoInfo> read_crypto_info(Bytes crypto_info) {
  if (crypto_info.size() < crypto_info_head_size) return std::nullopt;
  const Head head = read_head(crypto_info.data());
  if (!is_supported(head.version, head.cipher) ||
      crypto_info.size() != crypto_info_size(head.cipher))
    return std::nullopt;
  const CipherParameters& cipher = *find_cipher(head.cipher);
  const std::uint8_t* iv = crypto_info.data() + crypto_info_head_size;
  const std::uint8_t* key = iv + iv_field_size(cipher);
  const std::uint8_t* salt = key + cipher.key_size;

  TxCryptoInfo info;
  TrafficKeys& keys = info.base.keys;
  keys.version = head.version;
  keys.cipher = head.cipher;
  std::copy_n(key, cipher.key_size, keys.key.begin());
  std::uint8_t* after_salt = std::copy_n(salt, cipher.salt_size, keys.iv.data());
  if (record_format(head.version, head.cipher).explicit_nonce != 0)
    info.explicit_nonce = load_be64(iv);
  else
    std::copy_n(iv, iv_field_size(cipher), after_salt);
  info.base.record_number = load_be64(salt + cipher.salt_size);
  return info;
}

std::optional<TxCryptoInfo> read_crypto_info(const void* crypto_info) {
  const std::size_t size = crypto_info_size(read_head(crypto_info).cipher);
  return read_crypto_info(Bytes(static_cast<const std::uint8_t*>(crypto_info), size));
}

void write_crypto_info_head(const TrafficKeys& keys, MutableBytes out) {
  const Head head{keys.version, keys.cipher};
  std::memcpy(out.first(sizeof head).data(), &head, sizeof head);
}

void write_crypto_info(const TxCryptoInfo& info, MutableBytes out) {
  const TrafficKeys& keys = info.base.keys;
  const CipherParameters& cipher = *find_cipher(keys.cipher);
  const std::uint8_t* after_salt = keys.iv.data() + cipher.salt_size;
  write_crypto_info_head(keys, out);
  std::uint8_t* p = out.first(crypto_info_size(keys.cipher)).data() + crypto_info_head_size;
  if (record_format(keys.version, keys.cipher).explicit_nonce != 0)
    store_be64(p, info.explicit_nonce);
  else
    std::copy_n(after_salt, iv_field_size(cipher), p);
  p = std::copy_n(keys.key.begin(), cipher.key_size, p + iv_field_size(cipher));
  p = std::copy_n(keys.iv.begin(), cipher.salt_size, p);
  store_be64(p, info.base.record_number);
}

}  // namespace tlsnic::host
