// Parameters of a TCP endpoint. Defaults are Linux's where the RFCs leave a choice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "host_stack/tcp/clock.h"

namespace tlsnic::host {

using MacAddress = std::array<std::uint8_t, 6>;

enum class CongestionAlgorithm : std::uint8_t { new_reno, cubic };

// When a segment smaller than the MSS has to wait (RFC 9293, section 3.7.4).
enum class Nagle : std::uint8_t {
  off,
  on,        // while anything is unacknowledged
  minshall,  // while a small segment is unacknowledged, as in Linux
};

struct TcpSettings {
  // Network
  MacAddress local_mac{2, 0, 0, 0, 0, 1};
  MacAddress remote_mac{2, 0, 0, 0, 0, 2};
  std::uint32_t mtu = 1500;  // bytes of an IP packet; 576 to 65535
  bool tso = true;           // the device cuts segments of up to 64 KiB

  // Offered in the SYN
  std::uint32_t initial_sequence = 1;
  bool window_scaling = true;
  bool timestamps = true;
  bool sack = true;
  std::uint64_t timestamp_tick_ns = ns_per_ms;  // RFC 7323, section 5.4: 1 ms to 1 s
  std::uint32_t timestamp_offset = 0;

  // Sending
  std::size_t send_buffer = std::size_t{4} << 20;  // bytes written and not yet acknowledged
  Nagle nagle = Nagle::minshall;
  std::uint64_t more_timeout_ns = 200 * ns_per_ms;  // how long a "more" hint is believed
  std::uint32_t max_pieces = 17;         // of a segment's payload (MAX_SKB_FRAGS); at least 1
  std::uint32_t tso_window_divisor = 3;  // wait to send this part of the window at once; 0: never
  CongestionAlgorithm congestion = CongestionAlgorithm::cubic;
  std::uint32_t initial_window = 10;  // segments (RFC 6928)
  std::uint32_t duplicate_threshold = 3;
  std::uint32_t max_duplicate_threshold = 300;  // reached when the network reorders that much

  // Receiving
  std::size_t receive_buffer = std::size_t{4} << 20;  // bytes; the largest window offered
  std::uint64_t delayed_ack_ns = 40 * ns_per_ms;
  std::uint32_t quick_acks = 16;  // segments at the start that are acknowledged at once

  // Time
  std::uint64_t initial_rto_ns = ns_per_s;
  std::uint64_t min_rto_ns = 200 * ns_per_ms;
  std::uint64_t max_rto_ns = 120 * ns_per_s;
  std::uint32_t syn_retries = 6;
  std::uint32_t retries = 15;  // time-outs in a row before the connection is given up
  std::uint64_t time_wait_ns = ns_per_s;
  std::uint64_t fin_timeout_ns = 60 * ns_per_s;               // of a FIN-WAIT-2 whose owner is gone
  std::uint64_t challenge_ack_interval_ns = 500 * ns_per_ms;  // see RFC 5961, section 7
};

}  // namespace tlsnic::host
