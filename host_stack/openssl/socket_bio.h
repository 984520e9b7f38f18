// A socket as libssl sees it: an OpenSSL BIO that knows the controls of kTLS, as OpenSSL's own
// socket BIO does on Linux.
//
// What libssl 3.0 does with it under SSL_OP_ENABLE_KTLS: it hands over the keys of a direction when
// that direction changes to them (TLS 1.2: both; TLS 1.3: sending only). From then on it writes
// plaintext, names the type of a record that is not application data before it writes it, and reads
// records as 5 header bytes and plaintext.
//
// Accuracy: libssl 3.0 cannot receive TLS 1.3 by kTLS on its own. set_rx_secret() makes it: libssl
// then gets each record as RFC 8446's TLSInnerPlaintext (type 23, the real type as last byte) and
// takes it for decrypted already. A KeyUpdate that passes in either direction is followed by the
// next key, which libssl 3.0 does not do either.
// Limitations: SSL_sendfile() fails, as libssl knows no file descriptor: use Process::sendfile().
#pragma once

#include <openssl/bio.h>

#include <optional>

#include "host_stack/openssl/ktls_socket.h"
#include "host_stack/openssl/library.h"
#include "host_stack/openssl/traffic_secret.h"

namespace tlsnic::host {

// Which directions libssl may leave to kTLS.
struct KtlsUse {
  bool tx = true;
  bool rx = true;
};

// Never waits, so that no other SystemC thread runs inside a call of libssl, whose error queue all
// of them share: what has to wait gives SSL_ERROR_WANT_READ or SSL_ERROR_WANT_WRITE, and the caller
// tries again after KtlsSocket::wait().
class SocketBio {
 public:
  // The socket outlives it. Throws std::runtime_error if OpenSSL has no memory.
  SocketBio(KtlsSocket& socket, KtlsUse use);
  SocketBio(const SocketBio&) = delete;
  SocketBio& operator=(const SocketBio&) = delete;

  // For SSL_set_bio(), which takes a reference of its own (BIO_up_ref()). Not after this has gone.
  BIO* bio() { return bio_.get(); }

  // TLS 1.3: the secret of what is sent, for the keys after a KeyUpdate.
  void set_tx_secret(TrafficSecret secret) { tx_secret_ = std::move(secret); }
  // TLS 1.3: what arrives from now on is under this secret, from record 0; libssl has taken all
  // records before it. 0 or errno; EOPNOTSUPP if KtlsUse says no.
  int set_rx_secret(TrafficSecret secret);
  // The next keys, after a KeyUpdate was read from the socket or sent on it past libssl. 0 or
  // errno; EAGAIN: bytes under the old keys still wait for room. EINVAL: no secret is known.
  int update_tx();
  int update_rx();

  // errno of the last call that failed.
  int error() const { return error_; }

  // For the BIO's method.
  int write(Bytes data);
  int read(MutableBytes out);
  long control(int command, long number, void* pointer);

 private:
  bool install(const void* crypto_info, bool tx);
  // Nothing if OpenSSL refuses.
  static std::optional<TrafficSecret> next_of(const std::optional<TrafficSecret>& secret,
                                              TrafficKeys& keys);
  int retry(int flags);
  int fail(int error);
  int read_record(MutableBytes out);
  bool is_key_update(std::uint8_t type, Bytes message, bool tx) const;

  KtlsSocket& socket_;
  KtlsUse use_;
  Owned<BIO, &BIO_free_all> bio_;
  std::optional<std::uint8_t> next_type_;  // of the record that is written next
  std::optional<TrafficSecret> tx_secret_;
  std::optional<TrafficSecret> rx_secret_;
  bool is_tls13_rx_ = false;
  bool tx_update_due_ = false;
  bool rx_update_due_ = false;
  bool at_end_ = false;
  int error_ = 0;
};

}  // namespace tlsnic::host
