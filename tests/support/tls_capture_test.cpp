// Captures of TLS sessions, decrypted by tshark.
#include "tests/support/tls_capture.h"

#include <catch2/catch.hpp>

#include "tests/support/temporary_file.h"
#include "tests/support/tshark.h"

namespace tlsnic::testing {
namespace {

// What tshark decrypts of one side, as hex. Its output names "Node 0" and indents the other's data.
std::string decrypted(const Capture& capture, const TlsConversation& tls, Side from) {
  const TemporaryFile file("tls-capture");
  const TemporaryFile pcap("tls-capture.pcap");
  const TemporaryFile keys("tls-capture.keys");
  write_capture(file.path(), capture, tls.key_log());
  std::string text;
  bool is_from_node_0 = false;
  for (const std::string& line :
       tshark(pcap.path(), "-o tls.keylog_file:" + keys.path() + " -q -z follow,tls,raw,0")) {
    if (line.find("Node 0: ") == 0)
      is_from_node_0 = (line == "Node 0: 10.0.0.2:50000") == (from == Side::client);
    const bool is_indented = !line.empty() && line[0] == '\t';
    const std::string data = is_indented ? line.substr(1) : line;
    if (is_indented == is_from_node_0 ||
        data.find_first_not_of("0123456789abcdef") != std::string::npos)
      continue;
    text += data;
  }
  return text;
}

std::string hex_alphabet(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t byte = 'a' + i % 26;
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

OpensslOptions suite(std::uint16_t version, const char* cipher) {
  return {version, cipher};
}

}  // namespace

TEST_CASE("tshark decrypts what the builder made") {
  if (!have_tshark()) {
    WARN("tshark is not installed");
    return;
  }
  const OpensslOptions options =
      GENERATE(suite(0x0303, "ECDHE-ECDSA-AES128-GCM-SHA256"),
               suite(0x0303, "ECDHE-ECDSA-CHACHA20-POLY1305"),
               suite(0x0304, "TLS_AES_128_GCM_SHA256"), suite(0x0304, "TLS_AES_256_GCM_SHA384"));
  Capture capture;
  TlsConversation tls(capture, options);
  tls.open();
  tls.send_records(Side::client, {40});
  tls.send_records(Side::server, {1, 16384, 1000});
  if (options.version == 0x0304) {
    tls.session().update_key(Side::server, true);
    tls.send_flights();
  }
  const auto wire = tls.records(Side::server, {500, 600});
  tls.tcp().send_cut(Side::server, wire, {1, 300, 7});
  tls.close(Side::client);

  // Compared before CHECK: a failure must not print 18,000 bytes twice.
  const bool client_is_right = decrypted(capture, tls, Side::client) == hex_alphabet(40);
  const bool server_is_right =
      decrypted(capture, tls, Side::server) == hex_alphabet(1 + 16384 + 1000 + 500 + 600);
  CHECK(client_is_right);
  CHECK(server_is_right);
  CHECK(tls.session().received(Side::client).size() == 1 + 16384 + 1000 + 500 + 600);
}

TEST_CASE("a record per size, and its overhead is that of the cipher") {
  Capture capture;
  TlsConversation tls(capture, suite(0x0303, "ECDHE-ECDSA-AES128-GCM-SHA256"));
  tls.open();
  CHECK(tls.records(Side::server, {100, 200}).size() == 100 + 200 + 2 * 29);
}

}  // namespace tlsnic::testing
