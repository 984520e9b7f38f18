// A connected socket as SocketBio and TlsSession need it.
#pragma once

#include <sys/types.h>

#include <optional>

#include "host_stack/socket/blocking_socket.h"
#include "host_stack/syscalls/process.h"

namespace tlsnic::host {

// Only wait() waits. What fails gives errno, or -1 with errno set: EAGAIN where it would have to.
class KtlsSocket {
 public:
  virtual ~KtlsSocket() = default;

  virtual int set_tls_tx(const TxCryptoInfo& info) = 0;
  virtual int set_tls_rx(const TxCryptoInfo& info) = 0;
  // Bytes taken. type: of a record that is not application data.
  virtual ssize_t send(Bytes data, std::optional<std::uint8_t> type) = 0;
  // Of one record, whose type it gives, or of the plain stream; 0: the end.
  virtual ssize_t receive(MutableBytes out, std::optional<std::uint8_t>& type) = 0;
  // Until what just gave EAGAIN may go on, perhaps shorter.
  virtual void wait(bool for_room) = 0;

  // The connection, for observers.
  virtual TcpSocket& tcp() const = 0;
  bool has_tx() const { return tcp().tls_tx() != nullptr; }
  bool has_rx() const { return tcp().receives_records(); }
};

// A descriptor, by the system calls that OpenSSL's own socket BIO makes.
class DescriptorSocket : public KtlsSocket {
 public:
  // fd: a connected TCP socket of the process, which outlives this. Its TLS ULP is set if
  // uses_ktls, as SSL_set_fd() does it, and what comes of that is passed over.
  DescriptorSocket(Process& process, int fd, bool uses_ktls);

  int set_tls_tx(const TxCryptoInfo& info) override;
  int set_tls_rx(const TxCryptoInfo& info) override;
  ssize_t send(Bytes data, std::optional<std::uint8_t> type) override;
  ssize_t receive(MutableBytes out, std::optional<std::uint8_t>& type) override;
  void wait(bool for_room) override;
  TcpSocket& tcp() const override { return *process_.tcp_socket(fd_); }

 private:
  int set_keys(int name, const TxCryptoInfo& info);

  Process& process_;
  int fd_;
};

// A socket of an application that knows no system calls.
class BlockingKtlsSocket : public KtlsSocket {
 public:
  // The socket outlives this.
  explicit BlockingKtlsSocket(BlockingSocket& socket) : socket_(socket) {}

  int set_tls_tx(const TxCryptoInfo& info) override { return tcp().set_tls_tx(info); }
  int set_tls_rx(const TxCryptoInfo& info) override { return tcp().set_tls_rx(info.base); }
  ssize_t send(Bytes data, std::optional<std::uint8_t> type) override;
  ssize_t receive(MutableBytes out, std::optional<std::uint8_t>& type) override;
  void wait(bool) override { socket_.wait_for_change(); }
  TcpSocket& tcp() const override { return socket_.socket(); }

 private:
  bool is_closed() const { return tcp().state() == TcpState::closed; }
  ssize_t receive_plain(MutableBytes out);

  BlockingSocket& socket_;
};

}  // namespace tlsnic::host
