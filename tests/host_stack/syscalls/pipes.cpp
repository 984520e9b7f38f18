// pipe(7), splice(2), vmsplice(2).
#include <fcntl.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "tests/host_stack/syscalls/two_processes.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

struct PipePair {
  explicit PipePair(Process& process, int flags = 0) { REQUIRE(process.pipe2(fds, flags) == 0); }
  int fds[2];
  int read_end() const { return fds[0]; }
  int write_end() const { return fds[1]; }
};

std::string read_text(Process& process, int fd, std::size_t size = 100'000) {
  std::string out(size, '\0');
  const ssize_t got = process.read(fd, out.data(), size);
  if (got < 0) return "errno " + std::to_string(errno);
  out.resize(static_cast<std::size_t>(got));
  return out;
}

std::string as_text(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

void fails(ssize_t result, int error) {
  CHECK(result == -1);
  CHECK(errno == error);
}

}  // namespace

TEST_CASE("a pipe gives what was put in, and ends with its writer") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const PipePair pipe(p);
  CHECK(p.write(pipe.write_end(), "hello", 5) == 5);
  CHECK(p.write(pipe.write_end(), " world", 6) == 6);
  CHECK(read_text(p, pipe.read_end(), 8) == "hello wo");
  CHECK(p.close(pipe.write_end()) == 0);
  CHECK(read_text(p, pipe.read_end()) == "rld");
  CHECK(read_text(p, pipe.read_end()).empty());

  const PipePair other(p);
  fails(p.read(other.write_end(), nullptr, 0), EBADF);
  fails(p.write(other.read_end(), "x", 1), EBADF);
  p.close(other.read_end());
  fails(p.write(other.write_end(), "x", 1), EPIPE);
  fails(p.pipe2(nullptr, 0), EFAULT);
  int fds[2];
  fails(p.pipe2(fds, O_APPEND), EINVAL);
}

TEST_CASE("a pipe that does not wait") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const PipePair pipe(p, O_NONBLOCK);
  CHECK(read_text(p, pipe.read_end()) == "errno " + std::to_string(EAGAIN));
  const auto data = pattern(100'000);
  // More than PIPE_BUF: as much as there is room for; PIPE_BUF or less: whole or not at all.
  CHECK(p.write(pipe.write_end(), data.data(), data.size()) == 65536);
  fails(p.write(pipe.write_end(), data.data(), 1), EAGAIN);
  CHECK(read_text(p, pipe.read_end(), 4095).size() == 4095);
  fails(p.write(pipe.write_end(), data.data(), 4096), EAGAIN);
  CHECK(p.write(pipe.write_end(), data.data(), 4095) == 4095);
}

TEST_CASE("a pipe's capacity is a power of two pages") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const PipePair pipe(p, O_NONBLOCK);
  CHECK(p.fcntl(pipe.read_end(), F_GETPIPE_SZ) == 65536);
  CHECK(p.fcntl(pipe.read_end(), F_SETPIPE_SZ, 1) == 4096);
  CHECK(p.fcntl(pipe.write_end(), F_GETPIPE_SZ) == 4096);
  CHECK(p.fcntl(pipe.write_end(), F_SETPIPE_SZ, 4097) == 8192);
  CHECK(p.fcntl(pipe.write_end(), F_SETPIPE_SZ, 1 << 20) == 1 << 20);
  fails(p.fcntl(pipe.write_end(), F_SETPIPE_SZ, (1 << 20) + 1), EPERM);
  fails(p.fcntl(pipe.write_end(), F_SETPIPE_SZ, -1), EINVAL);
  const auto data = pattern(5000);
  CHECK(p.write(pipe.write_end(), data.data(), data.size()) == 5000);
  fails(p.fcntl(pipe.write_end(), F_SETPIPE_SZ, 4096), EBUSY);
  fails(p.fcntl(p.socket(AF_INET, SOCK_STREAM, 0), F_GETPIPE_SZ), EBADF);
}

TEST_CASE("splice(): pipe to socket to pipe") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  Process& q = world.at_server_host;
  const PipePair in(p);
  const PipePair out(q);
  const auto data = pattern(40'000);
  CHECK(p.write(in.write_end(), data.data(), data.size()) == 40'000);
  CHECK(p.splice(in.read_end(), nullptr, c, nullptr, 30'000, 0) == 30'000);
  CHECK(p.splice(in.read_end(), nullptr, c, nullptr, 30'000, 0) == 10'000);
  fails(p.splice(in.read_end(), nullptr, c, nullptr, 1, SPLICE_F_NONBLOCK), EAGAIN);
  p.close(in.write_end());
  CHECK(p.splice(in.read_end(), nullptr, c, nullptr, 1, 0) == 0);
  p.close(c);
  std::string all;
  while (true) {
    const ssize_t got = q.splice(s, nullptr, out.write_end(), nullptr, 7000, 0);
    REQUIRE(got >= 0);
    if (got == 0) break;
    CHECK(got <= 7000);
    all += read_text(q, out.read_end());
  }
  CHECK((all == as_text(data)));
}

TEST_CASE("splice() into a socket that is full leaves the rest in the pipe") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  const int small = 1;
  REQUIRE(p.setsockopt(c, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
  REQUIRE(p.fcntl(c, F_SETFL, O_NONBLOCK) == 0);
  const PipePair in(p, O_NONBLOCK);
  const auto data = pattern(20'000);
  CHECK(p.write(in.write_end(), data.data(), data.size()) == 20'000);
  CHECK(p.splice(in.read_end(), nullptr, c, nullptr, 20'000, 0) == 4608);
  fails(p.splice(in.read_end(), nullptr, c, nullptr, 20'000, 0), EAGAIN);
  CHECK((text_of(world.at_server_host, s, 4608, MSG_WAITALL) + read_text(p, in.read_end()) ==
         as_text(data)));
}

TEST_CASE("splice(): between pipes, files and pipes") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const PipePair a(p);
  const PipePair b(p);
  const int file = p.memfd_create("file", 0);
  const auto data = pattern(10'000);
  CHECK(p.write(file, data.data(), data.size()) == 10'000);
  off_t offset = 2000;
  CHECK(p.splice(file, &offset, a.write_end(), nullptr, 5000, 0) == 5000);
  CHECK(offset == 7000);
  CHECK(p.splice(file, nullptr, a.write_end(), nullptr, 5000, 0) == 0);  // at the end
  CHECK(p.splice(a.read_end(), nullptr, b.write_end(), nullptr, 4000, 0) == 4000);
  CHECK((read_text(p, b.read_end()) == as_text(data).substr(2000, 4000)));
  CHECK(p.splice(a.read_end(), nullptr, file, nullptr, 4000, 0) == 1000);
  CHECK(p.lseek(file, 10'000, SEEK_SET) == 10'000);
  CHECK((read_text(p, file) == as_text(data).substr(6000, 1000)));
  offset = 0;
  p.write(b.write_end(), "xyz", 3);
  CHECK(p.splice(b.read_end(), nullptr, file, &offset, 100, 0) == 3);
  CHECK(p.lseek(file, 0, SEEK_SET) == 0);
  CHECK(read_text(p, file, 3) == "xyz");
}

TEST_CASE("splice(): what it refuses") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  Process& p = world.at_client_host;
  const PipePair a(p);
  const int file = p.memfd_create("file", 0);
  off_t offset = 0;
  fails(p.splice(file, nullptr, c, nullptr, 1, 0), EINVAL);
  fails(p.splice(a.read_end(), nullptr, a.write_end(), nullptr, 1, 0), EINVAL);
  fails(p.splice(a.read_end(), nullptr, c, nullptr, 1, 0x100), EINVAL);
  fails(p.splice(a.read_end(), &offset, c, nullptr, 1, 0), ESPIPE);
  fails(p.splice(a.read_end(), nullptr, c, &offset, 1, 0), EINVAL);
  fails(p.splice(c, &offset, a.write_end(), nullptr, 1, 0), EINVAL);
  fails(p.splice(a.write_end(), nullptr, c, nullptr, 1, 0), EBADF);
  fails(p.splice(c, nullptr, a.read_end(), nullptr, 1, 0), EBADF);
  fails(p.splice(99, nullptr, c, nullptr, 1, 0), EBADF);
  CHECK(p.splice(a.read_end(), nullptr, c, nullptr, 0, 0) == 0);
  p.fcntl(c, F_SETFL, O_NONBLOCK);
  fails(p.splice(c, nullptr, a.write_end(), nullptr, 1, 0), EAGAIN);
  p.close(a.read_end());
  fails(p.splice(c, nullptr, a.write_end(), nullptr, 1, 0), EPIPE);
}

TEST_CASE("vmsplice(): memory to pipe and back") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const PipePair pipe(p, O_NONBLOCK);
  auto data = pattern(70'000);
  const iovec out[] = {{data.data(), 10}, {nullptr, 0}, {data.data() + 10, data.size() - 10}};
  CHECK(p.vmsplice(pipe.write_end(), out, 3, 0) == 65536);
  fails(p.vmsplice(pipe.write_end(), out, 3, 0), EAGAIN);
  std::vector<std::uint8_t> copy(70'000);
  const iovec in[] = {{copy.data(), 100}, {copy.data() + 100, copy.size() - 100}};
  CHECK(p.vmsplice(pipe.read_end(), in, 2, 0) == 65536);
  CHECK(std::equal(data.begin(), data.begin() + 65536, copy.begin()));
  const iovec bad[] = {{data.data(), 10}, {reinterpret_cast<void*>(1), 10}};
  CHECK(p.vmsplice(pipe.write_end(), bad, 2, 0) == 10);
  fails(p.vmsplice(pipe.write_end(), bad + 1, 1, 0), EFAULT);
  fails(p.vmsplice(pipe.write_end(), nullptr, 1, 0), EFAULT);
  fails(p.vmsplice(pipe.write_end(), out, 1025, 0), EINVAL);
  fails(p.vmsplice(p.memfd_create("x", 0), out, 1, 0), EBADF);
}

TEST_CASE("vmsplice(): buffers longer than memory can be") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  int fds[2];
  REQUIRE(p.pipe(fds) == 0);
  char byte = 'x';
  // Together 0, to who adds them up.
  const iovec half{&byte, std::size_t{1} << 63};
  const iovec both[] = {half, half};
  CHECK(p.vmsplice(fds[1], both, 2, 0) == -1);
  CHECK(errno == EINVAL);
  CHECK(p.vmsplice(fds[0], &half, 1, 0) == -1);
  CHECK(errno == EINVAL);
}
