// socket(7) and tcp(7): options, their sizes, limits and errors.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <catch2/catch.hpp>

#include "tests/host_stack/syscalls/two_processes.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

int get(Process& process, int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  if (process.getsockopt(fd, level, name, &value, &size) != 0) return -errno;
  CHECK(size == sizeof value);
  return value;
}

int set(Process& process, int fd, int level, int name, int value) {
  return process.setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

}  // namespace

TEST_CASE("what a socket says of itself") {
  TwoProcesses world;
  Process& p = world.at_server_host;
  const int fd = p.socket(AF_INET6, SOCK_STREAM, 0);
  CHECK(get(p, fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
  CHECK(get(p, fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6);
  CHECK(get(p, fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP);
  CHECK(get(p, fd, SOL_SOCKET, SO_ACCEPTCONN) == 0);
  CHECK(get(p, world.listen_at(80), SOL_SOCKET, SO_ACCEPTCONN) == 1);
  CHECK(get(p, fd, SOL_SOCKET, SO_ERROR) == 0);
  CHECK(get(p, fd, IPPROTO_TCP, TCP_MAXSEG) == 536);
  auto [c, s] = world.connect_processes();
  CHECK(get(p, s, IPPROTO_TCP, TCP_MAXSEG) == 1448);
}

TEST_CASE("options that are only kept, and what accept() inherits") {
  TwoProcesses world;
  Process& p = world.at_server_host;
  const int listener = world.listen_at(80);
  for (const int name : {SO_REUSEADDR, SO_KEEPALIVE}) {
    CHECK(get(p, listener, SOL_SOCKET, name) == 0);
    CHECK(set(p, listener, SOL_SOCKET, name, 5) == 0);
    CHECK(get(p, listener, SOL_SOCKET, name) == 1);
  }
  CHECK(set(p, listener, IPPROTO_TCP, TCP_NODELAY, 1) == 0);
  CHECK(set(p, listener, SOL_SOCKET, SO_RCVLOWAT, 9) == 0);
  CHECK(set(p, listener, SOL_SOCKET, SO_SNDBUF, 10'000) == 0);
  const int c = tcp_socket_of(world.at_client_host);
  REQUIRE(connect_to(world.at_client_host, c, world.server_address(80)) == 0);
  const int s = p.accept(listener, nullptr, nullptr);
  CHECK(get(p, s, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(get(p, s, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(get(p, s, SOL_SOCKET, SO_RCVLOWAT) == 9);
  CHECK(get(p, s, SOL_SOCKET, SO_SNDBUF) == 20'000);
}

TEST_CASE("buffer sizes are doubled, and have limits") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  const int fresh = tcp_socket_of(p);
  for (const int fd : {c, fresh}) {
    const auto after = [&](int name, int value) {
      CHECK(set(p, fd, SOL_SOCKET, name, value) == 0);
      return get(p, fd, SOL_SOCKET, name);
    };
    CHECK(after(SO_SNDBUF, 10'000) == 20'000);
    CHECK(after(SO_SNDBUF, 0) == 4608);
    CHECK(after(SO_SNDBUF, 1 << 30) == 425'984);
    CHECK(after(SO_SNDBUF, -1) == 425'984);
    CHECK(after(SO_RCVBUF, 10'000) == 20'000);
    CHECK(after(SO_RCVBUF, 100) == 2304);
    CHECK(after(SO_RCVBUF, 1 << 30) == 425'984);
    CHECK(set(p, fd, SOL_SOCKET, SO_SNDBUFFORCE, 1'000'000) == 0);
    CHECK(get(p, fd, SOL_SOCKET, SO_SNDBUF) == 2'000'000);
  }
}

TEST_CASE("a small receive buffer stops the sender") {
  TwoProcesses world;
  const int listener = world.listen_at(80);
  REQUIRE(set(world.at_server_host, listener, SOL_SOCKET, SO_RCVBUF, 8192) == 0);
  const int c = tcp_socket_of(world.at_client_host);
  REQUIRE(connect_to(world.at_client_host, c, world.server_address(80)) == 0);
  const int s = world.at_server_host.accept(listener, nullptr, nullptr);
  const auto data = pattern(100'000);
  CHECK(world.at_client_host.send(c, data.data(), data.size(), 0) == 100'000);
  world.pass(5 * ns_per_s);
  const Socket& receiving = *world.at_server_host.tcp_socket(s)->receiving();
  CHECK(receiving.receive_queue().available() > 4096);
  CHECK(receiving.receive_queue().available() <= 8192);
  const std::string all = text_of(world.at_server_host, s, 100'000, MSG_WAITALL);
  CHECK((all == std::string(data.begin(), data.end())));
}

TEST_CASE("SO_RCVTIMEO and SO_SNDTIMEO") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  const auto set_time = [&](int name, timeval value, socklen_t size = sizeof(timeval)) {
    return p.setsockopt(c, SOL_SOCKET, name, &value, size) == 0 ? 0 : errno;
  };
  CHECK(set_time(SO_RCVTIMEO, {1, 500'000}) == 0);
  timeval got{};
  socklen_t size = sizeof got;
  CHECK(p.getsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &got, &size) == 0);
  CHECK(got.tv_sec == 1);
  CHECK(got.tv_usec == 500'000);
  const std::uint64_t begin = world.clock.now_ns();
  CHECK(text_of(p, c, 10, 0) == "errno " + std::to_string(EAGAIN));
  CHECK(world.clock.now_ns() == begin + 1500 * ns_per_ms);
  CHECK(set_time(SO_RCVTIMEO, {-1, 0}) == 0);  // at once
  CHECK(text_of(p, c, 10, 0) == "errno " + std::to_string(EAGAIN));
  CHECK(world.clock.now_ns() == begin + 1500 * ns_per_ms);
  CHECK(set_time(SO_RCVTIMEO, {1, 1'000'000}) == EDOM);
  CHECK(set_time(SO_RCVTIMEO, {1, -1}) == EDOM);
  CHECK(set_time(SO_RCVTIMEO, {1, 0}, sizeof(timeval) - 1) == EINVAL);

  CHECK(set_time(SO_SNDTIMEO, {0, 100'000}) == 0);
  CHECK(set(p, c, SOL_SOCKET, SO_SNDBUF, 0) == 0);
  world.loses = [](bool, std::size_t) { return true; };
  const auto data = pattern(10'000);
  const std::uint64_t second = world.clock.now_ns();
  CHECK(p.send(c, data.data(), data.size(), 0) == 4608);
  CHECK(p.send(c, data.data(), data.size(), 0) == -1);
  CHECK(errno == EAGAIN);
  CHECK(world.clock.now_ns() == second + 200 * ns_per_ms);
}

TEST_CASE("SO_RCVLOWAT") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& q = world.at_server_host;
  CHECK(get(q, s, SOL_SOCKET, SO_RCVLOWAT) == 1);
  CHECK(set(q, s, SOL_SOCKET, SO_RCVLOWAT, 0) == 0);
  CHECK(get(q, s, SOL_SOCKET, SO_RCVLOWAT) == 1);
  CHECK(set(q, s, SOL_SOCKET, SO_RCVLOWAT, 8) == 0);
  world.at_client_host.send(c, "12345", 5, 0);
  world.pass(10 * world.delay_ns);
  pollfd polled{s, POLLIN, 0};
  CHECK(q.poll(&polled, 1, 0) == 0);
  world.at_client_host.send(c, "678", 3, 0);
  CHECK(text_of(q, s, 100, 0) == "12345678");
}

TEST_CASE("TCP_CORK gathers small writes, TCP_NODELAY does not") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  const auto segments = [&] { return p.tcp_socket(c)->endpoint().sender().statistics().segments; };
  CHECK(set(p, c, IPPROTO_TCP, TCP_NODELAY, 1) == 0);
  for (int i = 0; i < 5; ++i) p.send(c, "x", 1, 0);
  CHECK(segments() == 5);
  CHECK(set(p, c, IPPROTO_TCP, TCP_CORK, 1) == 0);
  CHECK(get(p, c, IPPROTO_TCP, TCP_CORK) == 1);
  for (int i = 0; i < 5; ++i) p.send(c, "x", 1, 0);
  CHECK(segments() == 5);
  CHECK(set(p, c, IPPROTO_TCP, TCP_CORK, 0) == 0);
  CHECK(segments() == 6);
  CHECK(set(p, c, IPPROTO_TCP, TCP_NODELAY, 0) == 0);
  world.pass(10 * world.delay_ns);
  for (int i = 0; i < 5; ++i) p.send(c, "x", 1, 0);  // Nagle: the first alone
  CHECK(segments() == 7);
  world.pass(100 * world.delay_ns);
  CHECK(text_of(world.at_server_host, s) == std::string(15, 'x'));
}

TEST_CASE("TCP_INFO") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  tcp_info info{};
  const auto read = [&](int fd) {
    socklen_t size = sizeof info;
    REQUIRE(p.getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
    CHECK(size == sizeof info);
  };
  const auto data = pattern(5 * 1448);
  p.send(c, data.data(), data.size(), 0);
  read(c);
  CHECK(info.tcpi_state == TCP_ESTABLISHED);
  CHECK(info.tcpi_snd_mss == 1448);
  CHECK(info.tcpi_unacked == 5);
  CHECK(info.tcpi_rtt == 2000);
  CHECK(info.tcpi_snd_cwnd == 10);
  world.at_server_host.shutdown(s, SHUT_WR);
  world.pass(10 * world.delay_ns);
  read(c);
  CHECK(info.tcpi_state == TCP_CLOSE_WAIT);
  read(tcp_socket_of(p));
  CHECK(info.tcpi_state == TCP_CLOSE);
  socklen_t few = 1;
  CHECK(p.getsockopt(c, IPPROTO_TCP, TCP_INFO, &info, &few) == 0);
  CHECK(few == 1);
}

TEST_CASE("options: what is refused") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int fd = tcp_socket_of(p);
  int value = 1;
  const auto fails = [&](int result, int error) {
    CHECK(result == -1);
    CHECK(errno == error);
  };
  fails(p.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
  fails(p.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, nullptr, 4), EFAULT);
  fails(p.setsockopt(fd, SOL_SOCKET, SO_TYPE, &value, 4), ENOPROTOOPT);
  fails(p.setsockopt(fd, SOL_SOCKET, 9999, &value, 4), ENOPROTOOPT);
  fails(p.setsockopt(fd, IPPROTO_TCP, 9999, &value, 4), ENOPROTOOPT);
  fails(p.setsockopt(fd, IPPROTO_UDP, 1, &value, 4), ENOPROTOOPT);
  fails(p.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, 4), ENOPROTOOPT);
  fails(p.setsockopt(99, SOL_SOCKET, SO_REUSEADDR, &value, 4), EBADF);
  socklen_t size = 4;
  fails(p.getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, nullptr), EFAULT);
  fails(p.getsockopt(fd, SOL_SOCKET, SO_TYPE, nullptr, &size), EFAULT);
  fails(p.getsockopt(fd, SOL_SOCKET, 9999, &value, &size), ENOPROTOOPT);
  size = static_cast<socklen_t>(-1);
  fails(p.getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size), EINVAL);
}

// Linux clones the listener, tcp_sock's nonagle included.
TEST_CASE("accept() inherits TCP_CORK") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  Process& q = world.at_server_host;
  const int listener = world.listen_at(443);
  const int on = 1;
  REQUIRE(q.setsockopt(listener, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0);
  const int c = tcp_socket_of(p);
  REQUIRE(connect_to(p, c, world.server_address(443)) == 0);
  const int s = q.accept(listener, nullptr, nullptr);
  int corked = 0;
  socklen_t length = sizeof corked;
  REQUIRE(q.getsockopt(s, IPPROTO_TCP, TCP_CORK, &corked, &length) == 0);
  CHECK(corked == 1);
  REQUIRE(q.send(s, "held back", 9, 0) == 9);
  world.pass(10 * world.delay_ns);
  CHECK(text_of(p, c) == "errno " + std::to_string(EAGAIN));
}
