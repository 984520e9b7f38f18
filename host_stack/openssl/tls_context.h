// An SSL_CTX for one side of simulated connections: one version, one cipher, no host clock.
#pragma once

#include "host_stack/openssl/identity.h"
#include "host_stack/openssl/socket_bio.h"

namespace tlsnic::host {

enum class TlsRole : std::uint8_t { client, server };

struct TlsSettings {
  TlsVersion version = TlsVersion::tls13;
  // AES-GCM, AES-CCM or ChaCha20-Poly1305. AES-CCM of TLS 1.3 is not sent by kTLS: libssl 3.0 keeps
  // it to itself.
  TlsCipher cipher = TlsCipher::aes_gcm_128;
  // SSL_OP_ENABLE_KTLS if any of it is true.
  KtlsUse ktls;
  // TLS 1.3: hand over receiving, too, which libssl 3.0 itself never does. Needs ktls.rx.
  bool ktls_rx_tls13 = true;
  // Server, TLS 1.3: NewSessionTickets sent after the handshake. Nothing resumes a session; they
  // are handshake records among the data.
  std::size_t session_tickets = 0;
};

// ECDHE-ECDSA with X25519 and P-256; no session cache, no renegotiation. The client checks the
// server's certificate. Buffers are released between calls (SSL_MODE_RELEASE_BUFFERS).
class TlsContext {
 public:
  // identity: the server's own, or the one that the client expects. random outlives the context and
  // its sessions. Throws std::runtime_error if OpenSSL refuses, std::invalid_argument for other
  // ciphers.
  TlsContext(DeterministicRandom& random, const Identity& identity, TlsRole role,
             const TlsSettings& settings);

  SSL_CTX* get() const { return context_.get(); }
  TlsRole role() const { return role_; }
  const TlsSettings& settings() const { return settings_; }
  DeterministicRandom& random() const { return random_; }

 private:
  bool configure();
  bool use_identity(const Identity& identity);

  DeterministicRandom& random_;
  TlsRole role_;
  TlsSettings settings_;
  Owned<SSL_CTX, &SSL_CTX_free> context_;
};

}  // namespace tlsnic::host
