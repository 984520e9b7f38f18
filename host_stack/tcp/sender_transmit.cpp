// What goes out next (RFC 9293, section 3.8.6; RFC 6675, section 4).
#include <algorithm>

#include "host_stack/tcp/sender.h"

namespace tlsnic::host {

void Sender::transmit() {
  if (recovery_ == nullptr) return;
  restart_if_idle();
  // The order of NextSeg (RFC 6675, section 4): nothing overtakes what is lost.
  while (const auto lost = recovery_->next_lost(nxt_)) {
    blocked_by_cwnd_ = room() < path_.smss;
    if (blocked_by_cwnd_) {
      set_timer();
      return;
    }
    recovery_->retransmitted(resend(*lost));
  }
  while (send_new() || resend_unlost()) {
  }
  set_timer();
}

void Sender::restart_if_idle() {
  if (nxt_ != una_ || !has_unsent() || last_sent_ns_ == 0) return;
  if (clock_.now_ns() - last_sent_ns_ <= rtt_.rto()) return;
  congestion_->restart(std::uint64_t{std::max(settings_.initial_window, 1u)} * path_.smss);
}

// How many bytes the congestion window allows.
std::uint64_t Sender::room() const {
  const std::int64_t room = static_cast<std::int64_t>(congestion_->cwnd()) +
                            recovery_->inflation() -
                            static_cast<std::int64_t>(recovery_->pipe(una_, nxt_));
  return room > 0 ? static_cast<std::uint64_t>(room) : 0;
}

// How many bytes the peer's window allows.
std::uint64_t Sender::peer_room() const {
  return una_ + window_ > nxt_ ? una_ + window_ - nxt_ : 0;
}

bool Sender::send_new() {
  blocked_by_window_ = blocked_by_cwnd_ = false;
  if (!has_unsent()) return false;
  const std::uint32_t limit = output_.segment_limit();
  if (nxt_ == queue_.end()) {
    blocked_by_window_ = peer_room() == 0;
    if (!blocked_by_window_) send(0, limit);
    return !blocked_by_window_;
  }
  const std::uint32_t most = std::max(path_.max_tso_bytes / limit * limit, limit);
  const std::uint32_t size = sendable(limit, queue_.run(nxt_, most));
  if (size > 0) send(size, limit);
  return size > 0;
}

// How much of the run goes out now. Windows are used in whole segments.
std::uint32_t Sender::sendable(std::uint32_t limit, const SendQueue::Run& run) {
  const std::uint64_t ours = room();
  const std::uint64_t theirs = peer_room();
  const std::uint64_t most = std::min(ours, theirs);
  if (run.size <= most) {
    const std::uint32_t tail = run.size % limit;
    const bool is_last = !run.closed && nxt_ + run.size == queue_.end();
    if (tail == 0 || !is_last || small_segment_may_go()) return run.size;
    return run.size - tail;
  }
  (theirs < ours ? blocked_by_window_ : blocked_by_cwnd_) = true;
  const auto whole = static_cast<std::uint32_t>(most / limit * limit);
  if (whole > 0) return should_gather(whole) ? 0 : whole;
  // Silly window syndrome (RFC 9293, section 3.8.6.2.1): a small piece only if the peer's window is
  // never larger; the persist timer is the override.
  if (theirs < ours && theirs > 0 && theirs >= largest_window_ / 2)
    return static_cast<std::uint32_t>(theirs);
  return 0;
}

// A larger segment costs the host less: the acknowledgements to come will make room for one.
bool Sender::should_gather(std::uint32_t size) const {
  if (path_.max_tso_bytes == 0 || settings_.tso_window_divisor == 0 || nxt_ == una_) return false;
  if (recovery_->state() != LossRecovery::State::open || recovery_->duplicate_acks() > 0)
    return false;
  const std::uint64_t window = std::min(congestion_->cwnd(), window_);
  const std::uint64_t enough =
      std::min<std::uint64_t>(window / settings_.tso_window_divisor, path_.max_tso_bytes / 2);
  return size < enough;
}

bool Sender::small_segment_may_go() const {
  if (finishing_) return true;
  if (more_) return false;
  switch (settings_.nagle) {
    case Nagle::off:
      return true;
    case Nagle::on:
      return nxt_ == una_;
    case Nagle::minshall:
      break;
  }
  return small_end_ <= una_;
}

// New bytes, and FIN if they are the last.
void Sender::send(std::uint32_t size, std::uint32_t limit) {
  OutgoingSegment segment;
  segment.offset = nxt_;
  segment.size = size;
  segment.limit = limit;
  segment.push = nxt_ + size == queue_.end();
  segment.fin = segment.push && finishing_ && peer_room() > size;
  if (size % limit != 0) small_end_ = nxt_ + size;
  if (recovery_->duplicate_acks() > 0) limited_transmit_ += size;
  nxt_ += size + (segment.fin ? 1u : 0u);
  last_sent_ns_ = clock_.now_ns();
  ++statistics_.segments;
  recovery_->sent({segment.offset, nxt_}, last_sent_ns_, true);
  output_.send_segment(segment);
}

bool Sender::resend_unlost() {
  if (recovery_->state() != LossRecovery::State::recovery || room() < path_.smss) return false;
  if (const auto hole = recovery_->next_hole()) {
    recovery_->retransmitted(resend(*hole));
    return true;
  }
  const auto last = recovery_->rescue(una_, nxt_);
  if (last) resend(*last);
  return last.has_value();
}

std::uint64_t Sender::resend(const Range& range) {
  const std::uint32_t limit = output_.segment_limit();
  OutgoingSegment segment;
  segment.offset = range.start;
  segment.limit = limit;
  const auto most = static_cast<std::uint32_t>(std::min<std::uint64_t>(range.size(), limit));
  segment.size = queue_.run(range.start, most).size;
  const std::uint64_t data_end = range.start + segment.size;
  segment.push = data_end == queue_.end();
  segment.fin = segment.push && range.end > data_end;
  last_sent_ns_ = clock_.now_ns();
  ++statistics_.segments;
  ++statistics_.retransmitted_segments;
  recovery_->sent({segment.offset, data_end + (segment.fin ? 1 : 0)}, last_sent_ns_, false);
  output_.send_segment(segment);
  return data_end + (segment.fin ? 1 : 0);
}

void Sender::resend_first() {
  const auto first = recovery_->scoreboard().gap(una_, nxt_);
  if (!first) return;
  const std::uint64_t end = resend(*first);
  recovery_->retransmitted(end);
  recovery_->entered(end);
}

}  // namespace tlsnic::host
