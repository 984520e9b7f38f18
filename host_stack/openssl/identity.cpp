#include "host_stack/openssl/identity.h"

#include <openssl/evp.h>

namespace tlsnic::host {
namespace {

constexpr std::int64_t five_years = std::int64_t{5} * 365 * 24 * 3600;

bool fill_in(X509* certificate, EVP_PKEY* key) {
  const auto* name = reinterpret_cast<const unsigned char*>("tlsnic.test");
  X509_NAME* subject = X509_get_subject_name(certificate);
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), simulation_date - five_years) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), simulation_date + five_years) != nullptr &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

Identity::Identity(DeterministicRandom& random, std::uint64_t seed) {
  Random stream(seed);
  const DeterministicRandom::Use use(random, stream);
  key_.reset(EVP_EC_gen("P-256"));
  if (!key_) throw_openssl_error("key of the certificate");
  certificate_.reset(X509_new());
  if (!certificate_ || !fill_in(certificate_.get(), key_.get())) throw_openssl_error("certificate");
}

}  // namespace tlsnic::host
