// A line on the terminal that tells how far a long run is.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace tlsnic::app {

struct Progress {
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;  // 0: unknown
  std::uint64_t packets = 0;
  std::uint64_t simulated_ns = 0;
};

class ProgressBar {
 public:
  ~ProgressBar() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  // Nothing in the first half second, then ten times a second.
  void show(const Progress& progress) {
    const Clock::time_point now = Clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    shown_ = true;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double done = progress.bytes_total == 0 ? 0
                                                  : static_cast<double>(progress.bytes_done) /
                                                        static_cast<double>(progress.bytes_total);
    constexpr int width = 30;
    const int filled = static_cast<int>(done * width);
    fmt::print(stderr, "\r\033[K[{:#<{}}{:.<{}}] {:3.0f} %  {:.3f} s simulated  {:.0f} packets/s",
               "", filled, "", width - filled, done * 100,
               static_cast<double>(progress.simulated_ns) / 1e9,
               static_cast<double>(progress.packets) / seconds);
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
