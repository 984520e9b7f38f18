#include "host_stack/tcp/rtt_estimator.h"

#include <algorithm>

namespace tlsnic::host {
namespace {

constexpr std::uint64_t rto_after_lost_syn = 3 * ns_per_s;

}  // namespace

void RttEstimator::sample(std::uint64_t rtt) {
  if (!has_sample_) {
    has_sample_ = true;
    smoothed_ = rtt;
    variation_ = rtt / 2;
  } else {
    const std::uint64_t error = smoothed_ > rtt ? smoothed_ - rtt : rtt - smoothed_;
    variation_ = (3 * variation_ + error) / 4;
    smoothed_ = (7 * smoothed_ + rtt) / 8;
  }
  // The clock's granularity (G) is 1 ns.
  const std::uint64_t margin = std::max<std::uint64_t>(1, 4 * variation_);
  rto_ = std::clamp(smoothed_ + margin, min_rto_, max_rto_);
}

void RttEstimator::back_off() {
  rto_ = std::min(2 * rto_, max_rto_);
}

void RttEstimator::handshake_timed_out() {
  if (!has_sample_) rto_ = std::clamp(rto_after_lost_syn, min_rto_, max_rto_);
}

}  // namespace tlsnic::host
