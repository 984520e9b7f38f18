// What a connection costs in memory while it is open and idle after some data: the difference
// between twice as many connections and so many, divided by their number. Each end is a process
// with a thread of its own.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "bench/memory_usage.h"
#include "host_stack/openssl/tls_session.h"
#include "host_stack/syscalls/tls_uapi.h"
#include "scenarios/run/run.h"
#include "scenarios/world.h"

using namespace tlsnic;
using host::Process;

namespace {

// Blocks from here on that come once for each connection are buffers. No object is as large; tables
// of all connections are, but there is only one of each.
constexpr std::size_t smallest_buffer = 4096;

struct Usage {
  bench::MemoryUsage memory;
  std::size_t pages = 0;  // of received packets; they are not from malloc()
};

// ---- the connections

enum class Kind {
  none,      // the processes alone
  keys,      // keys are set by setsockopt()
  openssl,   // OpenSSL makes a handshake and hands the keys over
  scenario,  // as keys, but as flows of a scenario, with its records of what was sent and read
};

constexpr std::size_t message = 65536;  // bytes from each end to the other
// Each connection has its turn: what chips and link hold for packets in flight is not of
// connections.
constexpr std::uint64_t turn_ns = 2'000'000;
constexpr std::uint64_t first_exchange_ns = 5'000'000'000;  // the chips hold all contexts by then
constexpr std::uint64_t measured_at_ns = 20'000'000'000;

std::array<std::uint8_t, message> content{};  // also what is received goes there
int ends_idle = 0;

template <typename Result>
Result must(const char* call, Result result) {
  if (result < 0) throw std::runtime_error(fmt::format("{}: {}", call, std::strerror(errno)));
  return result;
}

sockaddr_in server_address(std::uint32_t connection) {
  const auto port = static_cast<std::uint16_t>(1000 + connection);
  return {AF_INET, htons(port), {inet_addr("10.0.0.2")}, {}};
}

int accept_one(Process& process, std::uint32_t connection) {
  const sockaddr_in address = server_address(connection);
  const int listener = must("socket", process.socket(AF_INET, SOCK_STREAM, 0));
  must("bind",
       process.bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  must("listen", process.listen(listener, 1));
  const int fd = must("accept", process.accept(listener, nullptr, nullptr));
  must("close", process.close(listener));
  return fd;
}

int connect_one(Process& process, std::uint32_t connection) {
  process.sleep_ns(connection * turn_ns);
  const sockaddr_in address = server_address(connection);
  const int fd = must("socket", process.socket(AF_INET, SOCK_STREAM, 0));
  must("connect",
       process.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  return fd;
}

void set_keys(Process& process, int fd) {
  tls12_crypto_info_aes_gcm_128 info{};
  info.info.version = TLS_1_3_VERSION;
  info.info.cipher_type = TLS_CIPHER_AES_GCM_128;
  must("TCP_ULP", process.setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls")));
  must("TLS_TX", process.setsockopt(fd, SOL_TLS, TLS_TX, &info, sizeof(info)));
  must("TLS_RX", process.setsockopt(fd, SOL_TLS, TLS_RX, &info, sizeof(info)));
}

// One message there, one back. Then nothing.
void exchange(Process& process, int fd, std::uint32_t connection, bool is_server) {
  process.sleep_ns(first_exchange_ns + connection * turn_ns -
                   sc_core::sc_time_stamp().value() / 1000);
  for (const bool sends : {!is_server, is_server}) {
    if (sends) {
      must("send", process.send(fd, content.data(), content.size(), 0));
      continue;
    }
    for (std::size_t left = content.size(); left > 0;)
      left -= static_cast<std::size_t>(must("recv", process.recv(fd, content.data(), left, 0)));
  }
}

struct Contexts {
  host::DeterministicRandom random{1};
  host::Identity identity{random, 1};
  host::TlsSettings settings{TlsVersion::tls13, TlsCipher::aes_gcm_128, {true, true}};
  host::TlsContext client{random, identity, host::TlsRole::client, settings};
  host::TlsContext server{random, identity, host::TlsRole::server, settings};
};

void wait_for_measurement(Process& process) {
  ++ends_idle;
  process.sleep_ns(2 * measured_at_ns);
}

void run_end(Process& process, const Contexts* contexts, std::uint32_t connection, bool is_server) {
  const int fd = is_server ? accept_one(process, connection) : connect_one(process, connection);
  if (contexts == nullptr) {
    set_keys(process, fd);
    exchange(process, fd, connection, is_server);
    return wait_for_measurement(process);
  }
  host::TlsSession session(is_server ? contexts->server : contexts->client, process, fd,
                           2 * connection + (is_server ? 1 : 0));
  if (!session.handshake().ok()) throw std::runtime_error(session.error_text());
  exchange(process, fd, connection, is_server);
  wait_for_measurement(process);
}

// ---- the measurement

Usage usage_of_world(std::uint32_t connections, Kind kind) {
  std::optional<Contexts> contexts;
  if (kind == Kind::openssl) contexts.emplace();
  scenarios::World world;
  const auto start = [&](scenarios::Machine& machine, std::uint32_t connection) {
    world.spawn(machine, [&, connection](Process& process) {
      if (kind == Kind::none) return wait_for_measurement(process);
      run_end(process, contexts ? &*contexts : nullptr, connection, &machine == &world.server);
    });
  };
  for (std::uint32_t i = 0; i < connections; ++i) {
    start(world.server, i);
    start(world.client, i);
  }
  Usage out;
  world.spawn(world.client, [&](Process& process) {
    process.sleep_ns(measured_at_ns);
    if (ends_idle != static_cast<int>(2 * connections))
      throw std::runtime_error(fmt::format("{} ends are idle", ends_idle));
    out.memory = bench::memory_usage();
    out.pages = world.client.memory().pages_in_use() + world.server.memory().pages_in_use();
    sc_core::sc_stop();
  });
  world.run();
  return out;
}

// Each flow writes a message in each direction and pauses until long after the measurement.
Usage usage_of_scenario(std::uint32_t connections) {
  scenarios::Scenario scenario;
  scenario.flows.assign(connections, {});
  for (std::uint32_t i = 0; i < connections; ++i) {
    scenarios::FlowSettings& flow = scenario.flows[i];
    flow.version = TlsVersion::tls13;
    flow.sender = scenarios::Sender::both;
    flow.bytes = 2 * message;
    flow.writes = {message};
    flow.start_ns = i * turn_ns;
    flow.write_pause_ns = 2 * measured_at_ns;
  }
  Usage out;
  scenarios::RunOptions options;
  options.progress = [&](const scenarios::RunProgress& progress) {
    if (progress.simulated_ns != measured_at_ns) return;
    if (progress.bytes_done != std::uint64_t{2} * connections * message)
      throw std::runtime_error(fmt::format("{} bytes were read", progress.bytes_done));
    out.memory = bench::memory_usage();
    sc_core::sc_stop();
  };
  run_scenario(scenario, options);
  return out;
}

// In a process of its own: SystemC's kernel runs once.
const Usage& measure(std::uint32_t connections, Kind kind) {
  void* shared =
      mmap(nullptr, sizeof(Usage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) std::abort();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    try {
      *static_cast<Usage*>(shared) = kind == Kind::scenario ? usage_of_scenario(connections)
                                                            : usage_of_world(connections, kind);
      _exit(0);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
      _exit(1);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) std::exit(1);
  return *static_cast<const Usage*>(shared);
}

void compare(const char* title, std::uint32_t connections, Kind kind) {
  const Usage& some = measure(connections, kind);
  const Usage& twice = measure(2 * connections, kind);
  const auto per_connection = [&](std::size_t bench::MemoryUsage::*member) {
    return (static_cast<double>(twice.memory.*member) - static_cast<double>(some.memory.*member)) /
           connections;
  };
  double buffers = 0;
  for (std::size_t i = smallest_buffer / bench::size_step; i < some.memory.blocks.size(); ++i) {
    const std::uint32_t more =
        twice.memory.blocks[i] - std::min(twice.memory.blocks[i], some.memory.blocks[i]);
    if (more >= connections / 2)
      buffers +=
          static_cast<double>(more) * static_cast<double>(i * bench::size_step) / connections;
  }
  const double pages =
      (static_cast<double>(twice.pages) - static_cast<double>(some.pages)) / connections;
  const double openssl = per_connection(&bench::MemoryUsage::openssl);
  const double keys = per_connection(&bench::MemoryUsage::aligned);
  const double state = per_connection(&bench::MemoryUsage::allocator) - openssl - keys - buffers;
  fmt::print("{:24} {:>9.0f} {:>9.0f} {:>9.0f} {:>9.0f} {:>9.0f}\n", title, openssl, keys,
             buffers + pages * netdev::DmaMemory::page_size, state, state / 2);
}

}  // namespace

// Argument: connections, 256 by default, at most 1024; a power of two, so that tables have doubled.
int main(int argc, char** argv) {
  if (!bench::count_openssl_memory()) return 1;
  const unsigned long asked = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 256;
  if (asked == 0 || asked > 1024) {
    fmt::print(stderr, "found '{}', expected 1 to 1024 connections\n", argv[1]);
    return 2;
  }
  const auto connections = static_cast<std::uint32_t>(asked);
  fmt::print("bytes per connection, both ends; threads' stacks are {} and {} KiB for each\n",
             scenarios::application_stack_bytes / 1024, host::openssl_stack_size / 1024);
  fmt::print("{:24} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "OpenSSL", "keys", "buffers", "state",
             "of an end");
  compare("processes alone", connections, Kind::none);
  compare("keys by setsockopt()", connections, Kind::keys);
  compare("handshake by OpenSSL", connections, Kind::openssl);
  compare("flows of a scenario", connections, Kind::scenario);
  return 0;
}
