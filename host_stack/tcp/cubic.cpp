#include "host_stack/tcp/cubic.h"

#include <algorithm>

// Fused operations would give other last bits on machines that have them. GCC fuses none in ISO
// mode.
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

namespace tlsnic::host {

double cube_root(double x) {
  if (x <= 0) return 0;
  // Newton's method from above: it falls until it stands still.
  double root = std::max(x, 1.0);
  for (;;) {
    const double next = (2 * root + x / (root * root)) / 3;
    if (next >= root) return root;
    root = next;
  }
}

void Cubic::begin_stage(std::uint64_t now_ns) {
  in_stage_ = true;
  stage_began_ns_ = now_ns;
  const double cwnd_epoch = segments(cwnd_);
  w_est_ = cwnd_epoch;
  fraction_ = 0;
  // Section 4.8, and 4.10 for a slow start that ended without loss: growth begins convex.
  if (!w_max_is_known_ || w_max_ <= cwnd_epoch) {
    w_max_ = cwnd_epoch;
    k_ = 0;
  } else {
    k_ = cube_root((w_max_ - cwnd_epoch) / c);
  }
}

void Cubic::avoid_congestion(const AckSample& ack) {
  if (!in_stage_) begin_stage(ack.now_ns);
  const double cwnd = segments(cwnd_) + fraction_ / smss_;
  const double acked = segments(ack.bytes);
  const double t = static_cast<double>(ack.now_ns - stage_began_ns_) / ns_per_s;
  const double rtt = static_cast<double>(ack.rtt_ns) / ns_per_s;

  // Section 4.3.
  w_est_ += (w_est_ < cwnd_prior_ ? alpha : 1.0) * acked / cwnd;
  double next;
  if (w_cubic(t) < w_est_) {
    next = std::max(w_est_, cwnd);
  } else {
    const double target = std::clamp(w_cubic(t + rtt), cwnd, 1.5 * cwnd);
    next = cwnd + (target - cwnd) / cwnd * acked;
  }
  const double bytes = next * smss_;
  const auto whole = static_cast<std::uint64_t>(bytes);
  fraction_ = bytes - static_cast<double>(whole);
  cwnd_ = whole;
}

// Section 4.6, with fast convergence (4.7).
std::uint64_t Cubic::reduced(std::uint64_t flight) {
  const double cwnd = segments(cwnd_);
  prior_w_max_ = w_max_;
  w_max_ = w_max_is_known_ && cwnd < w_max_ ? cwnd * (1 + beta) / 2 : cwnd;
  cwnd_prior_ = cwnd;
  w_max_is_known_ = true;
  const auto reduced = static_cast<std::uint64_t>(static_cast<double>(flight) * beta);
  return std::max<std::uint64_t>(reduced, 2 * std::uint64_t{smss_});
}

void Cubic::growth_interrupted(bool timed_out) {
  in_stage_ = false;
  fraction_ = 0;
  if (timed_out) w_max_is_known_ = false;
}

void Cubic::undo_reduction() {
  w_max_ = prior_w_max_;
  in_stage_ = false;
  fraction_ = 0;
}

}  // namespace tlsnic::host
