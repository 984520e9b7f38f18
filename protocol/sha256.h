// SHA-256 (FIPS 180-4) of bytes that come in pieces, with OpenSSL.
#pragma once

#include <memory>
#include <string>

#include "protocol/bytes.h"

struct evp_md_ctx_st;

namespace tlsnic {

class Sha256 {
 public:
  // Throws std::runtime_error if OpenSSL has no SHA-256; so do the others.
  Sha256();

  void update(Bytes bytes);
  // Of all pieces together: 64 hexadecimal digits, lower case. To be called once, and last.
  std::string finish();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace tlsnic
