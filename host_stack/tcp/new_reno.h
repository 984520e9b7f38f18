// NewReno's window (RFC 5681, section 3.1), counted in bytes (RFC 3465).
#pragma once

#include "host_stack/tcp/congestion_control.h"

namespace tlsnic::host {

class NewReno : public CongestionControl {
 public:
  using CongestionControl::CongestionControl;

 protected:
  void avoid_congestion(const AckSample& ack) override;
  std::uint64_t reduced(std::uint64_t flight) override;
  void growth_interrupted(bool) override { bytes_acked_ = 0; }

 private:
  std::uint64_t bytes_acked_ = 0;  // since cwnd grew last
};

}  // namespace tlsnic::host
