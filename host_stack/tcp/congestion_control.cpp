#include "host_stack/tcp/congestion_control.h"

#include <algorithm>

#include "host_stack/tcp/cubic.h"
#include "host_stack/tcp/new_reno.h"

namespace tlsnic::host {

void CongestionControl::acknowledged(const AckSample& ack) {
  if (!in_slow_start()) {
    after_timeout_ = false;
    avoid_congestion(ack);
    return;
  }
  // Appropriate byte counting (RFC 3465, sections 2.2 and 2.3): L is 2, but 1 after a time-out.
  const std::uint64_t most = (after_timeout_ ? 1u : 2u) * std::uint64_t{smss_};
  cwnd_ += std::min(ack.bytes, most);
}

void CongestionControl::fast_recovery(std::uint64_t flight) {
  prior_cwnd_ = cwnd_;
  prior_ssthresh_ = ssthresh_;
  ssthresh_ = reduced(flight);
  cwnd_ = ssthresh_;
  growth_interrupted(false);
}

void CongestionControl::timed_out(std::uint64_t flight, bool first) {
  if (first) ssthresh_ = reduced(flight);
  cwnd_ = smss_;
  after_timeout_ = true;
  growth_interrupted(true);
}

void CongestionControl::restart(std::uint64_t restart_window) {
  cwnd_ = std::min(cwnd_, restart_window);
  growth_interrupted(false);
}

void CongestionControl::limit(std::uint64_t cwnd) {
  cwnd_ = std::min(cwnd_, cwnd);
}

void CongestionControl::undo() {
  cwnd_ = std::max(cwnd_, prior_cwnd_);
  ssthresh_ = std::max(ssthresh_, prior_ssthresh_);
  undo_reduction();
}

std::unique_ptr<CongestionControl> make_congestion_control(CongestionAlgorithm algorithm,
                                                           std::uint32_t smss,
                                                           std::uint64_t initial_window) {
  if (algorithm == CongestionAlgorithm::cubic) return std::make_unique<Cubic>(smss, initial_window);
  return std::make_unique<NewReno>(smss, initial_window);
}

}  // namespace tlsnic::host
