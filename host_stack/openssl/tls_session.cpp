#include "host_stack/openssl/tls_session.h"

#include <cerrno>
#include <cstring>

namespace tlsnic::host {
namespace {

TlsSession& session_of(const SSL* ssl) {
  return *static_cast<TlsSession*>(SSL_get_app_data(ssl));
}

// As key logs spell them.
constexpr std::string_view client_label = "CLIENT_TRAFFIC_SECRET_0 ";
constexpr std::string_view server_label = "SERVER_TRAFFIC_SECRET_0 ";

std::uint8_t hex_digit(char c) {
  return static_cast<std::uint8_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

}  // namespace

TlsSession::TlsSession(const TlsContext& context, Process& process, int fd, std::uint64_t seed)
    : context_(context),
      socket_(process, fd, context.settings().ktls.tx || context.settings().ktls.rx),
      bio_(socket_, context.settings().ktls),
      random_(seed) {
  const DeterministicRandom::Use use(context.random(), random_);
  ssl_.reset(SSL_new(context.get()));
  if (!ssl_) throw_openssl_error("SSL_new");
  SSL_set_app_data(ssl_.get(), this);
  SSL_CTX_set_keylog_callback(context.get(), &keep_key_log);
  SSL_set_info_callback(ssl_.get(), &keep_alert);
  // One reference for both directions, another stays with bio_.
  BIO_up_ref(bio_.bio());
  SSL_set_bio(ssl_.get(), bio_.bio(), bio_.bio());
  if (context.role() == TlsRole::server)
    SSL_set_accept_state(ssl_.get());
  else
    SSL_set_connect_state(ssl_.get());
}

TlsSession::~TlsSession() {
  const DeterministicRandom::Use use(context_.random(), random_);
  ssl_.reset();
}

void TlsSession::keep_key_log(const SSL* ssl, const char* line) {
  session_of(ssl).key_log_.emplace_back(line);
}

void TlsSession::keep_alert(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0) return;
  TlsSession& session = session_of(ssl);
  ((where & SSL_CB_READ) != 0 ? session.alert_received_ : session.alert_sent_) = value;
}

bool TlsSession::finish(int result, TlsResult& outcome) {
  const int saved_errno = bio_.error();
  const int error = SSL_get_error(ssl_.get(), result);
  switch (error) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return false;
    case SSL_ERROR_NONE:
      outcome.status = TlsStatus::ok;
      return true;
    case SSL_ERROR_ZERO_RETURN:
      outcome.status = TlsStatus::closed;
      error_text_ = "closed by the peer";
      return true;
    default:
      break;
  }
  const bool unexpected_end =
      ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  outcome.status = error == SSL_ERROR_SYSCALL || unexpected_end ? TlsStatus::socket_error
                                                                : TlsStatus::protocol_error;
  error_text_ = take_openssl_error();
  if (error_text_.empty() && saved_errno != 0) error_text_ = std::strerror(saved_errno);
  return true;
}

TlsResult TlsSession::handshake() {
  TlsResult result = run([](SSL* ssl) { return SSL_do_handshake(ssl); });
  if (!result.ok() || context_.settings().version != TlsVersion::tls13) return result;
  if (const int error = hand_over_tls13(); error != 0) {
    error_text_ = std::strerror(error);
    result.status = TlsStatus::socket_error;
  }
  return result;
}

// The handshake is done and libssl reads record by record: the next byte of the socket begins
// record 0 under the peer's application keys.
int TlsSession::hand_over_tls13() {
  const bool is_server = context_.role() == TlsRole::server;
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get());
  if (!ktls_cipher(cipher)) return 0;
  bio_.set_tx_secret({cipher, secret(is_server ? server_label : client_label)});
  const TlsSettings& settings = context_.settings();
  if (!settings.ktls.rx || !settings.ktls_rx_tls13) return 0;
  return bio_.set_rx_secret({cipher, secret(is_server ? client_label : server_label)});
}

// A key log line is label, client random, secret; both in hexadecimal.
std::vector<std::uint8_t> TlsSession::secret(std::string_view label) const {
  std::vector<std::uint8_t> bytes;
  for (const std::string& line : key_log_) {
    if (line.compare(0, label.size(), label) != 0) continue;
    for (std::size_t at = line.rfind(' ') + 1; at + 1 < line.size(); at += 2)
      bytes.push_back(
          static_cast<std::uint8_t>(hex_digit(line[at]) << 4 | hex_digit(line[at + 1])));
  }
  return bytes;
}

TlsResult TlsSession::write(Bytes data) {
  if (data.empty()) return {};
  std::size_t size = 0;
  TlsResult result =
      run([&](SSL* ssl) { return SSL_write_ex(ssl, data.data(), data.size(), &size); });
  result.size = size;
  return result;
}

TlsResult TlsSession::read(MutableBytes out) {
  std::size_t size = 0;
  TlsResult result = run([&](SSL* ssl) { return SSL_read_ex(ssl, out.data(), out.size(), &size); });
  result.size = size;
  return result;
}

TlsResult TlsSession::shutdown() {
  // 0: ours is sent, the peer's has not come yet.
  return run([](SSL* ssl) {
    const int result = SSL_shutdown(ssl);
    return result == 0 ? 1 : result;
  });
}

TlsResult TlsSession::update_key() {
  return run([](SSL* ssl) { return SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED); });
}

RecordLayer TlsSession::tx_records() const {
  const Tx* tx = socket_.tcp().tls_tx();
  if (tx == nullptr) return RecordLayer::openssl;
  return tx->is_hardware() ? RecordLayer::tls_hw : RecordLayer::tls_sw;
}

RecordLayer TlsSession::rx_records() const {
  Socket* receiving = socket_.tcp().receiving();
  const Rx* rx = receiving != nullptr ? receiving->tls_rx() : nullptr;
  if (rx == nullptr) return RecordLayer::openssl;
  return rx->is_hardware() ? RecordLayer::tls_hw : RecordLayer::tls_sw;
}

}  // namespace tlsnic::host
