// A server's certificate and key: ECDSA on P-256, signed by itself.
#pragma once

#include <openssl/x509.h>

#include "host_stack/openssl/deterministic_random.h"
#include "host_stack/openssl/library.h"

namespace tlsnic::host {

// The simulation's date, in which certificates are checked: 2024-01-01, in s since 1970.
constexpr std::int64_t simulation_date = 1'704'067'200;

class Identity {
 public:
  // The same seed, the same certificate. Valid for 10 years around simulation_date. Throws
  // std::runtime_error if OpenSSL refuses.
  Identity(DeterministicRandom& random, std::uint64_t seed);

  EVP_PKEY* key() const { return key_.get(); }
  X509* certificate() const { return certificate_.get(); }

 private:
  Owned<EVP_PKEY, &EVP_PKEY_free> key_;
  Owned<X509, &X509_free> certificate_;
};

}  // namespace tlsnic::host
