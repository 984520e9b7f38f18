// One direction of a link: from the wire output of a chip to the wire input of another.
//
//   chip -> (box that rewrites) -> queue -> serialisation -> impairments -> delay -> chip
//
// Accuracy: exact times. A frame is sent at the link's rate as its bits come out of the chip, waits
// while earlier ones are sent, and arrives delay_ns later. Frames that would arrive at the same
// time arrive in the order in which they were sent. A frame that is lost, other than in the queue,
// has taken its time on the link. One timed event per frame at most. Limitations: an impairment
// changes nothing but the frame that it hits: a link that holds a frame back does not hold those
// behind it. A copy arrives right behind its frame and takes no time on the link. A frame that an
// event holds back arrives after longest_hold_ns even if too few frames have followed
// (LinkStatistics::late_given_up). No preamble or inter-frame gap.
#pragma once

#include <functional>
#include <systemc>

#include "hw_model/wire.h"
#include "scenarios/link/frame_judge.h"
#include "scenarios/link/frame_receiver.h"
#include "scenarios/link/impairments.h"
#include "scenarios/link/link_queue.h"
#include "scenarios/link/transit_queue.h"

namespace tlsnic::scenarios {

class LinkDirection : public sc_core::sc_module, public hw::WireOutput {
 public:
  // Random impairments are for frames with TCP payload. All others follow the same way: in
  // ReorderKind::jump_ahead they wait reorder_delay_ns too (also if reorder is 0, as with netem).
  // chip_per_byte: the sending chip's NicParameters::wire_per_byte. receiver outlives this.
  // Throws std::invalid_argument for a probability outside of 0 to 1, a delay of more than 10^15 ns
  // (11 days) or a rate below 8 kb/s.
  LinkDirection(sc_core::sc_module_name name, const LinkSettings& settings, std::uint64_t seed,
                hw::Picoseconds chip_per_byte, FrameReceiver& receiver);

  void frame_transmitted(Bytes frame) override;

  // All may be set and taken away at any time, from outside of their own calls.
  FrameJudge* judge = nullptr;
  LinkObserver* observer = nullptr;
  // A box at the chip's end of the link that changes frames of kind tcp, length excepted; true if
  // it changed this one, whose checksums are then made right. What it leaves is what the judge
  // sees.
  std::function<bool(MutableBytes frame, const ParsedFrame& parsed)> rewrite;
  // After the time at which the frame would have arrived. At most 10^15.
  std::uint64_t longest_hold_ns = 50'000'000;

  LinkStatistics statistics() const;
  // Frames that have neither arrived nor been lost.
  std::size_t frames_on_the_way() const { return transits_.in_use(); }

 private:
  void run();
  void rewrite_frame(Transit& frame);
  void damage(Transit& frame, const Fate& fate, const Impairment& drawn);
  void schedule(Transit& frame, const Fate& fate, const Impairment& drawn, hw::Picoseconds on_link);
  void lose(Transit& frame, LossCause cause);
  void arrived(Transit& frame);
  void let_followed_go(const Transit& follower);
  hw::Picoseconds reorder_wait(bool chosen) const;
  void wake_at(hw::Picoseconds when);

  hw::Picoseconds delay_;
  hw::Picoseconds reorder_delay_;
  ReorderKind reorder_kind_;
  FrameReceiver& receiver_;
  LinkQueue queue_;
  Impairments impairments_;
  TransitQueue transits_;
  std::vector<Transit*> held_;  // by events, in the order in which they were sent
  LinkStatistics statistics_;
  bool paused_ = false;
  sc_core::sc_event due_;
};

}  // namespace tlsnic::scenarios
