// Compares what leaves a chip with what was captured, byte for byte.
//
// A frame is found again by its addresses and its place in the stream: drivers keep the order of a
// connection's segments, may drop some, and may cut them elsewhere (chelsio). Lengths and checksums
// are compared with what they must be; what the capture has there is only counted (`unfinished`): a
// capture from a sender was taken before they were filled in.
#pragma once

#include <deque>
#include <memory>
#include <systemc>
#include <unordered_map>
#include <vector>

#include "host_stack/probe.h"
#include "hw_model/probe.h"
#include "hw_model/wire.h"
#include "observe/packet_log.h"
#include "observe/summary.h"
#include "scenarios/replay/transmit_sender.h"

namespace tlsnic::scenarios {

// One direction of a captured connection, as far as results are concerned.
struct TransmitResult {
  std::uint64_t stream = 0;
  const char* sender = "";       // "client" or "server"
  std::uint64_t placements = 0;  // of the chip's context
  std::uint64_t installs = 0;    // of these, by tls_dev_add
  observe::DirectionSummary summary{};
  observe::TransmitSummary& counts() { return *summary.transmit; }
};

class WireCheck : public hw::WireOutput, public hw::NicProbe, public host::Probe {
 public:
  // packets outlives this.
  explicit WireCheck(observe::PacketLog& packets) : packets_(packets) {}

  // segment, of the captured frame with this number, is about to be given to the driver. tuple:
  // source is the sender. result outlives this.
  void expect(std::uint64_t number, Bytes frame, const ParsedFrame& parsed,
              const OutgoingSegment& segment, TransmitResult& result);
  // A captured segment is not given to the driver.
  void not_sent(std::uint64_t number, const ParsedFrame& parsed, TransmitResult& result,
                const char* reason, std::uint64_t& counter);
  // The simulation has ended: what has not come was dropped.
  void finish();
  std::uint64_t stray_frames() const { return stray_frames_; }

  // hw::WireOutput, hw::NicProbe, host::Probe
  void frame_transmitted(Bytes frame) override;
  void operation_finished(const hw::TxReport& report) override;
  void tx_fallback(const netdev::TlsConnection& connection, std::uint32_t sequence,
                   std::uint32_t size, host::FallbackOutcome outcome) override;

 private:
  struct Expected {
    TransmitResult* result = nullptr;
    std::uint64_t number = 0;
    std::uint32_t sequence = 0;
    std::uint32_t size = 0;   // of the payload
    std::uint32_t begin = 0;  // of the payload, in the captured frame's
    ParsedFrame parsed;
    std::vector<std::uint8_t> bytes;  // the frame that must come
    bool is_plain = false;
    bool is_fallback = false;
    bool is_seen = false;
    bool is_recut = false;
    bool is_unfinished = false;
    std::uint64_t time_ns = 0;
    std::optional<std::uint32_t> difference;  // in `bytes`

    std::uint32_t end() const { return sequence + size; }
    bool holds(std::uint32_t first, std::uint32_t last) const;
    void differs_at(std::uint32_t byte) {
      if (!difference || byte < *difference) difference = byte;
    }
  };
  struct Queue {
    std::deque<Expected> segments;
    std::size_t bytes = 0;
  };

  void pop(Queue& queue);
  void pop_before(Queue& queue, std::size_t index);
  void compare_whole(Expected& expected, Bytes frame, const ParsedFrame& parsed);
  void compare_part(Queue& queue, std::size_t index, Bytes frame, const ParsedFrame& parsed);
  void finish(const Expected& expected);
  void log(const Expected& expected, const char* verdict, const char* reason);

  struct ContextWork {
    std::uint64_t placements = 0;
    std::uint64_t dump_packets = 0;
    std::uint64_t dump_bytes = 0;
  };

  observe::PacketLog& packets_;
  std::unordered_map<FourTuple, Queue, FourTupleHash> queues_;  // by sender's tuple
  std::vector<ContextWork> work_;                               // by context: since its last packet
  TransmitResult* last_sent_ = nullptr;                         // whose frame left last
  std::vector<Queue*> order_;                                   // of their first segments
  std::uint64_t stray_frames_ = 0;
};

}  // namespace tlsnic::scenarios
