// A TLS connection of OpenSSL as a capture: real handshakes and records in segments made to
// measure.
#pragma once

#include <string>
#include <vector>

#include "tests/support/capture_builder.h"
#include "tests/support/openssl_session.h"

namespace tlsnic::testing {

class TlsConversation {
 public:
  // capture must outlive the conversation.
  explicit TlsConversation(Capture& capture, const OpensslOptions& tls = {},
                           const ConversationOptions& tcp = {});

  // TCP handshake, TLS handshake, TLS 1.3 tickets; every flight is acknowledged.
  void open(std::uint64_t gap_ns = 50'000);

  // One record per size (plaintext bytes, 1 to 16384), encrypted but not sent: for the caller to
  // cut and to hand to tcp().send_cut(). Byte i of all that a side writes is 'a' + i % 26.
  std::vector<std::uint8_t> records(Side from, const std::vector<std::size_t>& sizes);

  // The same, sent in full segments and acknowledged.
  void send_records(Side from, const std::vector<std::size_t>& sizes, std::uint64_t gap_ns = 2'000);

  // Sends, flight by flight, what session() has put on its wire and was not sent: after
  // session().write() or session().update_key().
  void send_flights(std::uint64_t gap_ns = 50'000);

  // close_notify and FIN of both sides.
  void close(Side first, std::uint64_t gap_ns = 50'000);

  Conversation& tcp() { return tcp_; }
  OpensslSession& session() { return session_; }
  const std::string& key_log() const { return session_.key_log(); }

 private:
  OpensslSession session_;
  Conversation tcp_;
  std::size_t flights_sent_ = 0;
  std::size_t written_[2] = {0, 0};  // plaintext bytes: client, server
};

// prefix.pcap and prefix.keys. Throws std::runtime_error if they can't be written.
void write_capture(const std::string& prefix, const Capture& capture, const std::string& key_log);

}  // namespace tlsnic::testing
