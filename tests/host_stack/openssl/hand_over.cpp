// What libssl hands over to kTLS, and that both of them, each in its turn, carry the same stream.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/host_stack/openssl/openssl_world.h"
#include "tests/hw_model/nic/in_child.h"
#include "tests/support/temporary_file.h"
#include "tests/support/tshark.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::OpensslWorld;
using test::Side;
using test::WorldSettings;

constexpr TlsVersion versions[] = {TlsVersion::tls12, TlsVersion::tls13};
constexpr TlsCipher ciphers[] = {TlsCipher::aes_gcm_128, TlsCipher::aes_gcm_256,
                                 TlsCipher::aes_ccm_128, TlsCipher::chacha20_poly1305};

const ByteVector& client_data() {
  static const ByteVector data = test::some_bytes(100'000, 1);
  return data;
}
const ByteVector& server_data() {
  static const ByteVector data = test::some_bytes(70'001, 2);
  return data;
}

void send_file(TlsSession& session, const ByteVector& data) {
  Process& process = session.process();
  const int file = process.memfd_create("data", 0);
  const auto size = static_cast<ssize_t>(data.size());
  REQUIRE(process.write(file, data.data(), data.size()) == size);
  off_t offset = 0;
  REQUIRE(process.sendfile(session.fd(), file, &offset, data.size()) == size);
}

// By SSL_write() and SSL_read(), then by the socket alone, then the end by close_notify.
void client(TlsSession& session) {
  const TlsResult shaken = session.handshake();
  CAPTURE(session.error_text());
  REQUIRE(shaken.ok());
  REQUIRE(session.write(client_data()).size == client_data().size());
  REQUIRE(test::read_all(session, server_data().size()) == server_data());
  const ssize_t sent =
      session.process().send(session.fd(), client_data().data(), client_data().size(), 0);
  REQUIRE(sent == static_cast<ssize_t>(client_data().size()));
  REQUIRE(test::read_records(session, server_data().size()) == server_data());
  REQUIRE(session.shutdown().ok());
  ByteVector rest(10);
  REQUIRE(session.read(rest).status == TlsStatus::closed);
  REQUIRE(session.alert_received() == 0x0100);
}

void server(TlsSession& session) {
  REQUIRE(session.handshake().ok());
  REQUIRE(test::read_all(session, client_data().size()) == client_data());
  REQUIRE(session.write(server_data()).size == server_data().size());
  REQUIRE(test::read_records(session, client_data().size()) == client_data());
  send_file(session, server_data());
  // The alert as kTLS gives it: one record, level and description.
  ByteVector alert(10);
  REQUIRE(test::read_record(session, alert) == record_alert);
  REQUIRE(alert == ByteVector{1, 0});
  REQUIRE(session.shutdown().ok());
}

TEST_CASE("OpenSSL hands both directions over", "[openssl]") {
  const TlsVersion version = GENERATE(from_range(std::begin(versions), std::end(versions)));
  const TlsCipher cipher = GENERATE(from_range(std::begin(ciphers), std::end(ciphers)));
  const bool offload = GENERATE(false, true);
  // libssl 3.0 hands AES-CCM over in TLS 1.2 only.
  if (version == TlsVersion::tls13 && cipher == TlsCipher::aes_ccm_128) return;
  CAPTURE(static_cast<int>(version), static_cast<int>(cipher), offload);
  const testing::TemporaryFile capture("openssl.pcap");
  const testing::TemporaryFile keys("openssl.keys");

  testing::in_child([&] {
    WorldSettings settings = test::settings_of(version, cipher);
    settings.offload = offload;
    OpensslWorld world(settings);
    // A device takes AES-GCM only (facts 2.2).
    const bool hardware = offload && is_offloadable(cipher);
    const RecordLayer layer = hardware ? RecordLayer::tls_hw : RecordLayer::tls_sw;
    const auto check = [layer](TlsSession& session) {
      REQUIRE(session.tx_records() == layer);
      REQUIRE(session.rx_records() == layer);
    };
    REQUIRE(world.run(
        [&](TlsSession& session) {
          client(session);
          check(session);
        },
        [&](TlsSession& session) {
          server(session);
          check(session);
        }));
    for (const Side side : {Side::client, Side::server}) {
      REQUIRE(world.counter(side, TlsCounter::tx_sw) == (hardware ? 0 : 1));
      REQUIRE(world.counter(side, TlsCounter::rx_sw) == (hardware ? 0 : 1));
      REQUIRE(world.counter(side, TlsCounter::tx_device) == (hardware ? 1 : 0));
      REQUIRE(world.counter(side, TlsCounter::rx_device) == (hardware ? 1 : 0));
      REQUIRE(world.counter(side, TlsCounter::decrypt_error) == 0);
    }
    world.write_capture(capture.path());
    std::ofstream(keys.path()) << world.key_log();
  });

  if (!testing::have_tshark()) {
    WARN("tshark is not installed");
    return;
  }
  const std::string log = "-o tls.keylog_file:" + keys.path();
  // Source, and what was decrypted in hexadecimal, records apart by commas.
  std::string sent[2];
  const std::string fields =
      " -d tls.port==443,data -Y tls.app_data -T fields -e tcp.srcport -e data.data";
  for (std::string line : testing::tshark(capture.path(), log + fields)) {
    line.erase(std::remove(line.begin(), line.end(), ','), line.end());
    const std::size_t tab = line.find('\t');
    sent[line.substr(0, tab) == "443" ? 1 : 0] += line.substr(tab + 1);
  }
  const auto twice_in_hex = [](const ByteVector& data) {
    std::string text;
    for (int i = 0; i < 2; ++i)
      for (const std::uint8_t byte : data) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
      }
    return text;
  };
  REQUIRE((sent[0] == twice_in_hex(client_data())));
  REQUIRE((sent[1] == twice_in_hex(server_data())));
  // close_notify from both sides.
  REQUIRE(testing::tshark(capture.path(), log + " -Y tls.alert_message.desc==0").size() == 2);
  REQUIRE(testing::tshark(capture.path(), log + " -Y tls.alert_message.desc!=0").empty());
}

TEST_CASE("What is not left to kTLS stays with OpenSSL", "[openssl]") {
  const TlsVersion version = GENERATE(from_range(std::begin(versions), std::end(versions)));
  const bool tx = GENERATE(false, true);
  const bool rx = GENERATE(false, true);
  CAPTURE(static_cast<int>(version), tx, rx);
  testing::in_child([&] {
    WorldSettings settings = test::settings_of(version);
    settings.client.ktls = {tx, rx};
    settings.client.ktls_rx_tls13 = false;
    settings.server.session_tickets = 2;
    OpensslWorld world(settings);
    const bool takes_rx = rx && version == TlsVersion::tls12;
    REQUIRE(world.run(
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          REQUIRE(session.tx_records() == (tx ? RecordLayer::tls_sw : RecordLayer::openssl));
          REQUIRE(session.rx_records() == (takes_rx ? RecordLayer::tls_sw : RecordLayer::openssl));
          REQUIRE(session.write(client_data()).ok());
          REQUIRE(test::read_all(session, server_data().size()) == server_data());
          REQUIRE(session.shutdown().ok());
        },
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          REQUIRE(test::read_all(session, client_data().size()) == client_data());
          REQUIRE(session.write(server_data()).ok());
          ByteVector rest(10);
          REQUIRE(session.read(rest).status == TlsStatus::closed);
        }));
  });
}

TEST_CASE("Tickets and key updates pass through kTLS", "[openssl]") {
  const bool offload = GENERATE(false, true);
  CAPTURE(offload);
  testing::in_child([&] {
    WorldSettings settings = test::settings_of(TlsVersion::tls13, TlsCipher::aes_gcm_256);
    settings.server.session_tickets = 2;
    settings.offload = offload;
    OpensslWorld world(settings);
    REQUIRE(world.run(
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          for (int round = 0; round < 3; ++round) {
            // In the later rounds OpenSSL does so itself, since the server asked for it.
            if (round == 0) REQUIRE(session.update_key().ok());
            REQUIRE(session.write(client_data()).ok());
            REQUIRE(test::read_all(session, server_data().size()) == server_data());
          }
          REQUIRE(session.shutdown().ok());
        },
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          for (int round = 0; round < 3; ++round) {
            REQUIRE(test::read_all(session, client_data().size()) == client_data());
            // The peer's answer to this one comes with its next write.
            REQUIRE(
                session.run([](SSL* ssl) { return SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED); })
                    .ok());
            REQUIRE(session.write(server_data()).ok());
          }
          ByteVector rest(10);
          REQUIRE(session.read(rest).status == TlsStatus::closed);
        }));
    REQUIRE(world.counter(Side::client, TlsCounter::tx_rekey_ok) == 3);
    REQUIRE(world.counter(Side::server, TlsCounter::rx_rekey_ok) == 3);
    REQUIRE(world.counter(Side::server, TlsCounter::tx_rekey_ok) == 3);
    REQUIRE(world.counter(Side::client, TlsCounter::rx_rekey_ok) == 3);
    REQUIRE(world.counter(Side::client, TlsCounter::decrypt_error) == 0);
  });
}

}  // namespace
}  // namespace tlsnic::host
