// What all of host_stack/openssl shares of OpenSSL's library.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "protocol/bytes.h"

namespace tlsnic::host {

// To be called before anything else of OpenSSL: the machine's openssl.cnf is not read, which may
// forbid versions and ciphers.
void initialize_openssl();

// The last error of OpenSSL's queue as text, "" if there is none. The queue is empty then.
std::string take_openssl_error();
// Throws std::runtime_error that names what failed, and OpenSSL's reason.
[[noreturn]] void throw_openssl_error(const char* what);

template <typename T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};
template <typename T, void (*release)(T*)>
using Owned = std::unique_ptr<T, Release<T, release>>;

}  // namespace tlsnic::host
