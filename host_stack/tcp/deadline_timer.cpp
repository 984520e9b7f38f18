#include "host_stack/tcp/deadline_timer.h"

#include <utility>

namespace tlsnic::host {

DeadlineTimer::DeadlineTimer(Clock& clock, std::function<void()> expired)
    : clock_(clock), expired_(std::move(expired)) {}

void DeadlineTimer::set(std::uint64_t deadline_ns) {
  deadline_ns_ = deadline_ns;
  if (timer_ != no_timer && wakes_at_ns_ <= deadline_ns) return;
  if (timer_ != no_timer) clock_.cancel(timer_);
  sleep();
}

void DeadlineTimer::stop() {
  clear();
  if (timer_ != no_timer) clock_.cancel(std::exchange(timer_, no_timer));
}

void DeadlineTimer::sleep() {
  wakes_at_ns_ = deadline_ns_;
  timer_ = clock_.call_at(deadline_ns_, [this] { wake(); });
}

void DeadlineTimer::wake() {
  timer_ = no_timer;
  if (!is_set()) return;
  if (clock_.now_ns() < deadline_ns_) {
    sleep();
    return;
  }
  clear();
  expired_();
}

}  // namespace tlsnic::host
