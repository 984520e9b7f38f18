// Descriptors and regular files: open(2), memfd_create(2), lseek(2), fcntl(2), dup(2).
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/host_stack/syscalls/two_processes.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

std::string read_text(Process& process, int fd, std::size_t size = 100) {
  std::string out(size, '\0');
  const ssize_t got = process.read(fd, out.data(), size);
  if (got < 0) return "errno " + std::to_string(errno);
  out.resize(static_cast<std::size_t>(got));
  return out;
}

}  // namespace

TEST_CASE("descriptors are the lowest that are free, from 3 on") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  int pipe[2];
  REQUIRE(p.pipe(pipe) == 0);
  CHECK(pipe[0] == 3);
  CHECK(pipe[1] == 4);
  CHECK(p.dup(pipe[0]) == 5);
  CHECK(p.close(3) == 0);
  CHECK(p.close(3) == -1);
  CHECK(errno == EBADF);
  CHECK(p.dup(4) == 3);
  CHECK(p.dup(4) == 6);
  CHECK(p.fcntl(4, F_DUPFD, 20) == 20);
  CHECK(p.fcntl(4, F_DUPFD, -1) == -1);
  CHECK(errno == EINVAL);
  for (const int bad : {-1, 0, 2, 7, 1 << 30}) {
    CHECK(p.dup(bad) == -1);
    CHECK(errno == EBADF);
  }
  // Another process knows none of them.
  CHECK(world.at_server_host.close(4) == -1);
}

TEST_CASE("what was duplicated is one file") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int fd = p.memfd_create("name", MFD_CLOEXEC);
  const int other = p.dup(fd);
  CHECK(p.write(fd, "abcdef", 6) == 6);
  CHECK(p.lseek(other, 0, SEEK_CUR) == 6);
  CHECK(p.lseek(other, 2, SEEK_SET) == 2);
  CHECK(read_text(p, fd, 3) == "cde");
  CHECK(p.fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
  CHECK(p.fcntl(other, F_GETFL) == (O_RDWR | O_NONBLOCK));
  CHECK(p.close(fd) == 0);
  CHECK(read_text(p, other) == "f");
  CHECK(read_text(p, other).empty());
}

TEST_CASE("a socket that was duplicated is open until the last descriptor is closed") {
  TwoProcesses world;
  auto [c, s] = world.connect_processes();
  const int other = world.at_client_host.dup(c);
  world.at_client_host.close(c);
  CHECK(world.at_client_host.send(other, "x", 1, 0) == 1);
  CHECK(text_of(world.at_server_host, s, 10, 0) == "x");
  world.at_client_host.close(other);
  CHECK(text_of(world.at_server_host, s, 10, 0).empty());
}

TEST_CASE("files in memory: gaps, offsets, sizes") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int fd = p.memfd_create("name", 0);
  CHECK(p.lseek(fd, 4, SEEK_SET) == 4);
  CHECK(p.write(fd, "end", 3) == 3);
  CHECK(p.lseek(fd, 0, SEEK_SET) == 0);
  CHECK(read_text(p, fd) == std::string("\0\0\0\0end", 7));
  CHECK(p.lseek(fd, -3, SEEK_END) == 4);
  CHECK(p.write(fd, "END!", 4) == 4);
  CHECK(p.lseek(fd, 0, SEEK_END) == 8);
  CHECK(p.fcntl(fd, F_SETFL, O_APPEND) == 0);
  CHECK(p.lseek(fd, 0, SEEK_SET) == 0);
  CHECK(p.write(fd, "?", 1) == 1);
  CHECK(p.lseek(fd, 0, SEEK_CUR) == 9);
  const auto fails = [&](off_t result, int error) {
    CHECK(result == -1);
    CHECK(errno == error);
  };
  fails(p.lseek(fd, -10, SEEK_END), EINVAL);
  fails(p.lseek(fd, 0, 77), EINVAL);
  fails(p.lseek(fd, INT64_MAX, SEEK_END), EOVERFLOW);
  fails(p.read(fd, nullptr, 1), EFAULT);
  fails(p.write(fd, nullptr, 1), EFAULT);
  CHECK(p.lseek(fd, off_t{1} << 40, SEEK_SET) == off_t{1} << 40);
  CHECK(read_text(p, fd).empty());
  CHECK(p.fcntl(fd, F_SETFL, 0) == 0);
  fails(p.write(fd, "x", 1), EFBIG);
  fails(p.memfd_create(nullptr, 0), EFAULT);
  fails(p.memfd_create("name", 0x8000), EINVAL);
  fails(p.memfd_create(std::string(250, 'x').c_str(), 0), EINVAL);
  CHECK(p.memfd_create(std::string(249, 'x').c_str(), 0) > 0);
  fails(p.lseek(p.socket(AF_INET, SOCK_STREAM, 0), 0, SEEK_SET), ESPIPE);
}

TEST_CASE("files of the real file system can be read") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const std::string path = TLSNIC_SOURCE_DIR "/LICENSE";
  std::ifstream stream(path, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(stream), {}};
  const int fd = p.open(path.c_str(), O_RDONLY);
  REQUIRE(fd == 3);
  CHECK(read_text(p, fd, expected.size() + 10) == expected);
  CHECK(p.lseek(fd, 0, SEEK_END) == static_cast<off_t>(expected.size()));
  const auto fails = [&](ssize_t result, int error) {
    CHECK(result == -1);
    CHECK(errno == error);
  };
  fails(p.write(fd, "x", 1), EBADF);
  fails(p.open(path.c_str(), O_RDWR), EROFS);
  fails(p.open((path + ".none").c_str(), O_RDONLY), ENOENT);
  fails(p.open((path + "/below").c_str(), O_RDONLY), ENOTDIR);
  fails(p.open(TLSNIC_SOURCE_DIR, O_RDONLY), EISDIR);
  fails(p.open("/dev/zero", O_RDONLY), EINVAL);
  fails(p.open(nullptr, O_RDONLY), EFAULT);
}

// As sock_read_iter(): nothing is asked of a socket.
TEST_CASE("read() of no bytes from a socket does not wait") {
  TwoProcesses world;
  const auto [c, s] = world.connect_processes();
  char byte = 0;
  CHECK(world.at_client_host.read(c, &byte, 0) == 0);
  CHECK(world.at_client_host.read(world.at_client_host.socket(AF_INET, SOCK_STREAM, 0), &byte, 0) ==
        0);
}

TEST_CASE("sendfile() into a file that is appended to") {
  TwoProcesses world;
  Process& p = world.at_client_host;
  const int file = p.memfd_create("file", 0);
  REQUIRE(p.write(file, "0123", 4) == 4);
  REQUIRE(p.fcntl(file, F_SETFL, O_APPEND) == 0);
  off_t start = 0;
  CHECK(p.sendfile(file, file, &start, 100000) == -1);
  CHECK(errno == EINVAL);
  CHECK(p.lseek(file, 0, SEEK_END) == 4);
}

TEST_CASE("open() of a FIFO does not wait for the real one's writer") {
  TwoProcesses world;
  char folder[] = "/tmp/tlsnic-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  ::alarm(10);
  CHECK(world.at_client_host.open(path.c_str(), O_RDONLY) == -1);
  CHECK(errno == EINVAL);
  ::alarm(0);
  ::unlink(path.c_str());
  ::rmdir(folder);
}
