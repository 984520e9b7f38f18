#include "host_stack/tcp/loss_recovery.h"

#include <algorithm>

namespace tlsnic::host {
namespace {

constexpr std::size_t max_ranges = 4096;

}  // namespace

LossRecovery::LossRecovery(std::uint32_t smss, std::uint32_t threshold, std::uint32_t max_threshold,
                           bool sack)
    : smss_(smss),
      threshold_(std::max(threshold, 1u)),
      max_threshold_(std::max(threshold, max_threshold)),
      sack_(sack),
      sacked_(max_ranges),
      lost_again_(max_ranges) {}

LossEvent LossRecovery::acknowledged(const AckReport& ack) {
  const auto acknowledged_sent = acknowledged_sent_ns(ack);
  named_sent_ns_.reset();
  const bool new_sack = sack_ && update_scoreboard(ack);
  if (acknowledged_sent) named_sent_ns_ = acknowledged_sent;
  const bool is_duplicate = sack_ ? new_sack : ack.duplicate;
  high_rxt_ = std::max(high_rxt_, ack.una);
  find_lost_retransmissions(ack);
  switch (state_) {
    case State::open:
      return count_duplicate(ack, is_duplicate);
    case State::recovery:
      return in_recovery(ack, is_duplicate);
    case State::loss:
      break;
  }
  if (ack.una < recovery_point_) return LossEvent::none;
  state_ = State::open;
  return LossEvent::recovered;
}

void LossRecovery::sent(Range range, std::uint64_t now_ns, bool is_new) {
  if (is_new) {
    first_copies_.push_back({range, now_ns});
    return;
  }
  if (sack_) {
    lost_again_.remove(range);
    resent_.push_back({range, now_ns});
  }
  for (std::size_t i = first_copy(range.start);
       i < first_copies_.size() && first_copies_[i].range.start < range.end; ++i)
    first_copies_[i].sent_again = true;
}

// The index of the first copy that holds the offset, or of the first after it.
std::size_t LossRecovery::first_copy(std::uint64_t offset) const {
  const auto copy =
      std::partition_point(first_copies_.begin(), first_copies_.end(),
                           [offset](const Transmission& each) { return each.range.end <= offset; });
  return static_cast<std::size_t>(copy - first_copies_.begin());
}

std::optional<std::uint64_t> LossRecovery::acknowledged_sent_ns(const AckReport& ack) const {
  std::optional<std::uint64_t> sent_ns;
  for (const Transmission& each : first_copies_) {
    if (each.range.start >= ack.una) break;
    if (each.range.end <= ack.una_before) continue;
    if (each.sent_again) return std::nullopt;
    if (!sent_ns && !is_delivered(each.range, ack.una_before)) sent_ns = each.sent_ns;
  }
  return sent_ns;
}

void LossRecovery::note_selected(std::uint64_t offset) {
  const std::size_t index = first_copy(offset);
  if (index == first_copies_.size() || first_copies_[index].sent_again) return;
  const std::uint64_t sent_ns = first_copies_[index].sent_ns;
  named_sent_ns_ = std::min(named_sent_ns_.value_or(sent_ns), sent_ns);
}

bool LossRecovery::is_delivered(const Range& range, std::uint64_t una) const {
  if (range.end <= una) return true;
  const auto held = sacked_.find(std::max(range.start, una));
  return held && held->end >= range.end;
}

// RFC 8985, section 6.2: what was sent well before something that has been delivered is lost. Here
// for retransmissions, which RFC 6675 believes to arrive.
void LossRecovery::find_lost_retransmissions(const AckReport& ack) {
  while (first_copies_.size() > 1 && first_copies_[1].range.start < ack.una)
    first_copies_.pop_front();
  lost_again_.remove_below(ack.una);
  if (resent_.empty()) return;
  // Data is sent in the order of its offsets: of what was delivered the highest is the youngest.
  const std::uint64_t highest = std::max(sacked_.highest(), ack.una);
  const auto after = std::partition_point(
      first_copies_.begin(), first_copies_.end(),
      [highest](const Transmission& each) { return each.range.start < highest; });
  std::uint64_t youngest = after == first_copies_.begin() ? 0 : std::prev(after)->sent_ns;
  const auto delivered =
      std::remove_if(resent_.begin(), resent_.end(), [&](const Transmission& each) {
        if (!is_delivered(each.range, ack.una)) return false;
        youngest = std::max(youngest, each.sent_ns);
        return true;
      });
  resent_.erase(delivered, resent_.end());
  const std::uint64_t reorder_window = ack.srtt_ns / 4;
  auto each = resent_.begin();
  for (; each != resent_.end() && each->sent_ns + reorder_window < youngest; ++each) {
    // Of one that was acknowledged in part the beginning is not there to be sent again.
    lost_again_.add({std::max(each->range.start, ack.una), each->range.end});
  }
  resent_.erase(resent_.begin(), each);
  if (lost_again_.empty()) return;
  for (const Range& held : sacked_.ranges()) lost_again_.remove(held);
}

// True if the acknowledgement names bytes for the first time.
bool LossRecovery::update_scoreboard(const AckReport& ack) {
  const std::uint64_t highest = sacked_.highest();
  // A hole closes that was not sent again: what filled it had been overtaken.
  if (highest > ack.una_before && ack.una > ack.una_before) {
    const auto hole = sacked_.gap(std::max(ack.una_before, high_rxt_), std::min(ack.una, highest));
    if (hole) note_reordering(hole->start, highest);
  }
  bool is_new = false;
  for (const Range& said : ack.sacked) {
    // Below una: a duplicate was received (RFC 2883), or the block is old.
    const Range range{std::max(said.start, ack.una), said.end};
    if (range.start >= range.end || range.end > ack.nxt) continue;
    const RangeSet::Added added = sacked_.add(range);
    if (added.bytes == 0) continue;
    is_new = true;
    note_selected(added.lowest);
    if (added.lowest >= high_rxt_ && added.lowest < highest) note_reordering(added.lowest, highest);
  }
  sacked_.remove_below(ack.una);
  return is_new;
}

void LossRecovery::note_reordering(std::uint64_t from, std::uint64_t to) {
  if (rescued_) return;
  const std::uint64_t segments = (to - from + smss_ - 1) / smss_;
  threshold_ = std::max(
      threshold_, static_cast<std::uint32_t>(std::min<std::uint64_t>(segments, max_threshold_)));
}

LossEvent LossRecovery::count_duplicate(const AckReport& ack, bool is_duplicate) {
  if (ack.una > ack.una_before) {
    duplicate_acks_ = 0;
    inflation_ = 0;
  }
  if (!is_duplicate) return LossEvent::none;
  ++duplicate_acks_;
  // RFC 6675, section 5, steps 1 and 2.
  const bool is_lost = duplicate_acks_ >= threshold_ || (sack_ && ack.una < lost_below());
  // RFC 6582, section 3.2, step 2: duplicates of what was resent already say nothing.
  const bool is_old = !sack_ && ack.una <= recovery_point_;
  if (!is_lost || is_old) {
    // Limited transmit. With SACK the scoreboard makes the room; else one new segment for each of
    // the first two duplicates.
    if (!sack_ && duplicate_acks_ <= 2) inflation_ += smss_;
    return LossEvent::none;
  }
  state_ = State::recovery;
  recovery_point_ = ack.nxt;
  high_rxt_ = ack.una;
  rescued_ = false;
  resent_.clear();
  lost_again_.clear();
  inflation_ = sack_ ? 0 : std::int64_t{duplicate_acks_} * smss_;
  return LossEvent::fast_retransmit;
}

LossEvent LossRecovery::in_recovery(const AckReport& ack, bool is_duplicate) {
  if (ack.una >= recovery_point_) {
    state_ = State::open;
    duplicate_acks_ = 0;
    inflation_ = 0;
    return LossEvent::recovered;
  }
  if (sack_) return LossEvent::none;
  if (ack.una > ack.una_before) {
    const auto acked = static_cast<std::int64_t>(ack.una - ack.una_before);
    inflation_ += (acked >= smss_ ? smss_ : 0) - acked;
    return LossEvent::partial_ack;
  }
  if (is_duplicate) inflation_ += smss_;
  return LossEvent::none;
}

void LossRecovery::timed_out(std::uint64_t una, std::uint64_t nxt) {
  // A peer that holds the first byte would have acknowledged it: it has thrown away what it had
  // (RFC 2018, section 8).
  if (sacked_.find(una)) sacked_.clear();
  state_ = State::loss;
  recovery_point_ = nxt;
  high_rxt_ = una;
  resent_.clear();
  lost_again_.clear();
  duplicate_acks_ = 0;
  inflation_ = 0;
  rescued_ = false;
}

void LossRecovery::spurious(std::uint64_t una) {
  rescued_ = false;
  note_reordering(una, sack_ ? std::max(sacked_.highest(), una)
                             : una + (std::uint64_t{duplicate_acks_} + 1) * smss_);
  state_ = State::open;
  duplicate_acks_ = 0;
  inflation_ = 0;
}

// IsLost of RFC 6675, section 4, holds for every byte not SACKed below this offset: enough ranges,
// or enough bytes, are SACKed above it.
std::uint64_t LossRecovery::lost_below() const {
  const auto& ranges = sacked_.ranges();
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    bytes += range->size();
    if (++count >= threshold_ || bytes > std::uint64_t{threshold_ - 1} * smss_) return range->start;
  }
  return 0;
}

std::uint64_t LossRecovery::pipe(std::uint64_t una, std::uint64_t nxt) const {
  if (state_ == State::open) return nxt - una - sacked_.bytes();
  if (state_ == State::loss) {
    const std::uint64_t resent_to = std::clamp(high_rxt_, una, std::max(recovery_point_, una));
    const std::uint64_t resent = resent_to - una - sacked_.bytes_below(resent_to);
    const std::uint64_t after = std::max(recovery_point_, una);
    const std::uint64_t fresh = nxt - after - (sacked_.bytes() - sacked_.bytes_below(after));
    return resent + fresh - std::min(lost_again_.bytes(), resent);
  }
  if (!sack_) return nxt - una;
  const std::uint64_t lost = std::max(lost_below(), una);
  const std::uint64_t first_copies = nxt - lost - (sacked_.bytes() - sacked_.bytes_below(lost));
  const std::uint64_t second_copies = high_rxt_ - una - sacked_.bytes_below(high_rxt_);
  return first_copies + second_copies - std::min(lost_again_.bytes(), second_copies);
}

std::optional<Range> LossRecovery::next_lost(std::uint64_t nxt) const {
  if (state_ != State::open && !lost_again_.empty()) return lost_again_.ranges().front();
  if (state_ == State::loss) return sacked_.gap(high_rxt_, std::min(recovery_point_, nxt));
  if (state_ != State::recovery || !sack_) return std::nullopt;
  return sacked_.gap(high_rxt_, lost_below());
}

std::optional<Range> LossRecovery::next_hole() const {
  if (state_ != State::recovery || !sack_) return std::nullopt;
  return sacked_.gap(high_rxt_, sacked_.highest());
}

std::optional<Range> LossRecovery::rescue(std::uint64_t una, std::uint64_t nxt) {
  if (state_ != State::recovery || !sack_ || rescued_ || una <= rescue_rxt_) return std::nullopt;
  // The highest stretch that is not SACKed.
  Range top{una, nxt};
  const auto& ranges = sacked_.ranges();
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    if (range->end < top.end) {
      top.start = std::max(una, range->end);
      break;
    }
    top.end = range->start;
  }
  if (top.start >= top.end) return std::nullopt;
  rescued_ = true;
  rescue_rxt_ = recovery_point_;
  if (top.size() > smss_) top.start = top.end - smss_;
  return top;
}

void LossRecovery::retransmitted(std::uint64_t end) {
  high_rxt_ = std::max(high_rxt_, end);
}

}  // namespace tlsnic::host
