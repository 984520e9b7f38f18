// A TLS client and server of OpenSSL talking in memory: the bytes on their wire are what other
// implementations are tested with. Keys and certificates are made at run time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/bytes.h"
#include "tests/support/capture_builder.h"

struct ssl_ctx_st;
struct ssl_st;

namespace tlsnic::testing {

struct OpensslOptions {
  std::uint16_t version = 0x0303;  // the only one that both sides speak; 0x0301 to 0x0304
  // OpenSSL's name: "ECDHE-ECDSA-AES128-GCM-SHA256"; for TLS 1.3 "TLS_AES_128_GCM_SHA256". The
  // server's key is of elliptic curves, so TLS 1.2 suites are ECDHE-ECDSA ones. Empty: OpenSSL's
  // choice.
  std::string cipher;
  bool retry_request = false;  // TLS 1.3: the server wants another group than the client's first
  bool client_certificate = false;  // the server asks for it, the client sends it
  bool tickets = true;              // false: TLS 1.2 resumes by session id
  bool large_hello = false;         // a ClientHello of more than 1000 bytes
  std::size_t max_fragment = 0;     // plaintext bytes per record, from 512; 0: 16384
  std::size_t max_early_data = 0;   // bytes that the server's tickets allow
};

// Bytes that one side put on the wire in one go.
struct Flight {
  Side from = Side::client;
  std::vector<std::uint8_t> bytes;
};

class OpensslSession {
 public:
  // Throws std::runtime_error if OpenSSL refuses something; so do all functions unless told
  // otherwise.
  explicit OpensslSession(const OpensslOptions& options = {});
  ~OpensslSession();
  OpensslSession(const OpensslSession&) = delete;
  OpensslSession& operator=(const OpensslSession&) = delete;

  // A new connection, before its handshake, that offers to resume this one's session.
  std::unique_ptr<OpensslSession> resumption() const;

  // Sends early data ahead of the rest of the handshake; only on a resumption() of TLS 1.3.
  // is_accepted: whether the server reads it or rejects it. Takes the place of handshake().
  void handshake_with_early_data(Bytes data, bool is_accepted);

  // Runs the handshake and, in TLS 1.3, delivers the tickets. Throws if it fails.
  void handshake();
  bool is_resumed() const;

  // Application data from one side, read by the other before the call returns.
  void write(Side from, Bytes plaintext);
  // TLS 1.3 KeyUpdate, sent at once; with ask_peer the peer answers with its own.
  void update_key(Side from, bool ask_peer);
  void close(Side from);  // close_notify

  const std::vector<Flight>& flights() const { return flights_; }
  // All that a side has put on the wire, and all that its application has read.
  std::vector<std::uint8_t> stream(Side from) const;
  const std::vector<std::uint8_t>& received(Side by) const { return received_[index(by)]; }
  // What this connection added to the key log (NSS format).
  const std::string& key_log() const { return key_log_; }

 private:
  static std::size_t index(Side side) { return side == Side::client ? 0 : 1; }
  OpensslSession(const OpensslSession& previous, int);

  ssl_st* end(Side side) const { return ends_[index(side)].get(); }
  void connect();
  void check(Side side, int result, const char* what);
  void carry(Side from);
  void drain();

  using Context = std::shared_ptr<ssl_ctx_st>;
  using End = std::unique_ptr<ssl_st, void (*)(ssl_st*)>;

  Context client_context_;
  Context server_context_;
  std::vector<End> ends_;
  std::vector<Flight> flights_;
  std::vector<std::uint8_t> received_[2];
  std::string key_log_;
};

}  // namespace tlsnic::testing
