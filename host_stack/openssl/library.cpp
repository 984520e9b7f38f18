#include "host_stack/openssl/library.h"

#include <openssl/err.h>

#include <array>
#include <stdexcept>

namespace tlsnic::host {

void initialize_openssl() {
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
}

std::string take_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return {};
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

void throw_openssl_error(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + take_openssl_error());
}

}  // namespace tlsnic::host
