#include "host_stack/openssl/ktls_socket.h"

#include <algorithm>
#include <cerrno>

#include "host_stack/ktls/crypto_info.h"
#include "host_stack/syscalls/tls_uapi.h"

namespace tlsnic::host {
namespace {

// Room for a control message with a record's type.
struct TypeMessage {
  explicit TypeMessage(iovec& buffer) {
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
  }

  alignas(cmsghdr) std::uint8_t control[CMSG_SPACE(1)] = {};
  msghdr message{};
};

ssize_t fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

// ---- a descriptor

DescriptorSocket::DescriptorSocket(Process& process, int fd, bool uses_ktls)
    : process_(process), fd_(fd) {
  if (uses_ktls) process.setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls"));
}

int DescriptorSocket::set_keys(int name, const TxCryptoInfo& info) {
  std::array<std::uint8_t, 64> bytes{};
  const std::size_t size = crypto_info_size(info.base.keys.cipher);
  if (size == 0 || size > bytes.size()) return EINVAL;
  write_crypto_info(info, MutableBytes(bytes).first(size));
  const int result =
      process_.setsockopt(fd_, SOL_TLS, name, bytes.data(), static_cast<socklen_t>(size));
  return result == 0 ? 0 : errno;
}

int DescriptorSocket::set_tls_tx(const TxCryptoInfo& info) {
  return set_keys(TLS_TX, info);
}

int DescriptorSocket::set_tls_rx(const TxCryptoInfo& info) {
  return set_keys(TLS_RX, info);
}

ssize_t DescriptorSocket::send(Bytes data, std::optional<std::uint8_t> type) {
  if (!type) return process_.send(fd_, data.data(), data.size(), MSG_DONTWAIT);
  iovec buffer{const_cast<std::uint8_t*>(data.data()), data.size()};
  TypeMessage typed(buffer);
  cmsghdr* header = CMSG_FIRSTHDR(&typed.message);
  header->cmsg_level = SOL_TLS;
  header->cmsg_type = TLS_SET_RECORD_TYPE;
  header->cmsg_len = CMSG_LEN(1);
  *CMSG_DATA(header) = *type;
  return process_.sendmsg(fd_, &typed.message, MSG_DONTWAIT);
}

ssize_t DescriptorSocket::receive(MutableBytes out, std::optional<std::uint8_t>& type) {
  iovec buffer{out.data(), out.size()};
  TypeMessage typed(buffer);
  const ssize_t size = process_.recvmsg(fd_, &typed.message, MSG_DONTWAIT);
  if (size < 0) return size;
  const cmsghdr* header = CMSG_FIRSTHDR(&typed.message);
  if (header != nullptr && header->cmsg_level == SOL_TLS &&
      header->cmsg_type == TLS_GET_RECORD_TYPE)
    type = *CMSG_DATA(header);
  return size;
}

void DescriptorSocket::wait(bool for_room) {
  pollfd waited{fd_, static_cast<short>(for_room ? POLLOUT : POLLIN), 0};
  process_.poll(&waited, 1, -1);
}

// ---- a blocking socket

ssize_t BlockingKtlsSocket::send(Bytes data, std::optional<std::uint8_t> type) {
  // Of a closed connection the blocking socket knows why; it does not wait then.
  const SendResult result = is_closed() ? socket_.send(data)
                            : type      ? tcp().send_control(*type, data)
                                        : tcp().send(data);
  if (result.taken > 0) return static_cast<ssize_t>(result.taken);
  return fail(result.error == 0 ? EAGAIN : result.error);
}

ssize_t BlockingKtlsSocket::receive_plain(MutableBytes out) {
  const SendResult result = socket_.read(out);
  return result.error != 0 ? fail(result.error) : static_cast<ssize_t>(result.taken);
}

ssize_t BlockingKtlsSocket::receive(MutableBytes out, std::optional<std::uint8_t>& type) {
  while (true) {
    // None of the reads below waits then.
    if (!tcp().readable() && !tcp().at_end() && !is_closed()) {
      const Rx* rx = has_rx() ? tcp().receiving()->tls_rx() : nullptr;
      return fail(rx != nullptr && rx->rekey_due() ? EKEYEXPIRED : EAGAIN);
    }
    if (!has_rx()) return receive_plain(out);
    const ReadResult result = socket_.read_record();
    if (result.error != 0) return fail(result.error);
    if (!result.record) return 0;
    const Record& record = *result.record;
    // Linux passes over empty data records (facts 2.7).
    if (record.length == 0 && record.info.type == record_application_data) continue;
    if (record.length > out.size()) return fail(EMSGSIZE);
    type = record.info.type;
    std::uint8_t* at = out.data();
    for (const Bytes piece : record.plaintext) at = std::copy(piece.begin(), piece.end(), at);
    return static_cast<ssize_t>(record.length);
  }
}

}  // namespace tlsnic::host
