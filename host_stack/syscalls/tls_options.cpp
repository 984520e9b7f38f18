// TCP_ULP and the options of level SOL_TLS (facts 2.1, 2.4, 2.5).
#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "host_stack/ktls/crypto_info.h"
#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/tls_uapi.h"

namespace tlsnic::host {
namespace {

constexpr socklen_t max_length = std::numeric_limits<int>::max();  // beyond, Linux sees less than 0
constexpr char ulp_name[16] = "tls";                               // TCP_ULP_NAME_MAX

Tx* tx_of(OpenSocket& socket) {
  return socket.tcp->tls_tx();
}

Rx* rx_of(OpenSocket& socket) {
  Socket* receiving = socket.tcp->receiving();
  return receiving != nullptr ? receiving->tls_rx() : nullptr;
}

// Null while the direction has none.
const TrafficKeys* keys_of(OpenSocket& socket, bool is_tx) {
  if (is_tx) return tx_of(socket) != nullptr ? &tx_of(socket)->keys() : nullptr;
  return rx_of(socket) != nullptr ? &rx_of(socket)->keys() : nullptr;
}

// Both directions have the same version, whichever came first.
bool is_tls13(OpenSocket& socket) {
  const TrafficKeys* keys = keys_of(socket, true);
  if (keys == nullptr) keys = keys_of(socket, false);
  return keys != nullptr && keys->version == TlsVersion::tls13;
}

template <typename T>
T load(const void* value) {
  T out;
  std::memcpy(&out, value, sizeof out);
  return out;
}

// EFAULT, or the length and the value.
template <typename T>
int store(T value, void* out, socklen_t* length) {
  *length = sizeof value;
  if (is_bad_address(out)) return EFAULT;
  std::memcpy(out, &value, sizeof value);
  return 0;
}

// ---- TLS_TX, TLS_RX

int install(OpenSocket& socket, bool is_tx, const TxCryptoInfo& info) {
  if (!is_tx) {
    const int error = socket.tcp->set_tls_rx(info.base);
    if (error == 0) socket.tls_rx_nonce = info.explicit_nonce - info.base.record_number;
    return error;
  }
  const bool is_first = tx_of(socket) == nullptr;
  const int error = socket.tcp->set_tls_tx(info);
  if (error == 0 && is_first) {
    if (socket.tls_zerocopy_ro) tx_of(socket)->set_zerocopy_ro(*socket.tls_zerocopy_ro);
    if (socket.tls_max_payload) tx_of(socket)->set_max_payload(*socket.tls_max_payload);
  }
  return error;
}

int set_keys(OpenSocket& socket, bool is_tx, const void* value, socklen_t length) {
  if (value == nullptr || length < crypto_info_head_size) return EINVAL;
  const TrafficKeys* own = keys_of(socket, is_tx);
  // What goes wrong here never gets to Tx::rekey() and Rx::rekey(), which count their own errors.
  const auto refuse = [&](int error) {
    if (own != nullptr)
      socket.host.tls_stat().increment(is_tx ? TlsCounter::tx_rekey_error
                                             : TlsCounter::rx_rekey_error);
    return error;
  };
  if (own != nullptr && own->version != TlsVersion::tls13) return refuse(EBUSY);
  if (is_bad_address(value)) return refuse(EFAULT);
  const auto info = read_crypto_info(Bytes(static_cast<const std::uint8_t*>(value), length));
  if (!info) return refuse(EINVAL);
  const TrafficKeys& keys = info->base.keys;
  const TrafficKeys* agreed = own != nullptr ? own : keys_of(socket, !is_tx);
  if (agreed != nullptr && (keys.version != agreed->version || keys.cipher != agreed->cipher))
    return refuse(EINVAL);
  return install(socket, is_tx, *info);
}

int get_keys(OpenSocket& socket, bool is_tx, void* value, socklen_t* length) {
  if (value == nullptr || *length < crypto_info_head_size) return EINVAL;
  const TrafficKeys* keys = keys_of(socket, is_tx);
  if (keys == nullptr) return EBUSY;
  auto* bytes = static_cast<std::uint8_t*>(value);
  if (*length == crypto_info_head_size) {
    if (is_bad_address(value)) return EFAULT;
    write_crypto_info_head(*keys, {bytes, crypto_info_head_size});
    return 0;
  }
  if (*length != crypto_info_size(keys->cipher)) return EINVAL;
  if (is_bad_address(value)) return EFAULT;
  TxCryptoInfo info;
  info.base.keys = *keys;
  if (is_tx) {
    info.base.record_number = tx_of(socket)->record_number();
    info.explicit_nonce = tx_of(socket)->explicit_nonce();
  } else {
    info.base.record_number = rx_of(socket)->record_number();
    // The kernel advances the receiver's iv with its record number, though no record needs it.
    info.explicit_nonce = socket.tls_rx_nonce + info.base.record_number;
  }
  write_crypto_info(info, {bytes, *length});
  return 0;
}

// ---- the others

int set_zerocopy_ro(OpenSocket& socket, const void* value, socklen_t length) {
  if (value == nullptr || length != sizeof(std::uint32_t)) return EINVAL;
  if (is_bad_address(value)) return EFAULT;
  const auto on = load<std::uint32_t>(value);
  if (on > 1) return EINVAL;
  socket.tls_zerocopy_ro = on != 0;
  if (Tx* tx = tx_of(socket); tx != nullptr) tx->set_zerocopy_ro(on != 0);
  return 0;
}

int get_zerocopy_ro(OpenSocket& socket, void* value, socklen_t* length) {
  if (*length != sizeof(std::uint32_t)) return EINVAL;
  const Tx* tx = tx_of(socket);
  const bool on = tx != nullptr ? tx->zerocopy_ro() : socket.tls_zerocopy_ro.value_or(false);
  return store(std::uint32_t{on}, value, length);
}

int set_no_pad(OpenSocket& socket, const void* value, socklen_t length) {
  if (!is_tls13(socket) || value == nullptr || length < sizeof(std::uint32_t)) return EINVAL;
  if (is_bad_address(value)) return EFAULT;
  const auto on = load<std::uint32_t>(value);
  const auto* bytes = static_cast<const std::uint8_t*>(value);
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  if (on > 1 || !std::all_of(bytes + sizeof on, bytes + length, is_zero)) return EINVAL;
  Rx* rx = rx_of(socket);
  if (rx == nullptr) return EINVAL;
  rx->set_expect_no_pad(on != 0);
  return 0;
}

int get_no_pad(OpenSocket& socket, void* value, socklen_t* length) {
  const Rx* rx = rx_of(socket);
  if (!is_tls13(socket) || *length < sizeof(std::uint32_t) || rx == nullptr) return EINVAL;
  return store(std::uint32_t{rx->expect_no_pad()}, value, length);
}

int set_max_payload(OpenSocket& socket, const void* value, socklen_t length) {
  Tx* tx = tx_of(socket);
  if (tx != nullptr && !tx->is_hardware() && tx->open_bytes() > 0) return EBUSY;
  if (value == nullptr || length != sizeof(std::uint16_t)) return EINVAL;
  if (is_bad_address(value)) return EFAULT;
  const auto size = load<std::uint16_t>(value);
  if (tx != nullptr) return tx->set_max_payload(size);
  if (size < (is_tls13(socket) ? 63 : 64) || size > max_record_plaintext) return EINVAL;
  socket.tls_max_payload = size;
  return 0;
}

int get_max_payload(OpenSocket& socket, void* value, socklen_t* length) {
  if (*length < sizeof(std::uint16_t)) return EINVAL;
  const Tx* tx = tx_of(socket);
  const std::size_t size =
      tx != nullptr ? tx->max_payload() : socket.tls_max_payload.value_or(std::uint16_t{16384});
  return store(static_cast<std::uint16_t>(size), value, length);
}

}  // namespace

int Process::set_ulp(OpenSocket& socket, const void* value, socklen_t length) {
  if (length < 1 || length > max_length) return EINVAL;
  if (is_bad_address(value)) return EFAULT;
  const char* name = static_cast<const char*>(value);
  const std::size_t size = strnlen(name, std::min<std::size_t>(length, sizeof ulp_name - 1));
  if (std::string_view(name, size) != ulp_name) return ENOENT;
  if (socket.tls) return EEXIST;
  if (socket.tcp == nullptr || socket.tcp->state() != TcpState::established) return ENOTCONN;
  socket.tls = true;
  return 0;
}

int Process::get_ulp(OpenSocket& socket, void* value, socklen_t* length) {
  if (is_bad_address(length)) return EFAULT;
  if (*length > max_length) return EINVAL;
  *length = socket.tls ? std::min<socklen_t>(*length, sizeof ulp_name) : 0;
  if (*length == 0) return 0;
  if (is_bad_address(value)) return EFAULT;
  std::memcpy(value, ulp_name, *length);
  return 0;
}

int Process::set_tls_option(OpenSocket& socket, int name, const void* value, socklen_t length) {
  if (!socket.tls) return ENOPROTOOPT;
  if (length > max_length) return EINVAL;
  switch (name) {
    case TLS_TX: {
      // A rekey in TLS_HW has to get rid of what still waits for room in TCP.
      int error = 0;
      wait_until(socket.is_blocking(), socket.send_timeout_ns, [&] {
        error = set_keys(socket, true, value, length);
        if (error == EAGAIN && socket.tcp->state() == TcpState::closed) error = EPIPE;
        return error != EAGAIN;
      });
      return error;
    }
    case TLS_RX: {
      const int error = set_keys(socket, false, value, length);
      // Who waits for a record, or polls, looks again: a rekey ends EKEYEXPIRED.
      if (error == 0) socket.scheduler.wake();
      return error;
    }
    case TLS_TX_ZEROCOPY_RO:
      return set_zerocopy_ro(socket, value, length);
    case TLS_RX_EXPECT_NO_PAD:
      return set_no_pad(socket, value, length);
    case TLS_TX_MAX_PAYLOAD_LEN:
      return set_max_payload(socket, value, length);
    default:
      return ENOPROTOOPT;
  }
}

int Process::get_tls_option(OpenSocket& socket, int name, void* value, socklen_t* length) {
  if (!socket.tls) return ENOPROTOOPT;
  if (is_bad_address(length)) return EFAULT;
  switch (name) {
    case TLS_TX:
    case TLS_RX:
      return get_keys(socket, name == TLS_TX, value, length);
    case TLS_TX_ZEROCOPY_RO:
      return get_zerocopy_ro(socket, value, length);
    case TLS_RX_EXPECT_NO_PAD:
      return get_no_pad(socket, value, length);
    case TLS_TX_MAX_PAYLOAD_LEN:
      return get_max_payload(socket, value, length);
    default:
      return ENOPROTOOPT;
  }
}

}  // namespace tlsnic::host
