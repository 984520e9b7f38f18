// A process on each of two hosts without chips. A call that waits runs the events of the world.
#pragma once

#include <arpa/inet.h>

#include <stdexcept>
#include <string>

#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/socket_address.h"
#include "tests/host_stack/socket/two_hosts.h"

namespace tlsnic::host::test {

class EventScheduler : public Scheduler {
 public:
  explicit EventScheduler(EventQueue& clock) : clock_(clock) {}
  std::uint64_t now_ns() const override { return clock_.now_ns(); }
  // Throws std::runtime_error if nothing will ever happen again.
  void wait(std::optional<std::uint64_t> deadline_ns) override;
  void wake() override { woken_ = true; }

 private:
  EventQueue& clock_;
  bool woken_ = false;
};

class TwoProcesses : public TwoHosts {
 public:
  explicit TwoProcesses(const HostSettings& settings = {}) : TwoHosts(settings) {}

  // Descriptors of a new connection; a listener of its own each time.
  struct Connection {
    int client = -1;
    int server = -1;
  };
  Connection connect_processes(int family = AF_INET);
  // A socket of the server that listens at this port of all its addresses.
  int listen_at(std::uint16_t port, int family = AF_INET, int backlog = 10);
  SocketAddress server_address(std::uint16_t port, int family = AF_INET) const;
  // Simulated time passes.
  void pass(std::uint64_t ns) { clock.run_until(clock.now_ns() + ns); }

 private:
  EventScheduler client_scheduler_{clock};
  EventScheduler server_scheduler_{clock};
  std::uint16_t next_port_ = 1000;

 public:
  Process at_client_host{client, client_scheduler_};
  Process at_server_host{server, server_scheduler_};
};

// SOCK_STREAM, perhaps with SOCK_NONBLOCK.
int tcp_socket_of(Process& process, int type = SOCK_STREAM);
// 0 or errno.
int connect_to(Process& process, int fd, const SocketAddress& address);
int bind_to(Process& process, int fd, const SocketAddress& address);
// What recv() gives, or "errno N".
std::string text_of(Process& process, int fd, std::size_t size = 100000, int flags = MSG_DONTWAIT);

}  // namespace tlsnic::host::test
