// poll(2).
#include <fcntl.h>
#include <catch2/catch.hpp>

#include "tests/host_stack/syscalls/two_processes.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr short everything = POLLIN | POLLOUT | POLLRDHUP | POLLPRI;

short events_of(Process& process, int fd) {
  pollfd polled{fd, everything, -1};
  process.poll(&polled, 1, 0);
  return polled.revents;
}

// How many of so many bytes a send buffer takes at once.
ssize_t send_at_once(Process& process, int fd, int send_buffer, std::size_t size) {
  process.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  const auto data = pattern(size);
  return process.send(fd, data.data(), data.size(), MSG_DONTWAIT);
}

}  // namespace

TEST_CASE("poll() counts descriptors with events and passes over negative ones") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  const int file = p.memfd_create("file", 0);
  pollfd polled[] = {
      {c, POLLIN, 7}, {-1, POLLIN, 7}, {99, 0, 7}, {c, POLLOUT, 7}, {file, POLLIN, 7}};
  CHECK(p.poll(polled, 5, -1) == 3);
  CHECK(polled[0].revents == 0);
  CHECK(polled[1].revents == 0);
  CHECK(polled[2].revents == POLLNVAL);
  CHECK(polled[3].revents == POLLOUT);
  CHECK(polled[4].revents == POLLIN);
  CHECK(p.poll(nullptr, 1, 0) == -1);
  CHECK(errno == EFAULT);
  CHECK(p.poll(polled, nfds_t{1} << 40, 0) == -1);
  CHECK(errno == EINVAL);
}

TEST_CASE("poll() waits for so many ms, or until something is there") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  Process& q = world.at_server_host;
  const std::uint64_t begin = world.clock.now_ns();
  pollfd polled{s, POLLIN, 0};
  CHECK(q.poll(&polled, 1, 0) == 0);
  CHECK(world.clock.now_ns() == begin);
  CHECK(q.poll(&polled, 1, 25) == 0);
  CHECK(world.clock.now_ns() == begin + 25 * ns_per_ms);
  p.send(c, "x", 1, 0);
  CHECK(q.poll(&polled, 1, 25) == 1);
  CHECK(polled.revents == POLLIN);
  CHECK(world.clock.now_ns() == begin + 26 * ns_per_ms);
  // No descriptors: a way to sleep.
  CHECK(q.poll(nullptr, 0, 10) == 0);
  CHECK(world.clock.now_ns() == begin + 36 * ns_per_ms);
  q.sleep_ns(5);
  CHECK(world.clock.now_ns() == begin + 36 * ns_per_ms + 5);
}

TEST_CASE("poll(): sockets and listeners") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  Process& q = world.at_server_host;
  const int listener = world.listen_at(80);
  const int c = tcp_socket_of(p);
  CHECK(events_of(p, c) == (POLLOUT | POLLHUP));  // not connected
  CHECK(events_of(q, listener) == 0);
  REQUIRE(connect_to(p, c, world.server_address(80)) == 0);
  world.pass(10 * world.delay_ns);
  CHECK(events_of(q, listener) == POLLIN);
  const int s = q.accept(listener, nullptr, nullptr);
  CHECK(events_of(q, listener) == 0);
  CHECK(events_of(q, s) == POLLOUT);
  p.shutdown(c, SHUT_WR);
  world.pass(10 * world.delay_ns);
  CHECK(events_of(q, s) == (POLLIN | POLLOUT | POLLRDHUP));
  CHECK(events_of(p, c) == POLLOUT);
  q.close(s);
  world.pass(10 * world.delay_ns);
  CHECK(events_of(p, c) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
}

TEST_CASE("poll(): a full send buffer") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  CHECK(send_at_once(p, c, 1, 10'000) == 4608);
  CHECK(events_of(p, c) == 0);
  pollfd polled{c, POLLOUT, 0};
  CHECK(p.poll(&polled, 1, 1000) == 1);
  CHECK(send_at_once(p, c, 1, 10'000) > 0);
}

TEST_CASE("poll(): a send buffer with less than a third free") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  CHECK(send_at_once(p, c, 1, 4000) == 4000);
  CHECK(events_of(p, c) == 0);
  pollfd polled{c, POLLOUT, 0};
  CHECK(p.poll(&polled, 1, 1000) == 1);
}

TEST_CASE("poll(): pipes") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  int fds[2];
  REQUIRE(p.pipe2(fds, O_NONBLOCK) == 0);
  CHECK(events_of(p, fds[0]) == 0);
  CHECK(events_of(p, fds[1]) == POLLOUT);
  const auto data = pattern(65536);
  CHECK(p.write(fds[1], data.data(), data.size()) == 65536);
  CHECK(events_of(p, fds[0]) == POLLIN);
  CHECK(events_of(p, fds[1]) == 0);
  p.close(fds[1]);
  CHECK(events_of(p, fds[0]) == (POLLIN | POLLHUP));
  REQUIRE(p.pipe(fds) == 0);
  const int writer = fds[1];
  p.close(fds[0]);
  CHECK(events_of(p, writer) == (POLLOUT | POLLERR));
}

TEST_CASE("a sleep that is longer than time lasts is not over at once") {
  TwoProcesses world;
  world.pass(ns_per_s);
  world.at_client_host.sleep_ns(UINT64_MAX);
  CHECK(world.clock.now_ns() == UINT64_MAX);
}

TEST_CASE("poll(): a send buffer that has room, but not a third of it") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  // Nobody was told that there is no room.
  CHECK(send_at_once(p, c, 50'000, 80'000) == 80'000);
  CHECK(events_of(p, c) == 0);
  pollfd polled{c, POLLOUT, 0};
  CHECK(p.poll(&polled, 1, -1) == 1);
  CHECK(polled.revents == POLLOUT);
}
