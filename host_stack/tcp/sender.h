// The sending half of a connection: what goes out next, and when (RFC 9293, sections 3.7 and 3.8).
#pragma once

#include <cstdint>
#include <gsl/span>
#include <memory>
#include <optional>

#include "host_stack/tcp/congestion_control.h"
#include "host_stack/tcp/deadline_timer.h"
#include "host_stack/tcp/loss_recovery.h"
#include "host_stack/tcp/rtt_estimator.h"
#include "host_stack/tcp/send_queue.h"

namespace tlsnic::host {

struct OutgoingSegment {
  std::uint64_t offset = 0;  // of its first byte, as in SendQueue
  std::uint32_t size = 0;    // payload bytes
  std::uint32_t limit = 0;   // payload bytes of one frame; size may be larger with TSO
  bool push = false;
  bool fin = false;
};

// What the connection does for its sender.
class SegmentOutput {
 public:
  virtual ~SegmentOutput() = default;
  virtual void send_segment(const OutgoingSegment& segment) = 0;
  // An empty segment that the peer must answer: its sequence number is old.
  virtual void send_window_probe() = 0;
  // Payload bytes that fit a frame beside the options of now.
  virtual std::uint32_t segment_limit() const = 0;
  // The value of the timestamp option of now; nothing if the connection has none.
  virtual std::optional<std::uint32_t> timestamp() const = 0;
  // Too many time-outs in a row.
  virtual void gave_up() = 0;
};

// Learned in the handshake.
struct PathProperties {
  std::uint32_t smss = 536;         // payload bytes of a segment, options taken off
  std::uint32_t max_tso_bytes = 0;  // payload bytes of a segment that the device cuts; 0: no TSO
  bool sack = false;
  bool syn_was_lost = false;  // ours was retransmitted
};

struct IncomingAck {
  std::uint64_t offset = 0;    // SEG.ACK; una <= offset <= nxt
  std::uint64_t window = 0;    // bytes, scaled
  std::uint32_t sequence = 0;  // SEG.SEQ
  bool is_pure = false;        // no data, no SYN or FIN
  gsl::span<const Range> sacked;
  std::optional<std::uint32_t> echo;  // the timestamp option's
};

struct SenderStatistics {
  std::uint64_t segments = 0;  // with data or FIN; one that TSO cuts counts as one
  std::uint64_t retransmitted_segments = 0;
  std::uint64_t fast_retransmits = 0;  // recoveries begun
  std::uint64_t spurious_recoveries = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t window_probes = 0;
};

class Sender {
 public:
  Sender(Clock& clock, const TcpSettings& settings, SegmentOutput& output);

  // The handshake is done. window: the peer's, from its last segment, whose sequence is given.
  void open(const PathProperties& path, std::uint64_t window, std::uint32_t sequence);
  void stop();  // no timers any more

  // The caller has checked that there is room.
  void write(netdev::TxPiece piece, bool decrypted, bool more);
  void fence() { queue_.fence(); }
  void push();
  void finish();  // FIN follows what was written

  // True if una advanced. Resends what the acknowledgement shows to be lost; transmit() must
  // follow.
  bool acknowledged(const IncomingAck& ack);
  // Sends what may be sent, and sets the timer.
  void transmit();

  const SendQueue& queue() const { return queue_; }
  std::uint64_t una() const { return una_; }
  std::uint64_t nxt() const { return nxt_; }
  std::uint64_t window() const { return window_; }  // the peer's, in bytes
  std::uint64_t largest_window() const { return largest_window_; }
  bool is_finished() const { return finishing_ && una_ == queue_.end() + 1; }
  bool fin_sent() const { return finishing_ && nxt_ == queue_.end() + 1; }
  RttEstimator& rtt() { return rtt_; }
  const RttEstimator& rtt() const { return rtt_; }
  // Null, the first until open().
  const CongestionControl* congestion() const { return congestion_.get(); }
  const LossRecovery* recovery() const { return recovery_.get(); }
  const SenderStatistics& statistics() const { return statistics_; }

 private:
  enum class Waiting : std::uint8_t { for_nothing, for_ack, for_window };

  void update_window(const IncomingAck& ack);
  void measure_rtt(const IncomingAck& ack, bool advanced);
  void notice_spurious_recovery(const IncomingAck& ack);
  void handle(LossEvent event, bool in_recovery, std::uint64_t acked);

  std::uint64_t room() const;
  std::uint64_t peer_room() const;
  bool has_unsent() const { return nxt_ < queue_.end() + (finishing_ ? 1 : 0); }
  bool send_new();
  std::uint32_t sendable(std::uint32_t limit, const SendQueue::Run& run);
  bool should_gather(std::uint32_t size) const;
  bool small_segment_may_go() const;
  void send(std::uint32_t size, std::uint32_t limit);
  bool resend_unlost();
  // The offset that follows what was sent of the range: at most a segment.
  std::uint64_t resend(const Range& range);
  void resend_first();
  void restart_if_idle();

  void set_timer();
  void timer_expired();
  void retransmission_timeout();
  void probe_window();

  Clock& clock_;
  const TcpSettings& settings_;
  SegmentOutput& output_;
  SendQueue queue_;
  RttEstimator rtt_;
  std::unique_ptr<CongestionControl> congestion_;
  std::unique_ptr<LossRecovery> recovery_;
  PathProperties path_;

  std::uint64_t una_ = 0;
  std::uint64_t nxt_ = 1;  // the SYN counts as sent from the beginning
  bool finishing_ = false;

  std::uint64_t window_ = 0;           // SND.WND
  std::uint64_t largest_window_ = 0;   // ever offered
  std::uint32_t window_sequence_ = 0;  // SND.WL1
  std::uint64_t window_offset_ = 0;    // SND.WL2

  bool more_ = false;               // the writer said that more follows
  std::uint64_t small_end_ = 0;     // end of the last segment sent that was not full
  bool blocked_by_window_ = false;  // the peer's
  bool blocked_by_cwnd_ = false;

  std::uint64_t last_sent_ns_ = 0;
  std::optional<std::uint32_t> recovery_stamp_;  // timestamp of the recovery's first segment
  std::uint64_t limited_transmit_ = 0;           // bytes sent since the first duplicate

  Waiting waiting_ = Waiting::for_nothing;  // what the timer is for
  bool restart_timer_ = false;
  std::uint32_t timeouts_in_a_row_ = 0;
  std::uint32_t probes_in_a_row_ = 0;
  std::uint32_t unanswered_probes_ = 0;
  bool partial_ack_seen_ = false;  // in this recovery
  DeadlineTimer timer_;
  DeadlineTimer more_timer_;
  SenderStatistics statistics_;
};

}  // namespace tlsnic::host
