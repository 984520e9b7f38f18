// The receiving half of a connection: which segments are taken, the window that is offered, and
// when to acknowledge (RFC 9293, sections 3.8.6 and 3.10.7.4; RFC 5681, section 4.2; RFC 2018).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

#include "host_stack/tcp/deadline_timer.h"
#include "host_stack/tcp/options.h"
#include "host_stack/tcp/range_set.h"
#include "host_stack/tcp/receive_queue.h"
#include "host_stack/tcp/settings.h"

namespace tlsnic::host {

// Offsets as in ReceiveQueue.
class Receiver {
 public:
  // delay_is_over: an acknowledgement was delayed for as long as it may be.
  Receiver(Clock& clock, const TcpSettings& settings, std::function<void()> delay_is_over);

  // The peer's SYN came. scale: of the windows that are offered. mss: the largest payload that the
  // peer can send.
  void open(const ReceiveQueue& queue, std::uint8_t scale, std::uint32_t mss);
  void stop() { timer_.stop(); }
  // TcpSettings::receive_buffer did. What was promised to the peer stays.
  void buffer_changed();

  // Whether any of the segment lies in the window that was offered; an empty one may lie at its
  // end, too, where a peer is that has filled it.
  bool is_acceptable(const ParsedFrame& segment) const;
  // Cuts off what lies beyond the window.
  void trim(ParsedFrame& segment) const;

  // What stands before a segment is given to the queue.
  struct Arrival {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::uint64_t expected = 0;
    std::uint64_t dropped_before = 0;
    bool had_hole = false;
    bool had_fin = false;
  };
  Arrival arrival(const ParsedFrame& segment) const;
  // The queue was given the segment: decides on the acknowledgement.
  void delivered(const Arrival& arrival);

  // The reader has consumed something.
  void data_read();

  // The peer's FIN was reached.
  bool is_finished() const { return queue_->fin_reached(); }
  void acknowledge_now() { ack_is_due_ = true; }
  bool ack_is_due() const { return ack_is_due_; }
  std::uint32_t acknowledgement() const;
  // The window field of the segment that is about to go.
  std::uint16_t window_field(bool is_syn);
  std::size_t sack_count(std::size_t most) const { return std::min(recent_count_, most); }
  // The block with the newest segment first.
  void write_sack(TcpOptions& options, std::size_t most) const;
  // A segment with all of that has left.
  void acknowledged();

  // The peer may not send more than about one segment.
  bool window_is_short() const { return promised_ <= next_offset() + full_segment_; }

  std::uint32_t last_acknowledgement() const;  // Last.ACK.sent of RFC 7323

 private:
  std::uint64_t next_offset() const;  // FIN counted
  std::uint64_t wanted_edge() const;
  void note_held(const Arrival& arrival);

  const ReceiveQueue* queue_ = nullptr;
  const TcpSettings& settings_;
  Clock& clock_;
  DeadlineTimer timer_;
  std::uint8_t scale_ = 0;
  std::uint64_t buffer_ = 0;         // bytes
  std::uint64_t smallest_step_ = 0;  // by which the window may grow (silly window avoidance)
  std::uint64_t edge_ = 0;           // where the offered window should end
  std::uint64_t promised_ = 0;       // where the peer was told that it ends
  std::uint64_t offered_ = 0;        // largest window that the peer was told of
  std::uint64_t acked_ = 0;          // next_offset() as the peer knows it
  std::uint32_t full_segment_ = 1;   // largest payload seen
  std::uint32_t mss_ = 0;
  std::uint32_t quick_acks_;
  bool ack_is_due_ = false;

  RangeSet held_;                                        // out of order, in the queue
  std::array<std::uint64_t, max_sack_blocks> recent_{};  // an offset in each block to report
  std::size_t recent_count_ = 0;
};

}  // namespace tlsnic::host
