// Simulated time as the host's protocols need it. Who builds the world implements it.
#pragma once

#include <cstdint>
#include <functional>

namespace tlsnic::host {

constexpr std::uint64_t ns_per_us = 1'000;
constexpr std::uint64_t ns_per_ms = 1'000'000;
constexpr std::uint64_t ns_per_s = 1'000'000'000;

using TimerId = std::uint64_t;
constexpr TimerId no_timer = 0;

// Outlives everything that has a timer running.
class Clock {
 public:
  virtual ~Clock() = default;

  // Never runs backwards.
  virtual std::uint64_t now_ns() const = 0;
  // Runs callback once, when now_ns() is at_ns (or as soon as possible if that has passed), never
  // inside this call. Callbacks for the same time run in the order in which they were asked for.
  // Never returns no_timer.
  virtual TimerId call_at(std::uint64_t at_ns, std::function<void()> callback) = 0;
  // The callback does not run any more. A timer that has run already is passed over.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace tlsnic::host
