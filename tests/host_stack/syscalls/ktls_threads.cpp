#include "tests/host_stack/syscalls/ktls_threads.h"

#include <cstdio>
#include <cstdlib>

namespace tlsnic::host::test {

void Threads::start(std::function<void()> run) {
  ++running_;
  world().spawn(world().server, [this, run = std::move(run)](Process&) {
    run();
    --running_;
  });
}

void Threads::join() {
  if (running_ == 0) return;
  world().run();
  if (running_ == 0) return;
  std::fputs("a thread waits for what will never happen\n", stderr);
  std::abort();
}

int polled(const End& end, int events, int timeout_ms) {
  pollfd descriptor{end.fd, static_cast<short>(events), 0};
  const int count = end.process.poll(&descriptor, 1, timeout_ms);
  return count == 1 ? descriptor.revents : 0;
}

std::uint64_t now_ns() {
  return world().clock.now_ns();
}

}  // namespace tlsnic::host::test
