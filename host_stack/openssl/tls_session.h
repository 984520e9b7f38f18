// A TLS connection of an application: unmodified libssl over a simulated socket, which leaves the
// records to kTLS where it may.
#pragma once

#include <openssl/err.h>

#include <string>
#include <vector>

#include "host_stack/openssl/tls_context.h"

namespace tlsnic::host {

// Of a SystemC thread that uses OpenSSL, for set_stack_size() of sc_spawn_options or of the module:
// bytes. A handshake takes about 10 KiB of it (OpenSSL 3.0, x86-64), more under sanitizers; the
// rest is for the application.
constexpr int openssl_stack_size = 128 * 1024;

enum class TlsStatus : std::uint8_t {
  ok,
  closed,         // the peer's close_notify came
  socket_error,   // see TlsSession::error_text(); the end of TCP's stream without close_notify, too
  protocol_error  // a fatal alert was sent or received
};

struct TlsResult {
  TlsStatus status = TlsStatus::ok;
  std::size_t size = 0;  // bytes written or read

  bool ok() const { return status == TlsStatus::ok; }
};

// Who makes the records of a direction.
enum class RecordLayer : std::uint8_t { openssl, tls_sw, tls_hw };

// Calls come from one thread and block in simulated time.
class TlsSession {
 public:
  // fd: a connected socket of the process, which is blocking or not. context and process outlive
  // the session, which does not close the socket. seed: of all that is random in it. Throws
  // std::runtime_error if OpenSSL refuses.
  TlsSession(const TlsContext& context, Process& process, int fd, std::uint64_t seed);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // SSL_connect() or SSL_accept().
  TlsResult handshake();
  TlsResult write(Bytes data);
  TlsResult read(MutableBytes out);  // at least one byte if ok
  // Sends close_notify; reading goes on. TCP stays open.
  TlsResult shutdown();
  // TLS 1.3: the next write has a KeyUpdate before it and new keys for both.
  TlsResult update_key();
  // call(SSL*): another function of libssl that returns at least 1 when it has succeeded.
  template <typename Call>
  TlsResult run(Call call);

  // After the handshake.
  RecordLayer tx_records() const;
  RecordLayer rx_records() const;

  // NSS key log format, without newlines.
  const std::vector<std::string>& key_log() const { return key_log_; }
  // Of the last call that was not ok: OpenSSL's reason, or that of errno.
  const std::string& error_text() const { return error_text_; }
  // What the last fatal or warning alert said that was received or sent: level << 8 | description
  // (RFC 8446, section 6); 0: none.
  int alert_received() const { return alert_received_; }
  int alert_sent() const { return alert_sent_; }

  // For whom kTLS is enough: the socket itself, in a direction whose records are not OpenSSL's. A
  // KeyUpdate read or sent this way needs bio().update_rx() or bio().update_tx().
  int fd() const { return socket_.fd(); }
  Process& process() { return socket_.process(); }
  SocketBio& bio() { return bio_; }
  SSL* ssl() { return ssl_.get(); }

 private:
  static void keep_key_log(const SSL* ssl, const char* line);
  static void keep_alert(const SSL* ssl, int where, int value);

  // What became of a call: nothing if it is to be tried again.
  bool finish(int result, TlsResult& outcome);
  int hand_over_tls13();
  std::vector<std::uint8_t> secret(std::string_view label) const;

  const TlsContext& context_;
  KtlsSocket socket_;
  SocketBio bio_;
  Random random_;
  Owned<SSL, &SSL_free> ssl_;
  std::vector<std::string> key_log_;
  std::string error_text_;
  int alert_received_ = 0;
  int alert_sent_ = 0;
};

template <typename Call>
TlsResult TlsSession::run(Call call) {
  TlsResult outcome;
  while (true) {
    {
      const DeterministicRandom::Use use(context_.random(), random_);
      ERR_clear_error();
      if (finish(call(ssl_.get()), outcome)) return outcome;
    }
    socket_.wait(SSL_want_write(ssl_.get()));
  }
}

}  // namespace tlsnic::host
