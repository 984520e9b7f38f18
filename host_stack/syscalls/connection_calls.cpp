// Sockets and their connections, after Linux's af_inet.c and inet_connection_sock.c.
#include <fcntl.h>
#include <netinet/in.h>

#include <algorithm>

#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/socket_address.h"

namespace tlsnic::host {
namespace {

// Far longer than it takes all that wait for a connection to see that it is gone.
constexpr std::uint64_t grace_ns = ns_per_s;
constexpr int max_backlog = 4096;  // somaxconn

bool in_handshake(const OpenSocket& socket) {
  return socket.tcp != nullptr && (socket.tcp->state() == TcpState::syn_sent ||
                                   socket.tcp->state() == TcpState::syn_received);
}

}  // namespace

int Process::socket(int domain, int type, int protocol) {
  const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (domain != AF_INET && domain != AF_INET6) return fail(EAFNOSUPPORT);
  if (kind < 0 || kind > SOCK_PACKET) return fail(EINVAL);
  if (kind != SOCK_STREAM) return fail(ESOCKTNOSUPPORT);
  if (protocol != 0 && protocol != IPPROTO_TCP) return fail(EPROTONOSUPPORT);
  auto created = std::make_shared<OpenSocket>(host_, scheduler_, domain);
  if ((type & SOCK_NONBLOCK) != 0) created->flags |= O_NONBLOCK;
  return add(std::move(created));
}

int Process::bind(int fd, const sockaddr* address, socklen_t length) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  Endpoint local;
  if (const int error = read_socket_address(socket->family, address, length, local); error != 0)
    return fail(error);
  const bool mapped = socket->family == AF_INET6 && !local.address.is_ipv6;
  if (mapped && socket->claim.ipv6_only) return fail(EINVAL);
  if (!is_wildcard(local.address) && !host_.is_own(local.address)) return fail(EADDRNOTAVAIL);
  if (socket->is_bound || !socket->is_closed()) return fail(EINVAL);
  socket->release_port();
  socket->claim.local = local;
  if (host_.ports().claim(socket->claim) != 0) {
    socket->release_port();
    return fail(EADDRINUSE);
  }
  socket->is_claimed = socket->is_bound = true;
  return 0;
}

int Process::listen(int fd, int backlog) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  if (socket->phase != SocketPhase::unconnected) return fail(EINVAL);
  socket->backlog =
      static_cast<std::size_t>(backlog < 0 ? max_backlog : std::min(backlog, max_backlog));
  if (socket->listening) return 0;
  if (!socket->is_claimed) {
    if (const int error = host_.ports().claim(socket->claim); error != 0) return fail(error);
    socket->is_claimed = true;
  }
  if (const int error = host_.ports().listen(socket->claim, *socket); error != 0)
    return fail(error);
  socket->listening = true;
  return 0;
}

int Process::accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) return fail(EINVAL);
  if (address != nullptr && (is_bad_address(address) || is_bad_address(length)))
    return fail(EFAULT);
  if (!socket->listening) return fail(EINVAL);
  const bool ready = wait_until(socket->is_blocking(), socket->receive_timeout_ns, [&] {
    return !socket->accept_queue.empty() || !socket->listening;
  });
  if (!ready) return fail(EAGAIN);
  if (!socket->listening) return fail(EINVAL);
  auto accepted = std::move(socket->accept_queue.front());
  socket->accept_queue.pop_front();
  if ((flags & SOCK_NONBLOCK) != 0) accepted->flags |= O_NONBLOCK;
  const Endpoint peer = accepted->tcp->sent().destination;
  if (address != nullptr && write_socket_address(socket->family, peer, address, length) != 0)
    return fail(EINVAL);
  return add(std::move(accepted));
}

int Process::connect(int fd, const sockaddr* address, socklen_t length) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  if (is_bad_address(address)) return fail(EFAULT);
  if (length < sizeof(sa_family_t)) return fail(EINVAL);
  if (address->sa_family == AF_UNSPEC) {
    const int error = disconnect(*socket);
    socket->phase = error != 0 ? SocketPhase::disconnecting : SocketPhase::unconnected;
    return error != 0 ? fail(error) : 0;
  }
  int not_done = EALREADY;
  switch (socket->phase) {
    case SocketPhase::connected:
      return fail(EISCONN);
    case SocketPhase::disconnecting:
      return fail(EINVAL);
    case SocketPhase::connecting:
      break;
    case SocketPhase::unconnected: {
      if (socket->listening) return fail(EISCONN);
      Endpoint remote;
      int error = read_socket_address(socket->family, address, length, remote);
      if (error == 0) error = start_connection(*socket, remote);
      if (error != 0) return fail(error);
      not_done = EINPROGRESS;
    }
  }
  const int error = finish_connection(*socket, socket->is_blocking(), not_done);
  return error != 0 ? fail(error) : 0;
}

int Process::start_connection(OpenSocket& socket, const Endpoint& remote) {
  const Address& own = host_.address(remote.address.is_ipv6);
  const Address& bound = socket.claim.local.address;
  const bool is_specific = !is_wildcard(bound);
  if (is_specific && bound.is_ipv6 != remote.address.is_ipv6)
    return bound.is_ipv6 ? ENETUNREACH : EINVAL;
  if (!remote.address.is_ipv6 && socket.family == AF_INET6 && socket.claim.ipv6_only)
    return ENETUNREACH;
  // There is no loopback device.
  if (is_wildcard(own) || is_wildcard(remote.address) || host_.is_own(remote.address) ||
      (!remote.address.is_ipv6 && remote.address.bytes[0] == 127))
    return ENETUNREACH;
  const Endpoint local{is_specific ? bound : own, socket.claim.local.port};
  // What is left of the connection before.
  socket.drop_connection(false, grace_ns);
  socket.tcp = host_.open_connection({local, remote}, &socket, socket.connection);
  if (socket.tcp == nullptr) return EADDRNOTAVAIL;
  if (socket.cork) socket.tcp->endpoint().set_cork(true);
  socket.phase = SocketPhase::connecting;
  return 0;
}

int Process::finish_connection(OpenSocket& socket, bool may_wait, int error_if_not_done) {
  const bool done =
      wait_until(may_wait, socket.send_timeout_ns, [&] { return !in_handshake(socket); });
  if (!done) return error_if_not_done;
  if (socket.tcp != nullptr && socket.tcp->state() != TcpState::closed) {
    socket.phase = SocketPhase::connected;
    return 0;
  }
  const int error = socket.tcp != nullptr ? socket.tcp->take_error() : 0;
  // To disconnect is what TLS forbids; such a socket keeps what is left of its connection.
  if (!socket.tls) socket.drop_connection(false, grace_ns);
  socket.phase = socket.tls ? SocketPhase::disconnecting : SocketPhase::unconnected;
  return error != 0 ? error : ECONNABORTED;
}

// connect(AF_UNSPEC). TLS forbids it (facts 2.1).
int Process::disconnect(OpenSocket& socket) {
  if (socket.tls) return EOPNOTSUPP;
  socket.stop_listening();
  socket.drop_connection(true, grace_ns);
  if (!socket.is_bound) socket.release_port();
  scheduler_.wake();
  return 0;
}

int Process::getsockname(int fd, sockaddr* address, socklen_t* length) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  const int error = write_socket_address(socket->family, socket->local_endpoint(), address, length);
  return error != 0 ? fail(error) : 0;
}

int Process::getpeername(int fd, sockaddr* address, socklen_t* length) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  if (socket->is_closed() || socket->listening || socket->tcp->state() == TcpState::syn_sent)
    return fail(ENOTCONN);
  const int error =
      write_socket_address(socket->family, socket->tcp->sent().destination, address, length);
  return error != 0 ? fail(error) : 0;
}

int Process::shutdown(int fd, int how) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return fail(EINVAL);
  if (socket->phase == SocketPhase::connecting)
    socket->phase = in_handshake(*socket) || socket->is_closed() ? SocketPhase::disconnecting
                                                                 : SocketPhase::connected;
  if (socket->listening || (socket->tcp != nullptr && socket->tcp->state() == TcpState::syn_sent)) {
    if (socket->listening && how == SHUT_WR) return 0;
    disconnect(*socket);
    socket->phase = SocketPhase::unconnected;
    return 0;
  }
  const bool was_closed = socket->is_closed();
  if (socket->tcp != nullptr) {
    if (how != SHUT_WR) socket->tcp->shutdown_receive();
    if (how != SHUT_RD) socket->tcp->shutdown();
  }
  scheduler_.wake();
  return was_closed ? fail(ENOTCONN) : 0;
}

}  // namespace tlsnic::host
