// A line on the terminal that tells how far a long run is.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "scenarios/replay.h"

namespace tlsnic::app {

class ProgressBar {
 public:
  ~ProgressBar() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  // Nothing in the first half second, then ten times a second.
  void show(const scenarios::ReplayProgress& progress) {
    const Clock::time_point now = Clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    shown_ = true;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double done = progress.file_size == 0 ? 0
                                                : static_cast<double>(progress.bytes_read) /
                                                      static_cast<double>(progress.file_size);
    constexpr int width = 30;
    const int filled = static_cast<int>(done * width);
    fmt::print(stderr, "\r\033[K[{:#<{}}{:.<{}}] {:3.0f} %  {:.3f} s simulated  {:.0f} packets/s",
               "", filled, "", width - filled, done * 100,
               static_cast<double>(progress.simulated_ns) / 1e9,
               static_cast<double>(progress.frames) / seconds);
    if (done > 0) fmt::print(stderr, "  {:.0f} s left", seconds * (1 - done) / done);
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::milliseconds(500);
  bool shown_ = false;
};

}  // namespace tlsnic::app
