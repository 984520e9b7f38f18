// Threads of the processes of ktls_pair.h: what the kernel's self-tests fork() for.
#pragma once

#include <functional>

#include "tests/host_stack/syscalls/ktls_pair.h"

namespace tlsnic::host::test {

class Threads {
 public:
  Threads() = default;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { join(); }

  // Begins when the simulation runs next. What it calls waits as a thread's call does. It leaves
  // its results to be checked after join(): a REQUIRE must not throw in there.
  void start(std::function<void()> run);
  // Runs the simulation until nothing happens any more. Ends the program if a thread has not
  // returned by then: what it refers to is about to go.
  void join();

 private:
  int running_ = 0;
};

// poll() of one descriptor: revents, 0 when the time was over.
int polled(const End& end, int events, int timeout_ms);

std::uint64_t now_ns();
constexpr std::uint64_t ms = 1'000'000;  // ns

}  // namespace tlsnic::host::test
