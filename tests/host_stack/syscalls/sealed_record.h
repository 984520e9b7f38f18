// TLS records made by OpenSSL's EVP alone: what a peer that is not ours would send.
#pragma once

#include "tests/host_stack/syscalls/ktls_pair.h"

namespace tlsnic::host::test {

// AES-GCM-128 with crypto_info(variant, generation)'s keys (RFC 5246 section 6.2.3.3, RFC 5288;
// RFC 8446 section 5.2). The explicit nonce of TLS 1.2 is the record's number. padding: zeros after
// the content type, TLS 1.3 only.
std::vector<std::uint8_t> sealed_record(const Variant& variant, std::uint8_t type, Bytes text,
                                        std::uint64_t number, std::uint8_t generation = 0,
                                        std::size_t padding = 0);

}  // namespace tlsnic::host::test
