#include "scenarios/link/link_direction.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "protocol/checksum.h"
#include "scenarios/link/damage.h"

namespace tlsnic::scenarios {
namespace {

using hw::Picoseconds;

constexpr std::uint64_t max_wait_ns = 1'000'000'000'000'000;
constexpr Picoseconds max_per_byte = 1'000'000'000;

// SystemC's default resolution is 1 ps, so a time's value is a number of picoseconds.
Picoseconds now() {
  return sc_core::sc_time_stamp().value();
}

const LinkSettings& checked(const LinkSettings& settings) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(std::string("link: ") + what);
  };
  for (const double probability :
       {settings.loss, settings.reorder, settings.duplicate, settings.corrupt,
        settings.bursts.to_bad, settings.bursts.to_good, settings.bursts.loss_good,
        settings.bursts.loss_bad})
    require(probability >= 0 && probability <= 1, "a probability is not from 0 to 1");
  require(settings.delay_ns <= max_wait_ns && settings.reorder_delay_ns <= max_wait_ns,
          "a delay is longer than 10^15 ns");
  require(settings.ps_per_byte <= max_per_byte, "the rate is below 8 kb/s");
  return settings;
}

LinkFrame seen(const Transit& frame) {
  return {frame.id, frame.bytes, frame.parsed, frame.is_copy};
}

}  // namespace

LinkDirection::LinkDirection(sc_core::sc_module_name name, const LinkSettings& settings,
                             std::uint64_t seed, Picoseconds chip_per_byte, FrameReceiver& receiver)
    : sc_module(name),
      delay_(checked(settings).delay_ns * 1000),
      reorder_delay_(settings.reorder_delay_ns * 1000),
      reorder_kind_(settings.reorder_kind),
      receiver_(receiver),
      queue_(settings.ps_per_byte, chip_per_byte, settings.queue_frames),
      impairments_(settings, seed) {
  SC_HAS_PROCESS(LinkDirection);
  SC_METHOD(run);
  sensitive << due_;
  dont_initialize();
}

LinkStatistics LinkDirection::statistics() const {
  LinkStatistics statistics = statistics_;
  statistics.most_queued = queue_.most_waiting();
  return statistics;
}

// ---- from the chip

void LinkDirection::frame_transmitted(Bytes bytes) {
  Transit& frame = transits_.take(bytes);
  frame.id = ++statistics_.frames;
  statistics_.bytes += bytes.size();
  const bool is_read = impairments_.any() || judge != nullptr || observer != nullptr || rewrite;
  frame.parsed = is_read ? parse_frame(frame.bytes) : ParsedFrame();
  if (observer != nullptr) observer->frame_sent(seen(frame));
  if (rewrite) rewrite_frame(frame);

  const Fate fate = judge != nullptr ? judge->judge(frame.parsed, frame.bytes) : Fate();
  const bool has_payload = frame.parsed.kind == FrameKind::tcp && frame.parsed.payload_length > 0;
  const Impairment drawn = has_payload && impairments_.any()
                               ? impairments_.draw(frame.parsed.payload_length)
                               : Impairment();
  const auto on_link = queue_.pass(now(), bytes.size());
  if (!on_link) return lose(frame, LossCause::queue);
  if (fate.drop) return lose(frame, LossCause::event);
  if (drawn.lost) return lose(frame, *drawn.lost);
  damage(frame, fate, drawn);
  schedule(frame, fate, drawn, *on_link);
}

void LinkDirection::rewrite_frame(Transit& frame) {
  if (frame.parsed.kind != FrameKind::tcp || !rewrite(frame.bytes, frame.parsed)) return;
  ++statistics_.rewritten;
  frame.parsed = parse_frame(frame.bytes);
  if (frame.parsed.kind == FrameKind::tcp) repair_checksums(frame.bytes, frame.parsed);
}

void LinkDirection::damage(Transit& frame, const Fate& fate, const Impairment& drawn) {
  // Tampering first: it makes checksums right that corruption has to make wrong.
  if (fate.tamper &&
      tamper_with_payload(frame.bytes, frame.parsed, std::uint64_t{*fate.tamper} * 8))
    ++statistics_.tampered;
  // Never both corruptions: they could undo one another.
  bool corrupted = false;
  if (fate.corrupt)
    corrupted = corrupt_payload(frame.bytes, frame.parsed, std::uint64_t{*fate.corrupt} * 8 + 7);
  else if (drawn.inverted_bit)
    corrupted = corrupt_payload(frame.bytes, frame.parsed, *drawn.inverted_bit);
  statistics_.corrupted += corrupted ? 1 : 0;
}

void LinkDirection::schedule(Transit& frame, const Fate& fate, const Impairment& drawn,
                             Picoseconds on_link) {
  const std::uint32_t copies = (fate.duplicate ? 1 : 0) + (drawn.duplicated ? 1 : 0);
  frame.deliveries = 1 + copies;
  statistics_.duplicated += copies;
  statistics_.reordered += drawn.reordered ? 1 : 0;
  frame.earliest = on_link + delay_ + reorder_wait(drawn.reordered);
  Picoseconds due = frame.earliest;
  if (fate.late_by > 0) {
    ++statistics_.late;
    frame.wait_for = fate.late_by;
    held_.push_back(&frame);
    due += std::min(longest_hold_ns, max_wait_ns) * 1000;
  }
  transits_.put(frame, due);
  if (!paused_ && transits_.first() == &frame) wake_at(due);
}

Picoseconds LinkDirection::reorder_wait(bool chosen) const {
  const bool waits = reorder_kind_ == ReorderKind::jump_ahead ? !chosen : chosen;
  return waits ? reorder_delay_ : 0;
}

void LinkDirection::lose(Transit& frame, LossCause cause) {
  switch (cause) {
    case LossCause::random:
      ++statistics_.lost_random;
      break;
    case LossCause::burst:
      ++statistics_.lost_burst;
      break;
    case LossCause::event:
      ++statistics_.lost_event;
      break;
    case LossCause::queue:
      ++statistics_.queue_dropped;
      break;
  }
  if (observer != nullptr) observer->frame_lost(seen(frame), cause);
  transits_.give_back(frame);
}

// ---- to the chip

void LinkDirection::wake_at(Picoseconds when) {
  due_.notify(sc_core::sc_time::from_value(when - now()));
}

void LinkDirection::run() {
  paused_ = false;
  while (Transit* frame = transits_.first()) {
    if (transits_.first_due() > now()) return wake_at(transits_.first_due());
    if (!receiver_.receive({frame->id, frame->bytes})) {
      // The frame keeps its place in front of all others.
      paused_ = true;
      ++statistics_.pauses;
      next_trigger(receiver_.resumed());
      return;
    }
    arrived(*frame);
  }
}

void LinkDirection::arrived(Transit& frame) {
  ++statistics_.arrived_frames;
  statistics_.arrived_bytes += frame.bytes.size();
  if (observer != nullptr) observer->frame_arrived(seen(frame));
  frame.is_copy = true;
  if (--frame.deliveries > 0) return;
  if (!held_.empty()) let_followed_go(frame);
  transits_.give_back(frame);
}

// follower: has arrived, and may itself have been held until now.
void LinkDirection::let_followed_go(const Transit& follower) {
  const auto is_let_go = [&](Transit* held) {
    if (held == &follower) {
      ++statistics_.late_given_up;
      return true;
    }
    if (held->id > follower.id || held->parsed.tuple != follower.parsed.tuple) return false;
    if (--held->wait_for > 0) return false;
    // Right behind the follower, even if others have been waiting for the chip meanwhile.
    transits_.put(*held, std::max(held->earliest, transits_.first_due()), true);
    return true;
  };
  held_.erase(std::remove_if(held_.begin(), held_.end(), is_let_go), held_.end());
}

}  // namespace tlsnic::scenarios
