#include "host_stack/tcp/sender.h"

#include <algorithm>
#include <utility>

#include "protocol/tcp_sequence.h"

namespace tlsnic::host {

Sender::Sender(Clock& clock, const TcpSettings& settings, SegmentOutput& output)
    : clock_(clock),
      settings_(settings),
      output_(output),
      queue_(std::max(settings.max_pieces, 1u)),
      rtt_(settings),
      timer_(clock, [this] { timer_expired(); }),
      more_timer_(clock, [this] { push(); }) {}

void Sender::open(const PathProperties& path, std::uint64_t window, std::uint32_t sequence) {
  path_ = path;
  una_ = nxt_ = 1;
  window_ = largest_window_ = window;
  window_sequence_ = sequence;
  window_offset_ = una_;
  if (path.syn_was_lost) rtt_.handshake_timed_out();
  // RFC 5681, section 3.1: a lost SYN leaves one segment.
  const std::uint32_t segments = path.syn_was_lost ? 1 : std::max(settings_.initial_window, 1u);
  congestion_ =
      make_congestion_control(settings_.congestion, path.smss, std::uint64_t{segments} * path.smss);
  recovery_ = std::make_unique<LossRecovery>(path.smss, settings_.duplicate_threshold,
                                             settings_.max_duplicate_threshold, path.sack);
}

void Sender::stop() {
  timer_.stop();
  more_timer_.stop();
}

void Sender::write(netdev::TxPiece piece, bool decrypted, bool more) {
  queue_.append(std::move(piece), decrypted);
  more_ = more;
  if (!more) more_timer_.clear();
  if (more && !more_timer_.is_set()) more_timer_.set(clock_.now_ns() + settings_.more_timeout_ns);
  transmit();
}

void Sender::push() {
  more_ = false;
  more_timer_.clear();
  transmit();
}

void Sender::finish() {
  finishing_ = true;
  push();
}

bool Sender::acknowledged(const IncomingAck& ack) {
  const std::uint64_t before = una_;
  const bool advanced = ack.offset > una_;
  const bool duplicate = ack.is_pure && !advanced && nxt_ > una_ && ack.window == window_;
  update_window(ack);
  unanswered_probes_ = 0;
  if (advanced) {
    notice_spurious_recovery(ack);
    una_ = ack.offset;
    queue_.release(una_);
    timeouts_in_a_row_ = 0;
  }
  const bool in_recovery = recovery_->state() == LossRecovery::State::recovery;
  const LossEvent event =
      recovery_->acknowledged({before, una_, nxt_, ack.sacked, duplicate, rtt_.smoothed()});
  measure_rtt(ack, advanced);
  // RFC 6298, section 5.3; in NewReno's recovery only for the first partial acknowledgement (RFC
  // 6582, section 4).
  if (advanced && !(event == LossEvent::partial_ack && partial_ack_seen_)) restart_timer_ = true;
  if (advanced && event != LossEvent::fast_retransmit) limited_transmit_ = 0;
  handle(event, in_recovery, una_ - before);
  return advanced;
}

// RFC 9293, section 3.10.7.4, fifth check.
void Sender::update_window(const IncomingAck& ack) {
  const bool newer = sequence_before(window_sequence_, ack.sequence) ||
                     (window_sequence_ == ack.sequence && window_offset_ <= ack.offset);
  if (!newer) return;
  window_ = ack.window;
  largest_window_ = std::max(largest_window_, window_);
  window_sequence_ = ack.sequence;
  window_offset_ = ack.offset;
}

void Sender::measure_rtt(const IncomingAck& ack, bool advanced) {
  if (const auto sent_ns = recovery_->named_sent_ns()) {
    rtt_.sample(clock_.now_ns() - *sent_ns);
    return;
  }
  // The timestamp tells which copy was acknowledged (RFC 7323, section 4), if coarsely.
  const auto stamp = output_.timestamp();
  if (!advanced || !ack.echo || !stamp) return;
  const std::uint64_t ticks = std::max<std::uint32_t>(*stamp - *ack.echo, 1);
  const std::uint64_t rtt = ticks * settings_.timestamp_tick_ns;
  if (rtt <= settings_.max_rto_ns) rtt_.sample(rtt);
}

// The Eifel detection (RFC 3522): the first new data in recovery is acknowledged by an echo that is
// older than what was resent.
void Sender::notice_spurious_recovery(const IncomingAck& ack) {
  const auto stamp = std::exchange(recovery_stamp_, std::nullopt);
  if (!stamp || !ack.echo || recovery_->state() != LossRecovery::State::recovery) return;
  if (!sequence_before(*ack.echo, *stamp)) return;
  ++statistics_.spurious_recoveries;
  recovery_->spurious(una_);
  congestion_->undo();
}

void Sender::handle(LossEvent event, bool in_recovery, std::uint64_t acked) {
  switch (event) {
    case LossEvent::fast_retransmit:
      ++statistics_.fast_retransmits;
      // RFC 5681, section 3.2, step 2: limited transmit does not count.
      congestion_->fast_recovery(nxt_ - una_ - std::min(limited_transmit_, nxt_ - una_));
      partial_ack_seen_ = false;
      recovery_stamp_ = output_.timestamp();
      resend_first();
      restart_timer_ = true;
      return;
    case LossEvent::partial_ack:
      partial_ack_seen_ = true;
      resend_first();
      return;
    case LossEvent::recovered:
      if (in_recovery && !path_.sack)
        congestion_->limit(std::max<std::uint64_t>(nxt_ - una_, path_.smss) + path_.smss);
      break;
    case LossEvent::none:
      break;
  }
  // A window that is not used says nothing about the path (RFC 9438, section 5.8).
  if (acked > 0 && !in_recovery && blocked_by_cwnd_)
    congestion_->acknowledged({acked, clock_.now_ns(), rtt_.smoothed()});
}

void Sender::set_timer() {
  const std::uint64_t now = clock_.now_ns();
  Waiting waiting = Waiting::for_nothing;
  if (nxt_ > una_)
    waiting = Waiting::for_ack;
  else if (blocked_by_window_)
    waiting = Waiting::for_window;
  if (waiting == waiting_ && timer_.is_set() && !restart_timer_) return;
  restart_timer_ = false;
  waiting_ = waiting;
  probes_in_a_row_ = 0;
  if (waiting == Waiting::for_nothing)
    timer_.clear();
  else
    timer_.set(now + rtt_.rto());
}

void Sender::timer_expired() {
  if (waiting_ == Waiting::for_window)
    probe_window();
  else
    retransmission_timeout();
}

void Sender::retransmission_timeout() {
  if (++timeouts_in_a_row_ > settings_.retries) {
    output_.gave_up();
    return;
  }
  ++statistics_.timeouts;
  congestion_->timed_out(nxt_ - una_, timeouts_in_a_row_ == 1);
  recovery_->timed_out(una_, nxt_);
  recovery_stamp_.reset();
  rtt_.back_off();
  resend_first();
  transmit();
}

// RFC 9293, sections 3.8.6.1 and 3.8.6.2.1.
void Sender::probe_window() {
  const std::uint32_t limit = output_.segment_limit();
  const std::uint64_t theirs = std::min<std::uint64_t>(peer_room(), limit);
  const std::uint32_t size = queue_.run(nxt_, static_cast<std::uint32_t>(theirs)).size;
  if (size > 0) {
    send(size, limit);
    transmit();
    return;
  }
  // A peer that answers may keep its window closed for ever; a silent one is given up.
  if (++unanswered_probes_ > settings_.retries) {
    output_.gave_up();
    return;
  }
  ++statistics_.window_probes;
  ++probes_in_a_row_;
  const std::uint64_t interval = rtt_.rto() << std::min(probes_in_a_row_, 20u);
  timer_.set(clock_.now_ns() + std::min(interval, settings_.max_rto_ns));
  output_.send_window_probe();
}

}  // namespace tlsnic::host
