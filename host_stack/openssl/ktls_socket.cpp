#include "host_stack/openssl/ktls_socket.h"

#include <array>
#include <cerrno>

#include "host_stack/ktls/crypto_info.h"
#include "host_stack/syscalls/tls_uapi.h"
#include "host_stack/syscalls/type_message.h"

namespace tlsnic::host {

KtlsSocket::KtlsSocket(Process& process, int fd, bool uses_ktls) : process_(process), fd_(fd) {
  if (uses_ktls) process.setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls"));
}

int KtlsSocket::set_keys(int name, const TxCryptoInfo& info) {
  std::array<std::uint8_t, 64> bytes{};
  const std::size_t size = crypto_info_size(info.base.keys.cipher);
  if (size == 0 || size > bytes.size()) return EINVAL;
  write_crypto_info(info, MutableBytes(bytes).first(size));
  const int result =
      process_.setsockopt(fd_, SOL_TLS, name, bytes.data(), static_cast<socklen_t>(size));
  return result == 0 ? 0 : errno;
}

int KtlsSocket::set_tls_tx(const TxCryptoInfo& info) {
  return set_keys(TLS_TX, info);
}

int KtlsSocket::set_tls_rx(const TxCryptoInfo& info) {
  return set_keys(TLS_RX, info);
}

ssize_t KtlsSocket::send(Bytes data, std::optional<std::uint8_t> type, int flags) {
  if (!type) return process_.send(fd_, data.data(), data.size(), flags);
  iovec buffer{const_cast<std::uint8_t*>(data.data()), data.size()};
  TypeMessage typed(&buffer);
  typed.set_type(*type);
  return process_.sendmsg(fd_, &typed.message, flags);
}

ssize_t KtlsSocket::receive(MutableBytes out, std::optional<std::uint8_t>& type) {
  iovec buffer{out.data(), out.size()};
  TypeMessage typed(&buffer);
  const ssize_t size = process_.recvmsg(fd_, &typed.message, MSG_DONTWAIT);
  if (size >= 0) type = typed.type();
  return size;
}

void KtlsSocket::wait(bool for_room) {
  // poll() says POLLIN for a part of a record, too, once the socket was shut down (facts 2.7).
  if (!for_room) return process_.wait_for_wakeup();
  pollfd waited{fd_, POLLOUT, 0};
  process_.poll(&waited, 1, -1);
}

}  // namespace tlsnic::host
