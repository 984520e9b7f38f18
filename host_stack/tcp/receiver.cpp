#include "host_stack/tcp/receiver.h"

#include <algorithm>
#include <utility>

#include "protocol/tcp_sequence.h"

namespace tlsnic::host {
namespace {

constexpr std::size_t max_held_ranges = 65536;

}  // namespace

Receiver::Receiver(Clock& clock, const TcpSettings& settings, std::function<void()> delay_is_over)
    : settings_(settings),
      clock_(clock),
      timer_(clock, std::move(delay_is_over)),
      quick_acks_(settings.quick_acks),
      held_(max_held_ranges) {}

void Receiver::open(const ReceiveQueue& queue, std::uint8_t scale, std::uint32_t mss) {
  queue_ = &queue;
  scale_ = scale;
  mss_ = mss;
  buffer_changed();
}

void Receiver::buffer_changed() {
  buffer_ = std::min<std::uint64_t>(settings_.receive_buffer, std::uint64_t{0xffff} << scale_);
  smallest_step_ = std::max<std::uint64_t>(1, std::min<std::uint64_t>(buffer_ / 2, mss_));
}

bool Receiver::is_acceptable(const ParsedFrame& segment) const {
  const Arrival a = arrival(segment);
  const auto next = static_cast<std::int64_t>(next_offset());
  const auto edge = static_cast<std::int64_t>(std::max(promised_, next_offset()));
  if (segment.sequence == segment.sequence_end()) return a.start >= next && a.start <= edge;
  return a.end > next && a.start <= edge;
}

void Receiver::trim(ParsedFrame& segment) const {
  const Arrival a = arrival(segment);
  const auto edge = static_cast<std::int64_t>(promised_);
  const std::int64_t data_end = a.start + segment.payload_length;
  // FIN needs no buffer: it may stand right behind the window's last byte.
  if (data_end <= edge) return;
  const auto excess =
      static_cast<std::uint32_t>(std::min<std::int64_t>(data_end - edge, segment.payload_length));
  segment.payload_length -= excess;
  segment.tcp_flags &= static_cast<std::uint8_t>(~tcp_fin);
}

Receiver::Arrival Receiver::arrival(const ParsedFrame& segment) const {
  Arrival a;
  a.expected = queue_->rcv_nxt_offset();
  a.start = static_cast<std::int64_t>(a.expected) +
            sequence_distance(segment.sequence, queue_->rcv_nxt());
  a.end = a.start + static_cast<std::int64_t>(segment.sequence_end() - segment.sequence);
  a.dropped_before = queue_->statistics().over_rcvbuf_bytes;
  a.had_hole = queue_->hole().has_value();
  a.had_fin = queue_->fin_reached();
  return a;
}

void Receiver::delivered(const Arrival& a) {
  const std::uint64_t next = queue_->rcv_nxt_offset();
  const auto expected = static_cast<std::int64_t>(a.expected);
  held_.remove_below(next);
  if (a.start > expected) note_held(a);
  // A block that the stream has reached is reported by the acknowledgement number.
  const auto gone = std::remove_if(recent_.begin(), recent_.begin() + recent_count_,
                                   [&](std::uint64_t offset) { return offset < next; });
  recent_count_ = static_cast<std::size_t>(gone - recent_.begin());

  const auto size = static_cast<std::uint32_t>(std::min<std::int64_t>(a.end - a.start, mss_));
  full_segment_ = std::max(full_segment_, size);
  const bool in_order = a.start <= expected && a.end > expected && !a.had_hole;
  const bool ended = queue_->fin_reached() && !a.had_fin;
  const std::uint64_t unacknowledged = next_offset() - acked_;
  // The reader may have answered already, and acknowledged with that.
  if (in_order && unacknowledged == 0) return;
  if (!in_order || ended || unacknowledged > full_segment_) {
    ack_is_due_ = true;
  } else if (quick_acks_ > 0) {
    --quick_acks_;
    ack_is_due_ = true;
  } else if (!timer_.is_set()) {
    timer_.set(clock_.now_ns() + settings_.delayed_ack_ns);
  }
}

void Receiver::note_held(const Arrival& a) {
  // What was dropped for want of memory must not be reported.
  if (a.start >= a.end || queue_->statistics().over_rcvbuf_bytes != a.dropped_before) return;
  const auto start = static_cast<std::uint64_t>(a.start);
  const auto end = std::min(static_cast<std::uint64_t>(a.end), queue_->highest_offset());
  if (start >= end) return;
  held_.add({start, end});
  const auto block = held_.find(start);
  if (!block) return;
  // One entry per block: the newest goes to the front, another of the same block goes.
  const auto others = std::remove_if(
      recent_.begin(), recent_.begin() + recent_count_,
      [&](std::uint64_t offset) { return offset >= block->start && offset < block->end; });
  const auto kept = std::min<std::ptrdiff_t>(others - recent_.begin(), max_sack_blocks - 1);
  std::copy_backward(recent_.begin(), recent_.begin() + kept, recent_.begin() + kept + 1);
  recent_[0] = start;
  recent_count_ = static_cast<std::size_t>(kept) + 1;
}

void Receiver::write_sack(TcpOptions& options, std::size_t most) const {
  const std::size_t count = sack_count(most);
  for (std::size_t i = 0; i < count; ++i) {
    const auto block = held_.find(recent_[i]);
    if (!block) continue;
    options.sack[options.sack_count++] = {queue_->sequence_at(block->start),
                                          queue_->sequence_at(block->end)};
  }
}

std::uint64_t Receiver::next_offset() const {
  return queue_->rcv_nxt_offset() + (queue_->fin_reached() ? 1 : 0);
}

std::uint32_t Receiver::acknowledgement() const {
  return queue_->sequence_at(next_offset());
}

std::uint32_t Receiver::last_acknowledgement() const {
  return queue_->sequence_at(acked_);
}

// Where the window would end if all of the free buffer were offered. It never moves back, and
// forward only by a worthwhile step (RFC 9293, section 3.8.6.2.2).
std::uint64_t Receiver::wanted_edge() const {
  const std::uint64_t used =
      std::min<std::uint64_t>(buffer_, queue_->available() - queue_->aside());
  const std::uint64_t edge = queue_->rcv_nxt_offset() + buffer_ - used;
  return edge >= edge_ + smallest_step_ ? edge : edge_;
}

std::uint16_t Receiver::window_field(bool is_syn) {
  const std::uint64_t next = queue_->rcv_nxt_offset();
  edge_ = wanted_edge();
  const std::uint8_t scale = is_syn ? 0 : scale_;
  const std::uint64_t open = edge_ > next ? edge_ - next : 0;
  const std::uint64_t field = std::min<std::uint64_t>(open >> scale, 0xffff);
  offered_ = std::max(offered_, field << scale);
  promised_ = std::max(promised_, next + (field << scale));
  return static_cast<std::uint16_t>(field);
}

// As in Linux, a reader is worth an update if it doubles a window that had shrunk to half.
void Receiver::data_read() {
  const std::uint64_t next = queue_->rcv_nxt_offset();
  const std::uint64_t now = promised_ > next ? promised_ - next : 0;
  if (2 * now > offered_ || queue_->fin_reached()) return;
  const std::uint64_t edge = wanted_edge();
  const std::uint64_t then = edge > next ? edge - next : 0;
  if (then >> scale_ > 0 && then >= 2 * now && edge > promised_) ack_is_due_ = true;
}

void Receiver::acknowledged() {
  acked_ = next_offset();
  ack_is_due_ = false;
  timer_.clear();
}

}  // namespace tlsnic::host
