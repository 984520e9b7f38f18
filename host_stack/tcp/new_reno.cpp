#include "host_stack/tcp/new_reno.h"

#include <algorithm>

namespace tlsnic::host {

// One segment more per window that was acknowledged (RFC 3465, section 2.1).
void NewReno::avoid_congestion(const AckSample& ack) {
  bytes_acked_ += ack.bytes;
  if (bytes_acked_ < cwnd_) return;
  bytes_acked_ -= cwnd_;
  cwnd_ += smss_;
}

std::uint64_t NewReno::reduced(std::uint64_t flight) {
  return std::max<std::uint64_t>(flight / 2, 2 * std::uint64_t{smss_});
}

}  // namespace tlsnic::host
