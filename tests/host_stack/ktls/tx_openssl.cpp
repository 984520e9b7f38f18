// OpenSSL is the peer: what kTLS sends in the client's place, the server reads.
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>

#include "tests/host_stack/ktls/tx_world.h"
#include "traces/tls/key_schedule.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TxWorld;
using traces::HandshakeDigest;

struct Suite {
  TlsVersion version;
  TlsCipher cipher;
  HandshakeDigest digest;
  const char* name;
};

const Suite suites[] = {
    {TlsVersion::tls12, TlsCipher::aes_gcm_128, HandshakeDigest::sha256,
     "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {TlsVersion::tls12, TlsCipher::aes_gcm_256, HandshakeDigest::sha384,
     "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {TlsVersion::tls12, TlsCipher::chacha20_poly1305, HandshakeDigest::sha256,
     "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {TlsVersion::tls13, TlsCipher::aes_gcm_128, HandshakeDigest::sha256, "TLS_AES_128_GCM_SHA256"},
    {TlsVersion::tls13, TlsCipher::aes_gcm_256, HandshakeDigest::sha384, "TLS_AES_256_GCM_SHA384"},
    {TlsVersion::tls13, TlsCipher::chacha20_poly1305, HandshakeDigest::sha256,
     "TLS_CHACHA20_POLY1305_SHA256"},
};

using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;
using End = std::unique_ptr<SSL, void (*)(SSL*)>;

ByteVector from_hex(const std::string& text) {
  ByteVector bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

void keep_client_secret(const SSL* ssl, const char* line) {
  const std::string text = line;
  if (text.rfind("CLIENT_TRAFFIC_SECRET_0 ", 0) == 0)
    *static_cast<ByteVector*>(SSL_get_app_data(ssl)) =
        from_hex(text.substr(text.find_last_of(' ') + 1));
}

// Both ends after their handshake; then only the server is used.
class Session {
 public:
  explicit Session(const Suite& suite)
      : suite_(suite),
        context_(SSL_CTX_new(TLS_method()), &SSL_CTX_free),
        client_(nullptr, &SSL_free),
        server_(nullptr, &SSL_free) {
    const bool is_tls13 = suite.version == TlsVersion::tls13;
    SSL_CTX_set_min_proto_version(context_.get(), is_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), is_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    REQUIRE((is_tls13 ? SSL_CTX_set_ciphersuites(context_.get(), suite.name)
                      : SSL_CTX_set_cipher_list(context_.get(), suite.name)) == 1);
    SSL_CTX_set_keylog_callback(context_.get(), &keep_client_secret);
    use_certificate();
    client_.reset(SSL_new(context_.get()));
    server_.reset(SSL_new(context_.get()));
    for (SSL* end : {client_.get(), server_.get()}) {
      SSL_set_bio(end, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
      SSL_set_app_data(end, &secret);
    }
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server_.get());
    for (int i = 0; i < 4; ++i) {
      SSL_do_handshake(client_.get());
      carry(client_.get(), server_.get());
      SSL_do_handshake(server_.get());
      carry(server_.get(), client_.get());
    }
    REQUIRE(SSL_is_init_finished(client_.get()) == 1);
    REQUIRE(SSL_is_init_finished(server_.get()) == 1);
  }

  // Of the client, to go on with. In TLS 1.2 its Finished was record 0.
  TxCryptoInfo client_write() const {
    TxCryptoInfo info;
    if (suite_.version == TlsVersion::tls13) {
      info.base.keys = traces::tls13_keys(suite_.cipher, suite_.digest, secret);
      return info;
    }
    ByteVector master(48), client_random(32), server_random(32);
    SSL_SESSION_get_master_key(SSL_get_session(client_.get()), master.data(), master.size());
    SSL_get_client_random(client_.get(), client_random.data(), 32);
    SSL_get_server_random(client_.get(), server_random.data(), 32);
    info.base.keys =
        traces::tls12_keys(suite_.cipher, suite_.digest, master, client_random, server_random)
            .client_write;
    info.base.record_number = 1;
    info.explicit_nonce = 0xfffffffffffffffe;  // any will do, but not those of the handshake
    return info;
  }

  // What the server's application gets of it.
  ByteVector read(const ByteVector& wire) {
    if (!wire.empty())
      BIO_write(SSL_get_rbio(server_.get()), wire.data(), static_cast<int>(wire.size()));
    ByteVector got;
    std::uint8_t buffer[20000];
    int count = 0;
    while ((count = SSL_read(server_.get(), buffer, sizeof buffer)) > 0)
      got.insert(got.end(), buffer, buffer + count);
    error = SSL_get_error(server_.get(), count);
    return got;
  }

  ByteVector secret;
  int error = 0;

 private:
  void use_certificate() {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), &X509_free);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
    REQUIRE(SSL_CTX_use_certificate(context_.get(), certificate.get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1);
  }

  static void carry(SSL* from, SSL* to) {
    ByteVector bytes(BIO_ctrl_pending(SSL_get_wbio(from)));
    if (bytes.empty()) return;
    BIO_read(SSL_get_wbio(from), bytes.data(), static_cast<int>(bytes.size()));
    BIO_write(SSL_get_rbio(to), bytes.data(), static_cast<int>(bytes.size()));
  }

  Suite suite_;
  Context context_;
  End client_;
  End server_;
};

// All of the stream as it leaves, in segments that the fallback encrypts if the device has it.
ByteVector on_the_wire(TxWorld& world, std::size_t start = 0) {
  ByteVector wire;
  while (start < world.tcp.size()) {
    const std::size_t end = std::min(start + 1448, world.tcp.run_end(start));
    const auto sent = world.transmit(start, end, world.other);
    REQUIRE(sent);
    wire.insert(wire.end(), sent->begin(), sent->end());
    start = end;
  }
  return wire;
}

TEST_CASE("OpenSSL reads what TLS_SW and the fallback send", "[tx]") {
  const Suite suite = GENERATE(from_range(std::begin(suites), std::end(suites)));
  const bool hardware = GENERATE(false, true);
  CAPTURE(suite.name, hardware);
  Session session(suite);
  TxWorld world(hardware);
  REQUIRE(world.tx->install(session.client_write()) == 0);
  REQUIRE(world.tx->is_hardware() == (hardware && suite.cipher != TlsCipher::chacha20_poly1305));
  ByteVector sent;
  for (const std::size_t size : {1, 5, 1000, 16383, 16384, 16385, 50000}) {
    const ByteVector data = test::some_bytes(size, static_cast<std::uint32_t>(size));
    sent.insert(sent.end(), data.begin(), data.end());
    REQUIRE(world.tx->send(data, {size == 5, size == 1000}).taken == size);
  }
  world.tx->send(Bytes{});  // an empty record is well-formed too
  const ByteVector close_notify = {1, 0};
  REQUIRE(world.tx->send_control(record_alert, close_notify).error == 0);
  REQUIRE(session.read(on_the_wire(world)) == sent);
  REQUIRE(session.error == SSL_ERROR_ZERO_RETURN);
}

TEST_CASE("OpenSSL follows a KeyUpdate", "[tx]") {
  const Suite suite = GENERATE(from_range(std::begin(suites) + 3, std::end(suites)));
  const bool hardware = GENERATE(false, true);
  const bool acked_at_once = GENERATE(false, true);
  CAPTURE(suite.name, hardware, acked_at_once);
  Session session(suite);
  TxWorld world(hardware);
  REQUIRE(world.tx->install(session.client_write()) == 0);
  const ByteVector data = test::some_bytes(30000);
  traces::Secret secret;
  secret.size = static_cast<std::uint8_t>(session.secret.size());
  std::copy(session.secret.begin(), session.secret.end(), secret.bytes.begin());
  std::size_t read = 0;
  for (int round = 0; round < 3; ++round) {
    REQUIRE(world.tx->send(data).taken == data.size());
    const ByteVector key_update = {24, 0, 0, 1, 0};
    REQUIRE(world.tx->send_control(record_handshake, key_update).error == 0);
    if (acked_at_once) {
      REQUIRE(session.read(on_the_wire(world, read)) == data);
      read = world.tcp.size();
      world.ack(read);
    }
    secret = traces::next_traffic_secret(suite.digest, secret.view());
    TxCryptoInfo next;
    next.base.keys = traces::tls13_keys(suite.cipher, suite.digest, secret.view());
    REQUIRE(world.tx->rekey(next) == 0);
    REQUIRE(world.tx->send(data).taken == data.size());
    REQUIRE(session.read(on_the_wire(world, read)) == (acked_at_once ? data : [&] {
              ByteVector twice = data;
              twice.insert(twice.end(), data.begin(), data.end());
              return twice;
            }()));
    read = world.tcp.size();
    world.ack(read);
  }
}

}  // namespace
}  // namespace tlsnic::host
