// A timer that is moved far more often than it expires.
#pragma once

#include <cstdint>
#include <functional>

#include "host_stack/tcp/clock.h"

namespace tlsnic::host {

// Moving the deadline back costs nothing: the clock wakes the timer at the old time, and it goes to
// sleep again. TCP does that with every acknowledgement.
class DeadlineTimer {
 public:
  DeadlineTimer(Clock& clock, std::function<void()> expired);
  ~DeadlineTimer() { stop(); }
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  void set(std::uint64_t deadline_ns);
  // Does not expire. The clock may still wake it for nothing.
  void clear() { deadline_ns_ = never; }
  // As clear(), and nothing is left in the clock.
  void stop();

  bool is_set() const { return deadline_ns_ != never; }
  std::uint64_t deadline_ns() const { return deadline_ns_; }

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};

  void sleep();
  void wake();

  Clock& clock_;
  std::function<void()> expired_;
  std::uint64_t deadline_ns_ = never;
  std::uint64_t wakes_at_ns_ = never;
  TimerId timer_ = no_timer;
};

}  // namespace tlsnic::host
