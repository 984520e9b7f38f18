#include "protocol/kdf.h"

#include <memory>
#include <stdexcept>

namespace tlsnic {

void derive(EVP_KDF* kdf, MutableBytes out, const OSSL_PARAM* parameters) {
  const std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)> context(
      kdf != nullptr ? EVP_KDF_CTX_new(kdf) : nullptr, &EVP_KDF_CTX_free);
  if (context == nullptr || EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1)
    throw std::runtime_error("OpenSSL refused a key derivation");
}

}  // namespace tlsnic
