// Opening connections: the errors of connect(2), accept(2), bind(2), listen(2) and tcp(7), and what
// Linux does where these leave a choice.
#include <fcntl.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "host_stack/syscalls/tls_uapi.h"
#include "tests/host_stack/syscalls/two_processes.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

int error_of(Process& process, int fd) {
  int error = -1;
  socklen_t size = sizeof error;
  REQUIRE(process.getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
  return error;
}

SocketAddress own_address(Process& process, int fd, bool peer = false) {
  SocketAddress out("", 0);
  out.size = sizeof out.storage;
  auto* address = reinterpret_cast<sockaddr*>(&out.storage);
  REQUIRE((peer ? process.getpeername(fd, address, &out.size)
                : process.getsockname(fd, address, &out.size)) == 0);
  return out;
}

std::uint16_t port_of(const SocketAddress& address) {
  sockaddr_in in{};
  std::memcpy(&in, &address.storage, sizeof in);
  return ntohs(in.sin_port);
}

bool same(const SocketAddress& a, const SocketAddress& b) {
  return a.size == b.size && std::memcmp(&a.storage, &b.storage, a.size) == 0;
}

}  // namespace

TEST_CASE("what one process writes another reads, until the end") {
  for (const int family : {AF_INET, AF_INET6}) {
    TwoProcesses world;
    auto [c, s] = world.connect_processes(family);
    REQUIRE(c >= 3);
    REQUIRE(s >= 3);
    CHECK(world.at_client_host.write(c, "hello", 5) == 5);
    char text[8] = {};
    CHECK(world.at_server_host.read(s, text, sizeof text) == 5);
    CHECK(std::string(text) == "hello");
    CHECK(same(own_address(world.at_client_host, c), own_address(world.at_server_host, s, true)));
    CHECK(same(own_address(world.at_client_host, c, true), own_address(world.at_server_host, s)));
    CHECK(world.at_client_host.close(c) == 0);
    CHECK(world.at_server_host.read(s, text, sizeof text) == 0);
    CHECK(world.at_client_host.read(c, text, sizeof text) == -1);
    CHECK(errno == EBADF);
  }
}

TEST_CASE("socket(): what there is not") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const auto fails = [&](int domain, int type, int protocol) {
    CHECK(p.socket(domain, type, protocol) == -1);
    return errno;
  };
  CHECK(fails(AF_UNIX, SOCK_STREAM, 0) == EAFNOSUPPORT);
  CHECK(fails(AF_INET, SOCK_DGRAM, 0) == ESOCKTNOSUPPORT);
  CHECK(fails(AF_INET, 77, 0) == EINVAL);
  CHECK(fails(AF_INET, SOCK_STREAM, IPPROTO_UDP) == EPROTONOSUPPORT);
  CHECK(p.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP) == 3);
}

TEST_CASE("connect(): nobody listens") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int fd = tcp_socket_of(p);
  CHECK(connect_to(p, fd, world.server_address(7)) == ECONNREFUSED);
  CHECK(world.clock.now_ns() == 2 * world.delay_ns);
  CHECK(error_of(p, fd) == 0);  // connect() has taken it
  // The socket can be used again.
  world.listen_at(7);
  CHECK(connect_to(p, fd, world.server_address(7)) == 0);
  CHECK(connect_to(p, fd, world.server_address(7)) == EISCONN);
}

TEST_CASE("connect(): nobody answers") {
  TwoProcesses world;
  world.loses = [](bool, std::size_t) { return true; };
  Process& p = world.at_client_host;
  const int fd = tcp_socket_of(p);
  CHECK(connect_to(p, fd, world.server_address(7)) == ETIMEDOUT);
  // 1 + 2 + ... + 64 s: tcp_syn_retries in Linux's ip-sysctl document.
  CHECK(world.clock.now_ns() == 127 * ns_per_s);
  const timeval timeout{2, 500'000};
  REQUIRE(p.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0);
  CHECK(connect_to(p, fd, world.server_address(7)) == EINPROGRESS);
  CHECK(world.clock.now_ns() == 129'500 * ns_per_ms);
  CHECK(connect_to(p, fd, world.server_address(7)) == EALREADY);
}

TEST_CASE("connect() without waiting") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int listener = world.listen_at(7);
  int fd = tcp_socket_of(p, SOCK_STREAM | SOCK_NONBLOCK);
  CHECK(connect_to(p, fd, world.server_address(7)) == EINPROGRESS);
  CHECK(connect_to(p, fd, world.server_address(7)) == EALREADY);
  char byte = 0;
  CHECK(p.getpeername(fd, reinterpret_cast<sockaddr*>(&byte), nullptr) == -1);
  CHECK(errno == ENOTCONN);
  pollfd polled{fd, POLLOUT, 0};
  CHECK(p.poll(&polled, 1, 0) == 0);
  CHECK(p.poll(&polled, 1, -1) == 1);
  CHECK(polled.revents == POLLOUT);
  CHECK(error_of(p, fd) == 0);
  CHECK(connect_to(p, fd, world.server_address(7)) == 0);  // done, and told so once
  CHECK(connect_to(p, fd, world.server_address(7)) == EISCONN);
  CHECK(world.at_server_host.accept(listener, nullptr, nullptr) > 0);

  // Refused: by SO_ERROR once, or by the next connect().
  fd = tcp_socket_of(p, SOCK_STREAM | SOCK_NONBLOCK);
  CHECK(connect_to(p, fd, world.server_address(8)) == EINPROGRESS);
  polled = {fd, POLLOUT, 0};
  CHECK(p.poll(&polled, 1, -1) == 1);
  CHECK((polled.revents & (POLLOUT | POLLERR | POLLHUP)) == (POLLOUT | POLLERR | POLLHUP));
  CHECK(error_of(p, fd) == ECONNREFUSED);
  CHECK(error_of(p, fd) == 0);
  CHECK(connect_to(p, fd, world.server_address(8)) == ECONNABORTED);
  CHECK(connect_to(p, fd, world.server_address(8)) == EINPROGRESS);
  world.pass(10 * world.delay_ns);
  CHECK(connect_to(p, fd, world.server_address(8)) == ECONNREFUSED);
}

TEST_CASE("addresses that a call does not take") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int fd = tcp_socket_of(p);
  const int fd6 = p.socket(AF_INET6, SOCK_STREAM, 0);
  const SocketAddress v4("10.0.0.1", 7);
  const SocketAddress v6("fd00::1", 7);
  CHECK(p.connect(fd, nullptr, v4.size) == -1);
  CHECK(errno == EFAULT);
  CHECK(p.connect(fd, v4.get(), 1) == -1);
  CHECK(errno == EINVAL);
  CHECK(p.connect(fd, v4.get(), 15) == -1);
  CHECK(errno == EINVAL);
  CHECK(connect_to(p, fd, v6) == EAFNOSUPPORT);
  CHECK(connect_to(p, fd6, v4) == EINVAL);  // shorter than a sockaddr_in6
  CHECK(connect_to(p, fd, SocketAddress("127.0.0.1", 7)) == ENETUNREACH);
  CHECK(bind_to(p, fd, SocketAddress("10.0.0.1", 7)) == EADDRNOTAVAIL);
  CHECK(bind_to(p, fd, v6) == EAFNOSUPPORT);
  CHECK(bind_to(p, fd, SocketAddress("10.0.0.2", 7)) == 0);
  CHECK(bind_to(p, fd, SocketAddress("10.0.0.2", 8)) == EINVAL);
  CHECK(port_of(own_address(p, fd)) == 7);
  CHECK(p.bind(99, v4.get(), v4.size) == -1);
  CHECK(errno == EBADF);
  int pipe[2];
  REQUIRE(p.pipe(pipe) == 0);
  CHECK(bind_to(p, pipe[0], v4) == ENOTSOCK);
}

TEST_CASE("ports: taken, shared, given") {
  TwoProcesses world;
  Process& p = world.at_server_host;
  const int first = tcp_socket_of(p);
  const int second = tcp_socket_of(p);
  const SocketAddress any("0.0.0.0", 80);
  const SocketAddress one("10.0.0.1", 80);
  REQUIRE(bind_to(p, first, any) == 0);
  CHECK(bind_to(p, second, one) == EADDRINUSE);
  const int yes = 1;
  p.setsockopt(first, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  CHECK(bind_to(p, second, one) == EADDRINUSE);
  p.setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  CHECK(bind_to(p, second, one) == 0);
  // Both may be bound; one may listen.
  CHECK(p.listen(first, 1) == 0);
  CHECK(p.listen(second, 1) == -1);
  CHECK(errno == EADDRINUSE);
  CHECK(p.close(first) == 0);
  CHECK(p.listen(second, 1) == 0);

  // An IPv6 socket takes IPv4's port, too, unless it says that it does not.
  const int dual = p.socket(AF_INET6, SOCK_STREAM, 0);
  CHECK(bind_to(p, dual, SocketAddress("::", 80)) == EADDRINUSE);
  p.setsockopt(dual, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  CHECK(bind_to(p, dual, SocketAddress("::", 80)) == 0);

  // Port 0: a free one of Linux's range, one after the other.
  const int third = tcp_socket_of(p);
  const int fourth = tcp_socket_of(p);
  CHECK(bind_to(p, third, SocketAddress("0.0.0.0", 0)) == 0);
  CHECK(p.listen(fourth, 1) == 0);
  CHECK(port_of(own_address(p, third)) == 32768);
  CHECK(port_of(own_address(p, fourth)) == 32769);
}

TEST_CASE("an IPv6 listener takes IPv4 connections") {
  TwoProcesses world;
  const int listener = world.listen_at(80, AF_INET6);
  const int fd = tcp_socket_of(world.at_client_host);
  CHECK(connect_to(world.at_client_host, fd, world.server_address(80)) == 0);
  SocketAddress peer("", 0);
  peer.size = sizeof peer.storage;
  CHECK(world.at_server_host.accept(listener, reinterpret_cast<sockaddr*>(&peer.storage),
                                    &peer.size) > 0);
  CHECK(peer.size == sizeof(sockaddr_in6));
  char text[64];
  sockaddr_in6 in6{};
  std::memcpy(&in6, &peer.storage, sizeof in6);
  CHECK(std::string(inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text)) == "::ffff:10.0.0.2");
}

TEST_CASE("accept(): what it refuses, and when it has nothing") {
  TwoProcesses world;
  Process& p = world.at_server_host;
  const int fd = tcp_socket_of(p);
  CHECK(p.accept(fd, nullptr, nullptr) == -1);
  CHECK(errno == EINVAL);
  const int listener = world.listen_at(80);
  CHECK(p.accept4(listener, nullptr, nullptr, 1) == -1);
  CHECK(errno == EINVAL);
  REQUIRE(p.fcntl(listener, F_SETFL, O_NONBLOCK) == 0);
  CHECK(p.accept(listener, nullptr, nullptr) == -1);
  CHECK(errno == EAGAIN);
  REQUIRE(p.fcntl(listener, F_SETFL, 0) == 0);
  const timeval timeout{0, 250'000};
  REQUIRE(p.setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
  CHECK(p.accept(listener, nullptr, nullptr) == -1);
  CHECK(errno == EAGAIN);
  CHECK(world.clock.now_ns() == 250 * ns_per_ms);
  // shutdown() ends the listening.
  CHECK(p.shutdown(listener, SHUT_RD) == 0);
  CHECK(p.accept(listener, nullptr, nullptr) == -1);
  CHECK(errno == EINVAL);
  const int other = tcp_socket_of(world.at_client_host);
  CHECK(connect_to(world.at_client_host, other, world.server_address(80)) == ECONNREFUSED);
}

TEST_CASE("a listener takes one more than its backlog") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int listener = world.listen_at(80, AF_INET, 2);
  std::vector<int> fds;
  for (int i = 0; i < 3; ++i) {
    fds.push_back(tcp_socket_of(p));
    CHECK(connect_to(p, fds.back(), world.server_address(80)) == 0);
  }
  const int late = tcp_socket_of(p, SOCK_STREAM | SOCK_NONBLOCK);
  CHECK(connect_to(p, late, world.server_address(80)) == EINPROGRESS);
  world.pass(500 * ns_per_ms);
  CHECK(connect_to(p, late, world.server_address(80)) == EALREADY);
  // Its SYN comes again.
  CHECK(world.at_server_host.accept(listener, nullptr, nullptr) > 0);
  world.pass(600 * ns_per_ms);
  CHECK(connect_to(p, late, world.server_address(80)) == 0);
  // Who waits to be accepted when the listener closes gets RST.
  CHECK(world.at_server_host.close(listener) == 0);
  world.pass(10 * world.delay_ns);
  CHECK(text_of(p, late) == "errno " + std::to_string(ECONNRESET));
  CHECK(text_of(p, fds[0]) == "errno " + std::to_string(EAGAIN));
}

// __inet_stream_connect() disconnects a socket whose connection failed, which TLS forbids.
TEST_CASE("a TLS socket whose connection has failed is neither connected again nor taken back") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  Process& q = world.at_server_host;
  const int listener = world.listen_at(443);
  const SocketAddress address = world.server_address(443);
  const int c = p.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK(p.connect(c, address.get(), address.size) == -1);
  const int s = q.accept(listener, nullptr, nullptr);
  world.pass(10 * world.delay_ns);
  REQUIRE(p.setsockopt(c, IPPROTO_TCP, TCP_ULP, "tls", 4) == 0);
  const linger at_once{1, 0};
  REQUIRE(q.setsockopt(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  q.close(s);
  world.pass(10 * world.delay_ns);

  CHECK(p.connect(c, address.get(), address.size) == -1);
  CHECK(errno == ECONNRESET);
  const std::uint16_t size = 1000;
  CHECK(p.setsockopt(c, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &size, sizeof size) == 0);
  CHECK(p.connect(c, address.get(), address.size) == -1);
  CHECK(errno == EINVAL);
  CHECK(p.send(c, "x", 1, 0) == -1);
  CHECK(errno == EPIPE);
  CHECK(p.close(c) == 0);
}
