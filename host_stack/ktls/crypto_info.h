// The structs tls12_crypto_info_* of linux/tls.h, which setsockopt(TLS_TX) and TLS_RX take (facts
// 2.2): version and cipher as 16-bit numbers of the host, then iv, key, salt and rec_seq as bytes,
// without padding.
#pragma once

#include <cstddef>
#include <optional>

#include "host_stack/ktls/tx.h"

namespace tlsnic::host {

// sizeof(struct tls_crypto_info): what every such struct begins with.
constexpr std::size_t crypto_info_head_size = 4;

// Bytes of the cipher's struct; 0 for an unknown cipher.
std::size_t crypto_info_size(TlsCipher cipher);

// Nothing for an unknown version or cipher, ARIA with TLS 1.3, or another size than the cipher's.
// The iv field is the first record's explicit nonce where records have one (both directions give
// it), otherwise the last part of keys.iv.
std::optional<TxCryptoInfo> read_crypto_info(Bytes crypto_info);
// The same of a struct that is as large as its own cipher asks for.
std::optional<TxCryptoInfo> read_crypto_info(const void* crypto_info);

// As getsockopt gives it: info with what is current of the explicit nonce and the record number.
// out: crypto_info_size(info.base.keys.cipher) bytes. Keys are supported ones.
void write_crypto_info(const TxCryptoInfo& info, MutableBytes out);
// Version and cipher only; out: crypto_info_head_size bytes.
void write_crypto_info_head(const TrafficKeys& keys, MutableBytes out);

}  // namespace tlsnic::host
