// How a process waits in simulated time.
#pragma once

#include <cstdint>
#include <optional>

namespace tlsnic::host {

// One per process. All that wait are woken together and look again at what they wait for.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual std::uint64_t now_ns() const = 0;
  // Returns after a wake(), or at deadline_ns (nothing: never); perhaps before either.
  virtual void wait(std::optional<std::uint64_t> deadline_ns) = 0;
  virtual void wake() = 0;
};

}  // namespace tlsnic::host
