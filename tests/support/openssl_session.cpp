#include "tests/support/openssl_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace tlsnic::testing {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  char text[200] = "";
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  throw std::runtime_error(std::string(what) + ": " + text);
}

struct Identity {
  EVP_PKEY* key;
  X509* certificate;
};

// Self-signed, and large enough (a comment of 3000 bytes) to be cut into several records.
Identity make_identity() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  require(key != nullptr && certificate != nullptr, "making a key");
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * 24 * 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("tlsnic"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  const std::string comment(3000, 'x');
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_netscape_comment, comment.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  require(X509_sign(certificate, key, EVP_sha256()) > 0, "signing a certificate");
  return {key, certificate};
}

void identify(SSL_CTX* context) {
  // One for the process: it lives as long as the tests.
  static const Identity identity = make_identity();
  require(SSL_CTX_use_certificate(context, identity.certificate) == 1 &&
              SSL_CTX_use_PrivateKey(context, identity.key) == 1,
          "using a certificate");
}

int accept_any_certificate(int, X509_STORE_CTX*) {
  return 1;
}

void append_to_key_log(const SSL* ssl, const char* line) {
  auto* log = static_cast<std::string*>(SSL_get_app_data(ssl));
  *log += line;
  *log += '\n';
}

std::shared_ptr<SSL_CTX> make_context(const OpensslOptions& options) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_method()), &SSL_CTX_free);
  require(context != nullptr, "making a context");
  SSL_CTX_set_security_level(context.get(), 0);  // else Debian refuses TLS 1.0 and 1.1
  SSL_CTX_set_min_proto_version(context.get(), options.version);
  SSL_CTX_set_max_proto_version(context.get(), options.version);
  if (!options.cipher.empty())
    require((options.version == TLS1_3_VERSION
                 ? SSL_CTX_set_ciphersuites(context.get(), options.cipher.c_str())
                 : SSL_CTX_set_cipher_list(context.get(), options.cipher.c_str())) == 1,
            "choosing a cipher suite");
  if (options.max_fragment != 0)
    require(SSL_CTX_set_max_send_fragment(context.get(), static_cast<long>(options.max_fragment)),
            "choosing a record size");
  return context;
}

std::shared_ptr<SSL_CTX> make_client(const OpensslOptions& options) {
  auto context = make_context(options);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_keylog_callback(context.get(), &append_to_key_log);
  // OpenSSL sends a key share of the first group only.
  if (options.retry_request)
    require(SSL_CTX_set1_groups_list(context.get(), "X25519:P-384") == 1, "choosing groups");
  if (options.client_certificate) identify(context.get());
  if (options.large_hello) {
    std::vector<std::uint8_t> protocols;
    for (int i = 0; i < 10; ++i) {
      protocols.push_back(100);
      protocols.insert(protocols.end(), 100, static_cast<std::uint8_t>('a' + i));
    }
    require(SSL_CTX_set_alpn_protos(context.get(), protocols.data(),
                                    static_cast<unsigned>(protocols.size())) == 0,
            "offering protocols");
  }
  return context;
}

std::shared_ptr<SSL_CTX> make_server(const OpensslOptions& options) {
  auto context = make_context(options);
  identify(context.get());
  const unsigned char session_context[] = "tlsnic";
  SSL_CTX_set_session_id_context(context.get(), session_context, sizeof session_context);
  if (options.retry_request)
    require(SSL_CTX_set1_groups_list(context.get(), "P-384") == 1, "choosing groups");
  if (options.client_certificate)
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       &accept_any_certificate);
  if (!options.tickets) SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  // Without it a ticket is good for early data only while the server remembers it.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_ANTI_REPLAY);
  SSL_CTX_set_max_early_data(context.get(), static_cast<std::uint32_t>(options.max_early_data));
  return context;
}

}  // namespace

OpensslSession::OpensslSession(const OpensslOptions& options)
    : client_context_(make_client(options)), server_context_(make_server(options)) {
  connect();
}

OpensslSession::OpensslSession(const OpensslSession& previous, int)
    : client_context_(previous.client_context_), server_context_(previous.server_context_) {
  connect();
  const std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> session(
      SSL_get1_session(previous.end(Side::client)), &SSL_SESSION_free);
  require(session != nullptr && SSL_set_session(end(Side::client), session.get()) == 1,
          "offering a session");
}

OpensslSession::~OpensslSession() = default;

std::unique_ptr<OpensslSession> OpensslSession::resumption() const {
  return std::unique_ptr<OpensslSession>(new OpensslSession(*this, 0));
}

void OpensslSession::connect() {
  for (const auto& context : {client_context_, server_context_}) {
    End made(SSL_new(context.get()), &SSL_free);
    require(made != nullptr, "making a connection");
    SSL_set_bio(made.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_app_data(made.get(), &key_log_);
    ends_.push_back(std::move(made));
  }
  SSL_set_connect_state(end(Side::client));
  SSL_set_accept_state(end(Side::server));
}

void OpensslSession::check(Side side, int result, const char* what) {
  if (result > 0) return;
  const int error = SSL_get_error(end(side), result);
  if (error == SSL_ERROR_WANT_READ) return;
  carry(side);  // the alert
  require(false, what);
}

// What one side has written becomes a flight and the other side's input.
void OpensslSession::carry(Side from) {
  BIO* out = SSL_get_wbio(end(from));
  std::vector<std::uint8_t> bytes(BIO_ctrl_pending(out));
  if (bytes.empty()) return;
  BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  BIO_write(SSL_get_rbio(end(other(from))), bytes.data(), static_cast<int>(bytes.size()));
  flights_.push_back({from, std::move(bytes)});
}

// Lets both sides read until nothing is under way.
void OpensslSession::drain() {
  std::size_t before = 0;
  do {
    before = flights_.size();
    for (const Side side : {Side::client, Side::server}) {
      std::uint8_t buffer[4096];
      int count = 0;
      ERR_clear_error();
      while ((count = SSL_read(end(side), buffer, sizeof buffer)) > 0)
        received_[index(side)].insert(received_[index(side)].end(), buffer, buffer + count);
      if (SSL_get_error(end(side), count) != SSL_ERROR_ZERO_RETURN) check(side, count, "reading");
      carry(side);
    }
  } while (flights_.size() != before);
}

void OpensslSession::handshake() {
  const auto is_finished = [this](Side side) { return SSL_is_init_finished(end(side)) == 1; };
  while (!is_finished(Side::client) || !is_finished(Side::server)) {
    const std::size_t before = flights_.size();
    for (const Side side : {Side::client, Side::server}) {
      ERR_clear_error();
      check(side, SSL_do_handshake(end(side)), "handshake");
      carry(side);
    }
    if (flights_.size() == before && !is_finished(Side::server))
      throw std::runtime_error("the handshake stands still");
  }
  drain();
}

void OpensslSession::handshake_with_early_data(Bytes data, bool is_accepted) {
  std::size_t count = 0;
  require(SSL_write_early_data(end(Side::client), data.data(), data.size(), &count) == 1,
          "writing early data");
  carry(Side::client);
  if (is_accepted) {
    std::vector<std::uint8_t> buffer(data.size());
    require(SSL_read_early_data(end(Side::server), buffer.data(), buffer.size(), &count) ==
                SSL_READ_EARLY_DATA_SUCCESS,
            "reading early data");
    received_[1].insert(received_[1].end(), buffer.begin(),
                        buffer.begin() + static_cast<std::ptrdiff_t>(count));
    carry(Side::server);
    // The client's EndOfEarlyData comes with the rest of its handshake.
    check(Side::client, SSL_do_handshake(end(Side::client)), "handshake");
    carry(Side::client);
    require(SSL_read_early_data(end(Side::server), buffer.data(), buffer.size(), &count) ==
                SSL_READ_EARLY_DATA_FINISH,
            "finishing early data");
  }
  handshake();
}

bool OpensslSession::is_resumed() const {
  return SSL_session_reused(end(Side::client)) == 1;
}

void OpensslSession::write(Side from, Bytes plaintext) {
  ERR_clear_error();
  check(from, SSL_write(end(from), plaintext.data(), static_cast<int>(plaintext.size())),
        "writing");
  carry(from);
  drain();
}

void OpensslSession::update_key(Side from, bool ask_peer) {
  require(SSL_key_update(end(from),
                         ask_peer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) == 1,
          "asking for a key update");
  check(from, SSL_do_handshake(end(from)), "key update");
  carry(from);
  drain();
}

void OpensslSession::close(Side from) {
  SSL_shutdown(end(from));
  carry(from);
  drain();
}

std::vector<std::uint8_t> OpensslSession::stream(Side from) const {
  std::vector<std::uint8_t> out;
  for (const Flight& flight : flights_)
    if (flight.from == from) out.insert(out.end(), flight.bytes.begin(), flight.bytes.end());
  return out;
}

}  // namespace tlsnic::testing
