// How processes wait in simulated time: called from outside of the simulation, from its threads,
// and from where nobody can wait.
#include "host_stack/syscalls/simulation_scheduler.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/host_stack/syscalls/ktls_threads.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr std::uint64_t wakeup_ns = 3'000;
constexpr const char* never = "a system call waits for what will never happen";

void wake_at(SimulationScheduler& scheduler, std::uint64_t ns) {
  world().clock.call_at(ns, [&] { scheduler.wake(); });
}

// Nothing is under way any more.
void drain() {
  world().client_process();  // the simulation has begun
  if (sc_core::sc_pending_activity()) REQUIRE(world().run());
}

}  // namespace

TEST_CASE("scheduler: from outside, a wait runs the simulation until its deadline") {
  drain();
  SimulationScheduler scheduler(wakeup_ns);
  const std::uint64_t begin = scheduler.now_ns();
  CHECK(begin == now_ns());
  bool happened = false;
  world().clock.call_at(begin + 999, [&] { happened = true; });
  scheduler.wait(begin + 1000);
  CHECK(scheduler.now_ns() == begin + 1000);
  CHECK(happened);
  scheduler.wait(begin);  // is over
  CHECK(scheduler.now_ns() == begin + 1000);
}

TEST_CASE("scheduler: from outside, a wait ends when the process has woken up") {
  drain();
  SimulationScheduler scheduler(wakeup_ns);
  std::uint64_t begin = scheduler.now_ns();
  SECTION("with a deadline that is later") {
    wake_at(scheduler, begin + 5000);
    scheduler.wait(begin + 1'000'000);
    CHECK(scheduler.now_ns() == begin + 5000 + wakeup_ns);
  }
  SECTION("with none") {
    wake_at(scheduler, begin + 5000);
    scheduler.wait(std::nullopt);
    CHECK(scheduler.now_ns() == begin + 5000 + wakeup_ns);
  }
  SECTION("or before, at the deadline") {
    wake_at(scheduler, begin + 5000);
    scheduler.wait(begin + 6000);
    CHECK(scheduler.now_ns() == begin + 6000);
  }
  SECTION("the first wake-up counts") {
    wake_at(scheduler, begin + 5000);
    wake_at(scheduler, begin + 6000);
    scheduler.wait(std::nullopt);
    CHECK(scheduler.now_ns() == begin + 5000 + wakeup_ns);
  }
  SECTION("what happened before the wait is not missed") {
    scheduler.wake();
    scheduler.wait(std::nullopt);
    CHECK(scheduler.now_ns() == begin + wakeup_ns);
  }
  SECTION("another process's wake-up is not this one's") {
    SimulationScheduler other(wakeup_ns);
    wake_at(other, begin + 1000);
    wake_at(scheduler, begin + 9000);
    scheduler.wait(std::nullopt);
    CHECK(scheduler.now_ns() == begin + 9000 + wakeup_ns);
  }
}

TEST_CASE("scheduler: from outside, waiting for what will never happen is told") {
  drain();
  SimulationScheduler scheduler(wakeup_ns);
  CHECK_THROWS_WITH(scheduler.wait(std::nullopt), never);
  CHECK_THROWS_WITH(scheduler.wait(~std::uint64_t{0}), never);  // beyond the end of time
  // Not so as long as something happens, whatever it is.
  const std::uint64_t begin = scheduler.now_ns();
  world().clock.call_at(begin + 7000, [] {});
  CHECK_THROWS_WITH(scheduler.wait(std::nullopt), never);
  CHECK(scheduler.now_ns() == begin + 7000);
}

TEST_CASE("scheduler: a socket is as it was after a call that waits for ever") {
  const KtlsPair pair({tls12_aes_gcm, any_mode()});
  CHECK_THROWS_WITH(pair.receiver.recv(100), never);
  CHECK_THROWS_WITH(polled(pair.receiver, POLLIN, -1), never);
  CHECK(polled(pair.receiver, POLLIN, 1) == 0);
  CHECK(pair.sender.send("data") == 4);
  CHECK(pair.receiver.recv(100).data == bytes_of("data"));
}

TEST_CASE("scheduler: in the simulation only threads can wait") {
  drain();
  SimulationScheduler scheduler(wakeup_ns);
  std::string error;
  world().clock.call_at(scheduler.now_ns() + 1, [&] {
    try {
      scheduler.wait(scheduler.now_ns() + 10);
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
  });
  REQUIRE(world().run());
  CHECK(error == "a system call waits, but not in a SystemC thread");
}

TEST_CASE("scheduler: a thread's wait ends at its deadline or with the process's wake-up") {
  drain();
  SimulationScheduler scheduler(wakeup_ns);
  const std::uint64_t begin = scheduler.now_ns();
  std::array<std::uint64_t, 4> ended{};
  Threads threads;
  const std::optional<std::uint64_t> deadlines[] = {begin + 2000, begin + 900'000, std::nullopt,
                                                    begin};
  for (std::size_t i = 0; i < ended.size(); ++i)
    threads.start([&, i] {
      scheduler.wait(deadlines[i]);
      ended[i] = scheduler.now_ns();
    });
  wake_at(scheduler, begin + 5000);
  threads.join();
  // All that wait wake up together.
  const std::uint64_t woken = begin + 5000 + wakeup_ns;
  CHECK(ended == std::array<std::uint64_t, 4>{begin + 2000, woken, woken, begin});
}

TEST_CASE("scheduler: threads of one process wait side by side, each for its own") {
  const KtlsPair records({tls12_aes_gcm, any_mode()});
  const TcpPair plain(records.variation.mode);
  const TcpPair polled_pair(records.variation.mode);
  Process& process = records.receiver.process;
  const int listener = process.socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(process.listen(listener, 10) == 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  REQUIRE(process.getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  REQUIRE(inet_pton(AF_INET, "10.0.0.2", &address.sin_addr) == 1);

  // In the order in which they return.
  std::vector<std::string> done;
  std::uint64_t timed_out_at = 0;
  int accepted = -1;
  Threads threads;
  threads.start([&] {
    accepted = process.accept(listener, nullptr, nullptr);
    done.emplace_back("accept");
  });
  threads.start([&] {
    const Received got = records.receiver.recv(100);
    done.push_back("record: " + std::string(got.data.begin(), got.data.end()));
  });
  threads.start([&] {
    const Received got = plain.receiver.recv(100);
    done.push_back("plain: " + std::string(got.data.begin(), got.data.end()));
  });
  threads.start([&] {
    const int events = polled(polled_pair.receiver, POLLIN, -1);
    done.push_back("poll: " + std::to_string(events));
  });
  const std::uint64_t begin = now_ns();
  threads.start([&] {
    pollfd all[] = {{records.receiver.fd, POLLPRI, 0}, {polled_pair.receiver.fd, POLLPRI, 0}};
    done.push_back("time: " + std::to_string(process.poll(all, 2, 20)));
    timed_out_at = now_ns();
  });

  using Done = std::vector<std::string>;
  records.settle();
  CHECK(done.empty());
  CHECK(polled_pair.sender.send("p") == 1);
  records.settle();
  CHECK(done == Done{"poll: " + std::to_string(POLLIN)});
  done.clear();
  CHECK(records.sender.send("one") == 3);
  records.settle();
  CHECK(done == Done{"record: one"});
  done.clear();
  Process& client = records.sender.process;
  const int connecting = client.socket(AF_INET, SOCK_STREAM, 0);
  CHECK(client.connect(connecting, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  records.settle();
  CHECK(done == Done{"accept"});
  CHECK(accepted >= 0);
  done.clear();
  CHECK(plain.sender.send("two") == 3);
  records.settle();
  CHECK(done == Done{"plain: two"});
  done.clear();
  threads.join();
  CHECK(done == Done{"time: 0"});
  CHECK(timed_out_at == begin + 20 * ms);
  for (const int fd : {listener, accepted}) process.close(fd);
  client.close(connecting);
}
