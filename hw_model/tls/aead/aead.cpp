#include "hw_model/tls/aead/aead.h"

#include <stdexcept>
#include <string>

namespace tlsnic::hw {
namespace {

std::unique_ptr<const GcmEngine> make_engine(Bytes key, AeadBackend backend) {
  if (key.size() != 16 && key.size() != 32)
    throw std::invalid_argument("an AES-GCM key has 16 or 32 bytes, not " +
                                std::to_string(key.size()));
  if (!available(backend))
    throw std::invalid_argument("the intel-ipsec-mb back end is not available");
#ifdef TLSNIC_HAVE_IPSEC_MB
  if (backend == AeadBackend::ipsec_mb) return make_ipsec_mb_engine(key, *ipsec_mb_library());
#endif
  return make_openssl_engine(key);
}

}  // namespace

bool available(AeadBackend backend) {
#ifdef TLSNIC_HAVE_IPSEC_MB
  if (backend == AeadBackend::ipsec_mb) return ipsec_mb_library() != nullptr;
#endif
  return backend == AeadBackend::openssl;
}

AeadBackend default_backend() {
  return available(AeadBackend::ipsec_mb) ? AeadBackend::ipsec_mb : AeadBackend::openssl;
}

GcmKey::GcmKey(Bytes key, AeadBackend backend) : engine_(make_engine(key, backend)) {}

}  // namespace tlsnic::hw
