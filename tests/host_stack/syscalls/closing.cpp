// Ending connections: shutdown(2), close(2), SO_LINGER, TIME-WAIT, and what a host keeps.
#include <fcntl.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "tests/host_stack/syscalls/two_processes.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

int set_linger(Process& process, int fd, int seconds) {
  const linger value{1, seconds};
  return process.setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

}  // namespace

TEST_CASE("shutdown() of one direction") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  Process& q = world.at_server_host;
  CHECK(p.shutdown(c, 3) == -1);
  CHECK(errno == EINVAL);
  CHECK(p.send(c, "last", 4, 0) == 4);
  CHECK(p.shutdown(c, SHUT_WR) == 0);
  CHECK(p.send(c, "more", 4, 0) == -1);
  CHECK(errno == EPIPE);
  CHECK(text_of(q, s, 100, 0) == "last");
  CHECK(text_of(q, s, 100, 0).empty());
  CHECK(q.send(s, "answer", 6, 0) == 6);
  CHECK(text_of(p, c, 100, 0) == "answer");

  // SHUT_RD: what comes can still be read; if nothing is there, that is the end.
  CHECK(p.shutdown(c, SHUT_RD) == 0);
  CHECK(text_of(p, c, 100, 0).empty());
  CHECK(q.send(s, "late", 4, 0) == 4);
  world.pass(10 * world.delay_ns);
  CHECK(text_of(p, c, 100, 0) == "late");
  CHECK(text_of(p, c, 100, 0).empty());

  const int alone = tcp_socket_of(p);
  CHECK(p.shutdown(alone, SHUT_RDWR) == -1);
  CHECK(errno == ENOTCONN);
}

TEST_CASE("a socket whose connection has ended can be bound and nothing else") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  p.shutdown(c, SHUT_RDWR);
  world.at_server_host.shutdown(s, SHUT_RDWR);
  world.at_server_host.close(s);
  world.pass(10 * world.delay_ns);
  CHECK(bind_to(p, c, SocketAddress("0.0.0.0", 0)) == 0);
  CHECK(p.listen(c, 1) == -1);
  CHECK(errno == EINVAL);
  CHECK(connect_to(p, c, world.server_address(80)) == EISCONN);
  SocketAddress peer("", 0);
  peer.size = sizeof peer.storage;
  CHECK(p.getpeername(c, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size) == -1);
  CHECK(errno == ENOTCONN);
}

TEST_CASE("close(): FIN, or RST if data was not read or nobody wants to linger") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  Process& q = world.at_server_host;
  SECTION("all was read") {
    auto [c, s] = world.connect_processes();
    CHECK(q.close(s) == 0);
    world.pass(10 * world.delay_ns);
    CHECK(text_of(p, c).empty());
    CHECK(world.server.tcp_totals().resets == 0);
  }
  SECTION("data is unread") {
    auto [c, s] = world.connect_processes();
    p.send(c, "x", 1, 0);
    world.pass(10 * world.delay_ns);
    CHECK(q.close(s) == 0);
    world.pass(10 * world.delay_ns);
    CHECK(text_of(p, c) == "errno " + std::to_string(ECONNRESET));
    CHECK(text_of(p, c).empty());
    CHECK(p.send(c, "y", 1, 0) == -1);
    CHECK(errno == EPIPE);
  }
  SECTION("SO_LINGER with no time") {
    auto [c, s] = world.connect_processes();
    REQUIRE(set_linger(q, s, 0) == 0);
    CHECK(q.close(s) == 0);
    world.pass(10 * world.delay_ns);
    CHECK(p.send(c, "y", 1, 0) == -1);
    CHECK(errno == ECONNRESET);
  }
  SECTION("data comes afterwards") {
    auto [c, s] = world.connect_processes();
    CHECK(q.close(s) == 0);
    world.pass(10 * world.delay_ns);
    CHECK(p.send(c, "y", 1, 0) == 1);
    world.pass(10 * world.delay_ns);
    CHECK(p.send(c, "y", 1, 0) == -1);
    CHECK(errno == EPIPE);  // the FIN was read before: Linux's ECONNRESET becomes EPIPE
  }
}

TEST_CASE("close() that lingers waits until all is acknowledged, or for so long") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  REQUIRE(set_linger(p, c, 5) == 0);
  const std::vector<std::uint8_t> data = pattern(1000);
  p.send(c, data.data(), data.size(), 0);
  const std::uint64_t begin = world.clock.now_ns();
  CHECK(p.close(c) == 0);
  CHECK(world.clock.now_ns() == begin + 2 * world.delay_ns);

  auto [d, t] = world.connect_processes();
  REQUIRE(set_linger(p, d, 5) == 0);
  world.loses = [](bool, std::size_t) { return true; };
  const std::uint64_t second = world.clock.now_ns();
  CHECK(p.close(d) == 0);
  CHECK(world.clock.now_ns() == second + 5 * ns_per_s);
}

TEST_CASE("connect(AF_UNSPEC) takes a socket back") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  CHECK(p.connect(c, &none, sizeof none) == 0);
  world.pass(10 * world.delay_ns);
  CHECK(text_of(world.at_server_host, s) == "errno " + std::to_string(ECONNRESET));
  CHECK(text_of(p, c) == "errno " + std::to_string(ENOTCONN));
  world.listen_at(80);
  CHECK(connect_to(p, c, world.server_address(80)) == 0);
}

TEST_CASE("a host keeps nothing of connections that have ended") {
  TwoProcesses world;
  world.delay_ns = 100 * ns_per_ms;  // so that TIME-WAIT does not keep many
  const int listener = world.listen_at(80);
  for (int i = 0; i < 300; ++i) {
    const int c = tcp_socket_of(world.at_client_host);
    REQUIRE(c == 3);
    REQUIRE(connect_to(world.at_client_host, c, world.server_address(80)) == 0);
    const int s = world.at_server_host.accept(listener, nullptr, nullptr);
    REQUIRE(s == 4);
    world.at_client_host.close(c);
    CHECK(text_of(world.at_server_host, s, 10, 0).empty());
    world.at_server_host.close(s);
    CHECK(world.client.tcp_sockets().size() < 10);
    CHECK(world.server.tcp_sockets().size() < 10);
  }
  world.run();
  CHECK(world.client.tcp_sockets().empty());
  CHECK(world.server.tcp_sockets().empty());
  CHECK(world.client.tcp_totals().segments == 300 * 4);
}

TEST_CASE("a port pair comes again while the server is in TIME-WAIT") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int listener = world.listen_at(80);
  const int yes = 1;
  for (int i = 0; i < 3; ++i) {
    const int c = tcp_socket_of(p);
    p.setsockopt(c, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    REQUIRE(bind_to(p, c, SocketAddress("10.0.0.2", 5000)) == 0);
    REQUIRE(connect_to(p, c, world.server_address(80)) == 0);
    const int s = world.at_server_host.accept(listener, nullptr, nullptr);
    world.at_server_host.close(s);  // the server ends it, and has TIME-WAIT
    CHECK(text_of(p, c, 10, 0).empty());
    p.close(c);
    world.pass(10 * world.delay_ns);
    CHECK(world.server.tcp_sockets().size() == 1);
    CHECK(world.client.tcp_sockets().empty());
  }
}

TEST_CASE("a connection that nobody has and the peer does not end is given up") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  world.at_client_host.close(c);
  world.run();
  CHECK(world.client.tcp_sockets().empty());  // after FIN-WAIT-2's 60 s
  CHECK(world.clock.now_ns() > 60 * ns_per_s);
  CHECK(world.server.tcp_sockets().size() == 1);
  CHECK(text_of(world.at_server_host, s).empty());
}

// Linux takes a socket that has ended out of its tables, whether or not it was closed.
TEST_CASE("a port pair comes again though nobody has closed the old sockets") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  Process& q = world.at_server_host;
  const int listener = world.listen_at(443);
  const SocketAddress from(Endpoint{world.client.address(false), 5000});
  const SocketAddress to = world.server_address(443);
  const auto connect_again = [&] {
    const int fd = tcp_socket_of(p);
    const int on = 1;
    REQUIRE(p.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    REQUIRE(bind_to(p, fd, from) == 0);
    REQUIRE(connect_to(p, fd, to) == 0);
    return fd;
  };
  const int c = connect_again();
  const int s = q.accept(listener, nullptr, nullptr);

  bool client_has_closed = true;
  SECTION("after RST to the server") {
    REQUIRE(set_linger(p, c, 0) == 0);
    p.close(c);
  }
  SECTION("after RST to the client") {
    client_has_closed = false;
    REQUIRE(set_linger(q, s, 0) == 0);
    q.close(s);
  }
  SECTION("in the server's TIME-WAIT") {
    q.shutdown(s, SHUT_WR);
    world.pass(10 * world.delay_ns);
    p.close(c);
  }
  world.pass(10 * world.delay_ns);

  const int again = connect_again();
  const int accepted = q.accept(listener, nullptr, nullptr);
  REQUIRE(accepted >= 0);
  CHECK(p.send(again, "hello", 5, 0) == 5);
  CHECK(text_of(q, accepted, 100, 0) == "hello");
  if (client_has_closed)
    CHECK(q.close(s) == 0);
  else
    CHECK(p.close(c) == 0);
  CHECK(q.send(accepted, "answer", 6, 0) == 6);
  CHECK(text_of(p, again, 100, 0) == "answer");
  CHECK(p.close(again) == 0);
  CHECK(q.close(accepted) == 0);
  world.pass(200 * ns_per_s);
  CHECK(world.client.tcp_sockets().empty());
  CHECK(world.server.tcp_sockets().empty());
}
