// What an application learns when the other side, or the wire, does wrong.
#include <catch2/catch.hpp>

#include "tests/host_stack/openssl/openssl_world.h"
#include "tests/hw_model/nic/in_child.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::OpensslWorld;
using test::settings_of;
using test::Side;
using test::WorldSettings;

// By kTLS there is no alert: its EBADMSG stays pending, and what is sent fails with it (facts 1.6,
// 2.7).
TEST_CASE("A record that was tampered with ends the session with an alert", "[openssl]") {
  const TlsVersion version = GENERATE(TlsVersion::tls12, TlsVersion::tls13);
  const bool ktls = GENERATE(false, true);
  CAPTURE(static_cast<int>(version), ktls);
  testing::in_child([&] {
    WorldSettings settings = settings_of(version);
    settings.server.ktls.rx = ktls;
    OpensslWorld world(settings);
    bool tamper = false;
    world.meddle = [&](Side from, MutableBytes payload) {
      if (from == Side::client && tamper) payload[payload.size() - 1] ^= 1;
    };
    REQUIRE(world.run(
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          ByteVector data(100);
          REQUIRE(session.write(data).ok());
          REQUIRE(test::read_all(session, 1).size() == 1);
          tamper = true;
          REQUIRE(session.write(data).ok());
          const TlsStatus expected = ktls ? TlsStatus::socket_error : TlsStatus::protocol_error;
          REQUIRE(session.read(data).status == expected);
          REQUIRE(session.alert_received() == (ktls ? 0 : 0x0214));  // fatal, bad_record_mac
        },
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          ByteVector data = test::read_all(session, 100);
          REQUIRE(session.write(Bytes(data).first(1)).ok());
          REQUIRE(session.read(data).status == TlsStatus::protocol_error);
          REQUIRE(session.alert_sent() == (ktls ? 0 : 0x0214));
          REQUIRE(session.error_text() == "decryption failed or bad record mac");
          session.process().shutdown(session.fd(), SHUT_WR);
        }));
    REQUIRE(world.counter(Side::server, TlsCounter::decrypt_error) == (ktls ? 1 : 0));
  });
}

TEST_CASE("A header that cannot be is answered with its alert", "[openssl]") {
  struct Case {
    std::size_t offset;  // in the record's header
    int alert;
  };
  const Case wrong = GENERATE(Case{3, 0x0216},   // length: fatal, record_overflow
                              Case{1, 0x0246});  // version: fatal, protocol_version
  testing::in_child([&] {
    OpensslWorld world(settings_of(TlsVersion::tls13));
    bool tamper = false;
    world.meddle = [&](Side from, MutableBytes payload) {
      if (from == Side::client && tamper) payload[wrong.offset] = 0xff;
    };
    REQUIRE(world.run(
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          tamper = true;
          ByteVector data(100);
          REQUIRE(session.write(data).ok());
          REQUIRE(session.read(data).status == TlsStatus::protocol_error);
          REQUIRE(session.alert_received() == wrong.alert);
        },
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          ByteVector data(100);
          REQUIRE(session.read(data).status == TlsStatus::protocol_error);
        }));
  });
}

TEST_CASE("The end of TCP without close_notify is no regular end", "[openssl]") {
  const TlsVersion version = GENERATE(TlsVersion::tls12, TlsVersion::tls13);
  const bool abort = GENERATE(false, true);
  const bool ktls = GENERATE(false, true);
  CAPTURE(static_cast<int>(version), abort, ktls);
  testing::in_child([&] {
    WorldSettings settings = settings_of(version);
    settings.server.ktls = {ktls, ktls};
    OpensslWorld world(settings);
    REQUIRE(world.run(
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          REQUIRE(session.write(ByteVector(50)).ok());
          sc_core::wait(1, sc_core::SC_MS);
          if (abort)
            session.process().tcp_socket(session.fd())->abort();
          else
            session.process().shutdown(session.fd(), SHUT_WR);
        },
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          ByteVector data = test::read_all(session, 50);
          const TlsResult result = session.read(data);
          REQUIRE(result.status == TlsStatus::socket_error);
          REQUIRE_THAT(session.error_text(), Catch::Contains(abort ? "reset" : "unexpected eof"));
          if (abort) REQUIRE(session.write(data).status == TlsStatus::socket_error);
        }));
  });
}

TEST_CASE("Both sides must agree on a version", "[openssl]") {
  testing::in_child([] {
    WorldSettings settings = settings_of(TlsVersion::tls12);
    settings.client.version = TlsVersion::tls13;
    OpensslWorld world(settings);
    REQUIRE(world.run(
        [](TlsSession& session) {
          REQUIRE(session.handshake().status == TlsStatus::protocol_error);
          REQUIRE(session.alert_received() == 0x0246);  // fatal, protocol_version
        },
        [](TlsSession& session) {
          REQUIRE(session.handshake().status == TlsStatus::protocol_error);
        }));
  });
}

TEST_CASE("A client refuses a certificate that it does not expect", "[openssl]") {
  testing::in_child([] {
    WorldSettings settings = settings_of(TlsVersion::tls13);
    settings.other_certificate = true;
    OpensslWorld world(settings);
    REQUIRE(world.run(
        [](TlsSession& session) {
          REQUIRE(session.handshake().status == TlsStatus::protocol_error);
          REQUIRE(session.error_text() == "certificate verify failed");
        },
        [](TlsSession& session) {
          REQUIRE(session.handshake().status == TlsStatus::protocol_error);
        }));
  });
}

TEST_CASE("Certificates follow from their seed", "[openssl]") {
  testing::in_child([] {
    DeterministicRandom random(1);
    REQUIRE_THROWS_AS(DeterministicRandom(2), std::logic_error);
    const Identity one(random, 1);
    const Identity other(random, 2);
    REQUIRE(X509_cmp(one.certificate(), Identity(random, 1).certificate()) == 0);
    REQUIRE(X509_cmp(one.certificate(), other.certificate()) != 0);
    REQUIRE(X509_verify(one.certificate(), one.key()) == 1);
    REQUIRE(X509_verify(one.certificate(), other.key()) == 0);
  });
}

TEST_CASE("A sender waits for a slow reader", "[openssl]") {
  const TlsVersion version = GENERATE(TlsVersion::tls12, TlsVersion::tls13);
  const bool ktls = GENERATE(false, true);
  const bool offload = GENERATE(false, true);
  CAPTURE(static_cast<int>(version), ktls, offload);
  testing::in_child([&] {
    WorldSettings settings = settings_of(version);
    settings.client.ktls = settings.server.ktls = {ktls, ktls};
    settings.offload = offload;
    settings.hosts.tcp.send_buffer = 20'000;
    settings.hosts.tcp.receive_buffer = 30'000;
    OpensslWorld world(settings);
    const ByteVector data = test::some_bytes(300'000);
    std::uint64_t written_ns = 0;
    REQUIRE(world.run(
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          REQUIRE(session.write(data).size == data.size());
          written_ns = static_cast<std::uint64_t>(sc_core::sc_time_stamp().to_seconds() * 1e9);
          REQUIRE(session.shutdown().ok());
        },
        [&](TlsSession& session) {
          REQUIRE(session.handshake().ok());
          sc_core::wait(50, sc_core::SC_MS);
          REQUIRE(test::read_all(session, data.size()) == data);
          ByteVector rest(1);
          REQUIRE(session.read(rest).status == TlsStatus::closed);
        }));
    REQUIRE(written_ns > 50'000'000);
  });
}

}  // namespace
}  // namespace tlsnic::host
