// /proc/net/tls_stat as an application reads it (facts 2.11).
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>

#include "tests/host_stack/syscalls/two_processes.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

std::string tls_stat_of(Process& process) {
  const int fd = process.open("/proc/net/tls_stat", O_RDONLY);
  REQUIRE(fd >= 0);
  std::string text(4096, '\0');
  const ssize_t got = process.read(fd, &text[0], text.size());
  REQUIRE(got > 0);
  text.resize(static_cast<std::size_t>(got));
  CHECK(process.read(fd, &text[0], text.size()) == 0);
  CHECK(process.close(fd) == 0);
  return text;
}

std::uint64_t value_of(const std::string& text, const std::string& name) {
  const std::size_t at = text.find(name + ' ');
  REQUIRE(at != std::string::npos);
  return std::strtoull(text.c_str() + text.find('\t', at), nullptr, 10);
}

}  // namespace

TEST_CASE("/proc/net/tls_stat: the host's own, as it is at open()") {
  TwoProcesses world;
  const auto connection = world.connect_processes();
  const std::string before = tls_stat_of(world.at_client_host);
  CHECK(before == world.client.tls_stat().proc_net_tls_stat());
  CHECK(before.compare(0, 35, "TlsCurrTxSw                     \t0\n") == 0);
  const int early = world.at_client_host.open("/proc/net/tls_stat", O_RDONLY);

  TcpSocket* socket = world.at_client_host.tcp_socket(connection.client);
  REQUIRE(socket != nullptr);
  TrafficKeys keys;
  keys.version = TlsVersion::tls12;
  keys.cipher = TlsCipher::aes_gcm_128;
  REQUIRE(socket->set_tls_tx({{keys, 0}, 0}) == 0);
  const std::string after = tls_stat_of(world.at_client_host);
  CHECK(value_of(after, "TlsTxSw") == 1);
  CHECK(value_of(after, "TlsCurrTxSw") == 1);
  CHECK(value_of(tls_stat_of(world.at_server_host), "TlsTxSw") == 0);

  std::string text(before.size() + 1, '\0');
  REQUIRE(world.at_client_host.read(early, &text[0], text.size()) ==
          static_cast<ssize_t>(before.size()));
  text.resize(before.size());
  CHECK(text == before);
}

TEST_CASE("/proc/net/tls_stat can only be read") {
  TwoProcesses world;
  for (const int flags : {O_WRONLY, O_RDWR}) {
    errno = 0;
    CHECK(world.at_client_host.open("/proc/net/tls_stat", flags) == -1);
    CHECK(errno == EACCES);
  }
  const int fd = world.at_client_host.open("/proc/net/tls_stat", O_RDONLY);
  REQUIRE(fd >= 0);
  errno = 0;
  CHECK(world.at_client_host.write(fd, "0", 1) == -1);
  CHECK(errno == EBADF);
}
