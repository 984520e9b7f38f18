#include "host_stack/openssl/tls_context.h"

#include <openssl/x509_vfy.h>

#include <stdexcept>

namespace tlsnic::host {
namespace {

const char* suite_name(TlsVersion version, TlsCipher cipher) {
  const bool is_tls13 = version == TlsVersion::tls13;
  switch (cipher) {
    case TlsCipher::aes_gcm_128:
      return is_tls13 ? "TLS_AES_128_GCM_SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";
    case TlsCipher::aes_gcm_256:
      return is_tls13 ? "TLS_AES_256_GCM_SHA384" : "ECDHE-ECDSA-AES256-GCM-SHA384";
    case TlsCipher::aes_ccm_128:
      return is_tls13 ? "TLS_AES_128_CCM_SHA256" : "ECDHE-ECDSA-AES128-CCM";
    case TlsCipher::chacha20_poly1305:
      return is_tls13 ? "TLS_CHACHA20_POLY1305_SHA256" : "ECDHE-ECDSA-CHACHA20-POLY1305";
    case TlsCipher::sm4_gcm:
    case TlsCipher::sm4_ccm:
    case TlsCipher::aria_gcm_128:
    case TlsCipher::aria_gcm_256:
      break;
  }
  throw std::invalid_argument("no handshake with SM4 or ARIA");
}

}  // namespace

TlsContext::TlsContext(DeterministicRandom& random, const Identity& identity, TlsRole role,
                       const TlsSettings& settings)
    : random_(random), role_(role), settings_(settings) {
  // SSL_CTX_new() draws keys for tickets; nobody uses them.
  context_.reset(SSL_CTX_new(role == TlsRole::server ? TLS_server_method() : TLS_client_method()));
  if (!context_ || !configure() || !use_identity(identity)) throw_openssl_error("TLS settings");
}

bool TlsContext::configure() {
  SSL_CTX* context = context_.get();
  // Tickets without state of the server hold the host's time; with SSL_OP_NO_TICKET those of TLS
  // 1.3 are mere numbers.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  if (settings_.ktls.tx || settings_.ktls.rx) SSL_CTX_set_options(context, SSL_OP_ENABLE_KTLS);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, settings_.session_tickets);
  const bool is_tls13 = settings_.version == TlsVersion::tls13;
  const int version = is_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  const char* suite = suite_name(settings_.version, settings_.cipher);
  return SSL_CTX_set_min_proto_version(context, version) == 1 &&
         SSL_CTX_set_max_proto_version(context, version) == 1 &&
         (is_tls13 ? SSL_CTX_set_ciphersuites(context, suite)
                   : SSL_CTX_set_cipher_list(context, suite)) == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
         SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") == 1;
}

bool TlsContext::use_identity(const Identity& identity) {
  SSL_CTX* context = context_.get();
  if (role_ == TlsRole::server)
    return SSL_CTX_use_certificate(context, identity.certificate()) == 1 &&
           SSL_CTX_use_PrivateKey(context, identity.key()) == 1;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context), simulation_date);
  return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), identity.certificate()) == 1;
}

}  // namespace tlsnic::host
