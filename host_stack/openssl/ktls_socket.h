// A connected socket as SocketBio and TlsSession need it: a descriptor, by the system calls that
// OpenSSL's own socket BIO makes.
#pragma once

#include <sys/types.h>

#include <optional>

#include "host_stack/syscalls/process.h"

namespace tlsnic::host {

// What fails gives errno, or -1 with errno set.
class KtlsSocket {
 public:
  // fd: a connected TCP socket of the process, which outlives this. Its TLS ULP is set if
  // uses_ktls, as SSL_set_fd() does it, and what comes of that is passed over.
  KtlsSocket(Process& process, int fd, bool uses_ktls);

  int set_tls_tx(const TxCryptoInfo& info);
  int set_tls_rx(const TxCryptoInfo& info);
  // Bytes taken. type: of a record that is not application data. flags: as for sendmsg(); the
  // default does not wait.
  ssize_t send(Bytes data, std::optional<std::uint8_t> type, int flags = MSG_DONTWAIT);
  // Of records of one type, which it gives, or of the plain stream; 0: the end. EAGAIN where it
  // would have to wait.
  ssize_t receive(MutableBytes out, std::optional<std::uint8_t>& type);
  // Until what just gave EAGAIN may go on, perhaps shorter.
  void wait(bool for_room);

  // The connection, for observers.
  TcpSocket& tcp() const { return *process_.tcp_socket(fd_); }
  bool has_tx() const { return tcp().tls_tx() != nullptr; }
  bool has_rx() const { return tcp().receives_records(); }
  Process& process() { return process_; }
  int fd() const { return fd_; }

 private:
  int set_keys(int name, const TxCryptoInfo& info);

  Process& process_;
  int fd_;
};

}  // namespace tlsnic::host
