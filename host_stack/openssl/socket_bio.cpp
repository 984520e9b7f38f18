#include "host_stack/openssl/socket_bio.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "host_stack/ktls/crypto_info.h"

namespace tlsnic::host {
namespace {

// Controls that libssl 3.0 uses without naming them in its public headers.
constexpr int ctrl_set_ktls = 72;                // number: 1 to send; pointer: crypto_info
constexpr int ctrl_set_ktls_send_ctrl_msg = 74;  // number: record type
constexpr int ctrl_clear_ktls_ctrl_msg = 75;

constexpr std::uint8_t handshake_key_update = 24;  // RFC 8446, section 4

SocketBio& self(BIO* bio) {
  return *static_cast<SocketBio*>(BIO_get_data(bio));
}

int bio_write(BIO* bio, const char* data, int size) {
  if (size <= 0) return 0;
  return self(bio).write(
      {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
}

int bio_read(BIO* bio, char* out, int size) {
  if (size <= 0) return 0;
  return self(bio).read({reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size)});
}

long bio_control(BIO* bio, int command, long number, void* pointer) {
  return self(bio).control(command, number, pointer);
}

const BIO_METHOD* method() {
  static const BIO_METHOD* const only = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "simulated socket");
    if (made == nullptr) throw_openssl_error("BIO_meth_new");
    BIO_meth_set_write(made, &bio_write);
    BIO_meth_set_read(made, &bio_read);
    BIO_meth_set_ctrl(made, &bio_control);
    return made;
  }();
  return only;
}

}  // namespace

SocketBio::SocketBio(KtlsSocket& socket, KtlsUse use)
    : socket_(socket), use_(use), bio_(BIO_new(method())) {
  if (!bio_) throw_openssl_error("BIO_new");
  BIO_set_data(bio_.get(), this);
  BIO_set_init(bio_.get(), 1);
}

int SocketBio::retry(int flags) {
  BIO_set_flags(bio_.get(), flags | BIO_FLAGS_SHOULD_RETRY);
  return -1;
}

int SocketBio::fail(int error) {
  error_ = error;
  errno = error;
  return -1;
}

bool SocketBio::is_key_update(std::uint8_t type, Bytes message, bool tx) const {
  return type == record_handshake && !message.empty() && message[0] == handshake_key_update &&
         (tx ? tx_secret_ : rx_secret_).has_value();
}

// ---- keys

bool SocketBio::install(const void* crypto_info, bool tx) {
  if (crypto_info == nullptr || !(tx ? use_.tx : use_.rx)) return false;
  const std::optional<TxCryptoInfo> info = read_crypto_info(crypto_info);
  if (!info) return false;
  return (tx ? socket_.set_tls_tx(*info) : socket_.set_tls_rx(*info)) == 0;
}

int SocketBio::set_rx_secret(TrafficSecret secret) {
  if (!use_.rx) return EOPNOTSUPP;
  TxCryptoInfo info;
  info.base.keys = secret.keys();
  const int error = socket_.set_tls_rx(info);
  if (error != 0) return error;
  rx_secret_ = std::move(secret);
  is_tls13_rx_ = true;
  return 0;
}

// An exception must not pass through libssl: OpenSSL refuses a derivation only without memory.
std::optional<TrafficSecret> SocketBio::next_of(const std::optional<TrafficSecret>& secret,
                                                TrafficKeys& keys) {
  try {
    TrafficSecret next = secret.value();
    next.update();
    keys = next.keys();
    return next;
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

int SocketBio::update_tx() {
  if (!tx_secret_ || !socket_.has_tx()) return EINVAL;
  TxCryptoInfo info;
  std::optional<TrafficSecret> next = next_of(tx_secret_, info.base.keys);
  if (!next) return ENOMEM;
  const int error = socket_.set_tls_tx(info);
  if (error == 0) tx_secret_ = std::move(next);
  return error;
}

int SocketBio::update_rx() {
  if (!rx_secret_ || !socket_.has_rx()) return EINVAL;
  TxCryptoInfo info;
  std::optional<TrafficSecret> next = next_of(rx_secret_, info.base.keys);
  if (!next) return ENOMEM;
  const int error = socket_.set_tls_rx(info);
  if (error == 0) rx_secret_ = std::move(next);
  return error;
}

// ---- data

int SocketBio::write(Bytes data) {
  BIO_clear_retry_flags(bio_.get());
  if (tx_update_due_) {
    const int error = update_tx();
    if (error == EAGAIN) return retry(BIO_FLAGS_WRITE);
    if (error != 0) return fail(error);
    tx_update_due_ = false;
  }
  const ssize_t taken = socket_.send(data, next_type_);
  if (taken < 0) return errno == EAGAIN ? retry(BIO_FLAGS_WRITE) : fail(errno);
  tx_update_due_ = next_type_ && is_key_update(*next_type_, data, true);
  if (static_cast<std::size_t>(taken) == data.size()) next_type_.reset();
  return static_cast<int>(taken);
}

int SocketBio::read_record(MutableBytes out) {
  const std::size_t inner_type = is_tls13_rx_ ? 1 : 0;
  if (out.size() <= record_header_size + inner_type) return fail(EMSGSIZE);
  // No more than a record may hold: libssl takes what comes for one.
  const MutableBytes room = out.subspan(
      record_header_size,
      std::min(out.size() - record_header_size - inner_type, std::size_t{max_record_plaintext}));
  std::optional<std::uint8_t> received_type;
  const ssize_t size = socket_.receive(room, received_type);
  if (size < 0) return errno == EAGAIN ? retry(BIO_FLAGS_READ) : fail(errno);
  const std::uint8_t type = received_type.value_or(record_application_data);
  at_end_ = size == 0 && type == record_application_data;
  if (at_end_) return 0;
  // As it would look on the wire without cryptography.
  const auto length = static_cast<std::size_t>(size);
  out[0] = is_tls13_rx_ ? record_application_data : type;
  store_be16(out.data() + 1, record_header_version);
  store_be16(out.data() + 3, static_cast<std::uint16_t>(length + inner_type));
  if (is_tls13_rx_) {
    out[record_header_size + length] = type;
    rx_update_due_ = is_key_update(type, Bytes(room).first(length), false);
  }
  return static_cast<int>(record_header_size + length + inner_type);
}

int SocketBio::read(MutableBytes out) {
  BIO_clear_retry_flags(bio_.get());
  if (rx_update_due_) {
    const int error = update_rx();
    if (error != 0) return fail(error);
    rx_update_due_ = false;
  }
  if (socket_.has_rx()) return read_record(out);
  std::optional<std::uint8_t> no_type;
  const ssize_t size = socket_.receive(out, no_type);
  if (size < 0) return errno == EAGAIN ? retry(BIO_FLAGS_READ) : fail(errno);
  at_end_ = size == 0;
  return static_cast<int>(size);
}

long SocketBio::control(int command, long number, void* pointer) {
  switch (command) {
    case ctrl_set_ktls:
      return install(pointer, number != 0) ? 1 : 0;
    case BIO_CTRL_GET_KTLS_SEND:
      return socket_.has_tx() ? 1 : 0;
    case BIO_CTRL_GET_KTLS_RECV:
      return socket_.has_rx() ? 1 : 0;
    case ctrl_set_ktls_send_ctrl_msg:
      next_type_ = static_cast<std::uint8_t>(number);
      return 1;
    case ctrl_clear_ktls_ctrl_msg:
      next_type_.reset();
      return 1;
    case BIO_CTRL_EOF:
      return at_end_ ? 1 : 0;
    case BIO_CTRL_FLUSH:
      return 1;
    default:
      // Nothing is pending in here, nothing to push or pop, no descriptor.
      return 0;
  }
}

}  // namespace tlsnic::host
