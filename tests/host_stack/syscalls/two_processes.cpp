#include "tests/host_stack/syscalls/two_processes.h"

#include <netinet/in.h>

namespace tlsnic::host::test {

void EventScheduler::wait(std::optional<std::uint64_t> deadline_ns) {
  const TimerId timer = deadline_ns ? clock_.call_at(*deadline_ns, [] {}) : no_timer;
  while (!woken_ && !(deadline_ns && clock_.now_ns() >= *deadline_ns)) {
    if (clock_.run(0)) throw std::runtime_error("a call waits for what will never happen");
    clock_.run(1);
  }
  woken_ = false;
  if (timer != no_timer) clock_.cancel(timer);
}

SocketAddress TwoProcesses::server_address(std::uint16_t port, int family) const {
  return SocketAddress(Endpoint{server.address(family == AF_INET6), port});
}

int TwoProcesses::listen_at(std::uint16_t port, int family, int backlog) {
  Process& process = at_server_host;
  const int fd = process.socket(family, SOCK_STREAM, 0);
  const SocketAddress any(family == AF_INET6 ? "::" : "0.0.0.0", port);
  if (bind_to(process, fd, any) != 0 || process.listen(fd, backlog) != 0)
    throw std::runtime_error("listen");
  return fd;
}

TwoProcesses::Connection TwoProcesses::connect_processes(int family) {
  Connection out;
  const std::uint16_t port = next_port_++;
  const int listener = listen_at(port, family);
  out.client = at_client_host.socket(family, SOCK_STREAM, 0);
  if (connect_to(at_client_host, out.client, server_address(port, family)) != 0)
    throw std::runtime_error("connect");
  out.server = at_server_host.accept(listener, nullptr, nullptr);
  at_server_host.close(listener);
  return out;
}

int tcp_socket_of(Process& process, int type) {
  return process.socket(AF_INET, type, 0);
}

int connect_to(Process& process, int fd, const SocketAddress& address) {
  return process.connect(fd, address.get(), address.size) == 0 ? 0 : errno;
}

int bind_to(Process& process, int fd, const SocketAddress& address) {
  return process.bind(fd, address.get(), address.size) == 0 ? 0 : errno;
}

std::string text_of(Process& process, int fd, std::size_t size, int flags) {
  std::string out(size, '\0');
  const ssize_t got = process.recv(fd, out.data(), size, flags);
  if (got < 0) return "errno " + std::to_string(errno);
  out.resize(static_cast<std::size_t>(got));
  return out;
}

}  // namespace tlsnic::host::test
