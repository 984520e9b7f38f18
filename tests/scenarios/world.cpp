// The world for users' programs. There is one in this program, for all tests.
#include "scenarios/world.h"

#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "host_stack/openssl/tls_session.h"
#include "tests/support/random_bytes.h"

using namespace tlsnic;
using host::Process;
using scenarios::World;

namespace {

World& world() {
  static World only;
  return only;
}

sockaddr_in server_address() {
  return {AF_INET, htons(443), {inet_addr("10.0.0.2")}, {}};
}

int accept_one(Process& process) {
  const sockaddr_in address = server_address();
  const int listener = process.socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(process.bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
          0);
  REQUIRE(process.listen(listener, 1) == 0);
  const int fd = process.accept(listener, nullptr, nullptr);
  REQUIRE(fd >= 0);
  REQUIRE(process.close(listener) == 0);
  return fd;
}

int connect_to_server(Process& process) {
  const sockaddr_in address = server_address();
  const int fd = process.socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(process.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

std::vector<std::uint8_t> read_to_end(host::TlsSession& session) {
  std::vector<std::uint8_t> out;
  std::vector<std::uint8_t> buffer(16384);
  while (true) {
    const host::TlsResult result = session.read(buffer);
    if (result.status == host::TlsStatus::closed) return out;
    CAPTURE(session.error_text());
    REQUIRE(result.ok());
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<long>(result.size));
  }
}

}  // namespace

TEST_CASE("world: a second one is refused with the reason") {
  world();
  try {
    const World second;
    FAIL("a second world was built");
  } catch (const std::logic_error& error) {
    CHECK(std::strstr(error.what(), "a second World in one program") != nullptr);
  }
}

TEST_CASE("world: hosts have their addresses") {
  const auto name_of = [](Process& process, Process& other, bool ipv6) {
    sockaddr_storage address{};
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = 0;
    if (ipv6) {
      auto* to = reinterpret_cast<sockaddr_in6*>(&address);
      to->sin6_family = AF_INET6;
      to->sin6_port = htons(80);
      REQUIRE(inet_pton(AF_INET6, "fd00::2", &to->sin6_addr) == 1);
      length = sizeof(sockaddr_in6);
    } else {
      auto* to = reinterpret_cast<sockaddr_in*>(&address);
      *to = server_address();
      to->sin_port = htons(80);
      length = sizeof(sockaddr_in);
    }
    const int family = ipv6 ? AF_INET6 : AF_INET;
    const int listener = other.socket(family, SOCK_STREAM, 0);
    REQUIRE(other.bind(listener, generic, length) == 0);
    REQUIRE(other.listen(listener, 1) == 0);
    const int fd = process.socket(family, SOCK_STREAM, 0);
    REQUIRE(process.connect(fd, generic, length) == 0);
    length = sizeof(address);
    REQUIRE(process.getsockname(fd, generic, &length) == 0);
    char text[INET6_ADDRSTRLEN] = {};
    const void* bytes =
        ipv6 ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr)
             : &reinterpret_cast<sockaddr_in*>(&address)->sin_addr;
    inet_ntop(family, bytes, text, sizeof(text));
    process.close(fd);
    other.close(listener);
    return std::string(text);
  };
  Process& client = world().client_process();
  Process& server = world().server_process();
  CHECK(name_of(client, server, false) == "10.0.0.1");
  CHECK(name_of(client, server, true) == "fd00::1");
}

TEST_CASE("world: what an application throws comes out of run(), once") {
  world().spawn(world().client, [](Process& process) {
    process.sleep_ns(1000);
    throw std::runtime_error("no luck");
  });
  bool other_goes_on = false;
  world().spawn(world().server, [&](Process& process) {
    process.sleep_ns(1'000'000);
    other_goes_on = true;
  });
  CHECK_THROWS_WITH(world().run(), "no luck");
  CHECK(!other_goes_on);
  CHECK_NOTHROW(world().run());
  CHECK(other_goes_on);
}

TEST_CASE("world: an application that returns leaves no connection open") {
  std::string read;
  world().spawn(world().server, [&](Process& process) {
    const int fd = accept_one(process);
    char buffer[100];
    while (true) {
      const ssize_t size = process.recv(fd, buffer, sizeof(buffer), 0);
      REQUIRE(size >= 0);
      if (size == 0) return;
      read.append(buffer, static_cast<std::size_t>(size));
    }
  });
  world().spawn(world().client, [](Process& process) {
    REQUIRE(process.send(connect_to_server(process), "bye", 3, 0) == 3);
  });
  world().run();
  CHECK(read == "bye");
}

TEST_CASE("world: connections that were read empty hold no packets of the device's") {
  const bool splices = GENERATE(false, true);
  constexpr int connections = 40;
  const std::vector<std::uint8_t> sent = testing::random_bytes(30'000, 3);  // 21 packets
  long more = 0;                                                            // pages in use
  world().spawn(world().server, [&](Process& process) {
    const auto before = static_cast<long>(world().server.memory().pages_in_use());
    int pipe[2];
    REQUIRE(process.pipe(pipe) == 0);
    std::vector<std::uint8_t> buffer(sent.size());
    const sockaddr_in address = server_address();
    const int listener = process.socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(process.bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
            0);
    REQUIRE(process.listen(listener, 1) == 0);
    for (int i = 0; i < connections; ++i) {
      const int fd = process.accept(listener, nullptr, nullptr);
      REQUIRE(fd >= 0);
      process.sleep_ns(5'000'000);
      const auto size = static_cast<ssize_t>(sent.size());
      if (splices) REQUIRE(process.splice(fd, nullptr, pipe[1], nullptr, sent.size(), 0) == size);
      REQUIRE(process.read(splices ? pipe[0] : fd, buffer.data(), buffer.size()) == size);
      CHECK(buffer == sent);
    }
    more = static_cast<long>(world().server.memory().pages_in_use()) - before;
  });
  world().spawn(world().client, [&](Process& process) {
    for (int i = 0; i < connections; ++i) {
      const int fd = connect_to_server(process);
      REQUIRE(process.send(fd, sent.data(), sent.size(), 0) == static_cast<ssize_t>(sent.size()));
      process.sleep_ns(10'000'000);
    }
  });
  world().run();
  // The driver fills its ring in batches.
  CHECK(more < 100);
}

TEST_CASE("world: libssl over descriptors, both ways, records by libssl or by the chip") {
  const auto version = GENERATE(TlsVersion::tls12, TlsVersion::tls13);
  const auto cipher =
      GENERATE(TlsCipher::aes_gcm_128, TlsCipher::aes_gcm_256, TlsCipher::chacha20_poly1305);
  const bool ktls = GENERATE(false, true);
  CAPTURE(static_cast<int>(version), static_cast<int>(cipher), ktls);
  host::DeterministicRandom random(1);
  const host::Identity identity(random, 1);
  host::TlsSettings settings;
  settings.version = version;
  settings.cipher = cipher;
  settings.ktls = {ktls, ktls};
  settings.ktls_rx_tls13 = ktls;
  settings.session_tickets = 2;
  const host::TlsContext client(random, identity, host::TlsRole::client, settings);
  const host::TlsContext server(random, identity, host::TlsRole::server, settings);
  const auto there = testing::random_bytes(1'000'000, 1);
  const auto back = testing::random_bytes(300'000, 2);
  std::vector<std::uint8_t> came_there;
  std::vector<std::uint8_t> came_back;
  const host::RecordLayer expected = !ktls ? host::RecordLayer::openssl
                                     : cipher == TlsCipher::chacha20_poly1305
                                         ? host::RecordLayer::tls_sw
                                         : host::RecordLayer::tls_hw;

  const auto run_end = [&](Process& process, int fd, bool is_server) {
    host::TlsSession session(is_server ? server : client, process, fd, is_server ? 2 : 1);
    const host::TlsResult handshake = session.handshake();
    CAPTURE(session.error_text());
    REQUIRE(handshake.ok());
    CHECK(session.tx_records() == expected);
    CHECK(session.rx_records() == expected);
    if (is_server) came_there = read_to_end(session);
    const Bytes data(is_server ? back : there);
    REQUIRE(session.write(data.first(data.size() / 2)).ok());
    if (version == TlsVersion::tls13) REQUIRE(session.update_key().ok());
    REQUIRE(session.write(data.subspan(data.size() / 2)).ok());
    REQUIRE(session.shutdown().ok());
    if (!is_server) came_back = read_to_end(session);
  };
  world().spawn(world().server,
                [&](Process& process) { run_end(process, accept_one(process), true); });
  world().spawn(world().client,
                [&](Process& process) { run_end(process, connect_to_server(process), false); });
  world().run();
  CHECK(came_there == there);
  CHECK(came_back == back);
}
