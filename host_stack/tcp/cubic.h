// CUBIC's window (RFC 9438).
#pragma once

#include "host_stack/tcp/congestion_control.h"

namespace tlsnic::host {

// The real cube root of x >= 0, by additions, multiplications and divisions only: the same bits on
// every machine, which the C library does not promise.
double cube_root(double x);

// Windows inside are in segments, times in seconds, as in the RFC, whose names are used.
class Cubic : public CongestionControl {
 public:
  static constexpr double c = 0.4;                              // section 5.1
  static constexpr double beta = 0.7;                           // section 4.6
  static constexpr double alpha = 3 * (1 - beta) / (1 + beta);  // section 4.3

  using CongestionControl::CongestionControl;

  double w_max() const { return w_max_; }
  double k() const { return k_; }
  // Section 4.2: the window so many seconds after this congestion avoidance stage began.
  double w_cubic(double t) const { return c * (t - k_) * (t - k_) * (t - k_) + w_max_; }

 protected:
  void avoid_congestion(const AckSample& ack) override;
  std::uint64_t reduced(std::uint64_t flight) override;
  void growth_interrupted(bool timed_out) override;
  void undo_reduction() override;

 private:
  double segments(std::uint64_t bytes) const { return static_cast<double>(bytes) / smss_; }
  void begin_stage(std::uint64_t now_ns);

  double w_max_ = 0;
  double prior_w_max_ = 0;
  double cwnd_prior_ = 0;  // cwnd before the last reduction
  double k_ = 0;
  double w_est_ = 0;     // what Reno would have
  double fraction_ = 0;  // bytes of growth that are not in cwnd yet
  std::uint64_t stage_began_ns_ = 0;
  bool in_stage_ = false;
  bool w_max_is_known_ = false;  // by a loss, and no time-out since
};

}  // namespace tlsnic::host
