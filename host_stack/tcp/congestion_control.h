// Congestion control as a policy: how large the congestion window is, and nothing else.
#pragma once

#include <cstdint>
#include <memory>

#include "host_stack/tcp/settings.h"

namespace tlsnic::host {

struct AckSample {
  std::uint64_t bytes = 0;  // newly acknowledged
  std::uint64_t now_ns = 0;
  std::uint64_t rtt_ns = 0;  // smoothed; 0 if unknown
};

// Windows in bytes. Window inflation and what is in flight are the business of loss recovery.
class CongestionControl {
 public:
  // smss: sender's maximum segment size. initial_window in bytes.
  CongestionControl(std::uint32_t smss, std::uint64_t initial_window)
      : smss_(smss), cwnd_(initial_window) {}
  virtual ~CongestionControl() = default;
  CongestionControl(const CongestionControl&) = delete;
  CongestionControl& operator=(const CongestionControl&) = delete;

  std::uint64_t cwnd() const { return cwnd_; }
  std::uint64_t ssthresh() const { return ssthresh_; }
  bool in_slow_start() const { return cwnd_ < ssthresh_; }

  // New data was acknowledged while the window was what limited the sender.
  void acknowledged(const AckSample& ack);
  // Fast recovery begins: ssthresh and cwnd go down. flight: bytes outstanding.
  void fast_recovery(std::uint64_t flight);
  // Retransmission time-out (RFC 5681, section 3.1): cwnd is one segment; ssthresh goes down with
  // the first time-out only.
  void timed_out(std::uint64_t flight, bool first);
  // RFC 5681, section 4.1: nothing was sent for longer than the retransmission time-out.
  void restart(std::uint64_t restart_window);
  // Without SACK, recovery ends with a window that allows no burst (RFC 6582, section 3.2).
  void limit(std::uint64_t cwnd);
  // The last fast_recovery() was a mistake (RFC 4015).
  void undo();

 protected:
  // Congestion avoidance.
  virtual void avoid_congestion(const AckSample& ack) = 0;
  // ssthresh after a loss.
  virtual std::uint64_t reduced(std::uint64_t flight) = 0;
  // cwnd was set from outside: what was remembered of its growth is void.
  virtual void growth_interrupted(bool timed_out) = 0;
  virtual void undo_reduction() {}

  std::uint32_t smss_;
  std::uint64_t cwnd_;
  std::uint64_t ssthresh_ = ~std::uint64_t{0};

 private:
  std::uint64_t prior_cwnd_ = 0;
  std::uint64_t prior_ssthresh_ = 0;
  bool after_timeout_ = false;  // in the slow start that follows one
};

std::unique_ptr<CongestionControl> make_congestion_control(CongestionAlgorithm algorithm,
                                                           std::uint32_t smss,
                                                           std::uint64_t initial_window);

}  // namespace tlsnic::host
