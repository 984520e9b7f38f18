// Round-trip time and retransmission time-out (RFC 6298).
#pragma once

#include <cstdint>

#include "host_stack/tcp/settings.h"

namespace tlsnic::host {

// All times in ns.
class RttEstimator {
 public:
  explicit RttEstimator(const TcpSettings& settings)
      : min_rto_(settings.min_rto_ns),
        max_rto_(settings.max_rto_ns),
        rto_(settings.initial_rto_ns) {}

  // Sections 2.2 and 2.3. Never of a retransmitted segment (Karn) unless timestamps tell which copy
  // was acknowledged. Ends the back-off.
  void sample(std::uint64_t rtt);
  // Section 5.5.
  void back_off();
  // Section 5.7: the SYN was retransmitted, so nothing is known about this path yet.
  void handshake_timed_out();

  std::uint64_t rto() const { return rto_; }
  std::uint64_t smoothed() const { return smoothed_; }  // 0 before the first sample
  std::uint64_t variation() const { return variation_; }

 private:
  std::uint64_t min_rto_;
  std::uint64_t max_rto_;
  std::uint64_t rto_;
  std::uint64_t smoothed_ = 0;
  std::uint64_t variation_ = 0;
  bool has_sample_ = false;
};

}  // namespace tlsnic::host
