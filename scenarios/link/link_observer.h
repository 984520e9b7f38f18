// What there is to see of one direction of a link.
#pragma once

#include <cstdint>

#include "protocol/frame.h"

namespace tlsnic::scenarios {

enum class LossCause : std::uint8_t {
  random,  // LinkSettings::loss
  burst,   // LinkSettings::bursts
  event,   // Fate::drop
  queue,   // the queue before the link was full
};

// References are valid during the call.
struct LinkFrame {
  std::uint64_t id;  // hw::Frame::id: counts the frames sent in this direction, from 1
  Bytes bytes;
  const ParsedFrame& parsed;
  bool is_copy;  // made by the link; it has the id of the frame that it copies
};

// All calls come at the simulated time at which the thing happens; a loss is told when the frame is
// sent.
class LinkObserver {
 public:
  virtual ~LinkObserver() = default;
  // As it left the chip: before LinkDirection::rewrite.
  virtual void frame_sent(const LinkFrame& frame) = 0;
  virtual void frame_lost(const LinkFrame& frame, LossCause cause) = 0;
  // The receiving chip has taken it.
  virtual void frame_arrived(const LinkFrame& frame) = 0;
};

struct LinkStatistics {
  std::uint64_t frames = 0;  // sent into the link, and their bytes
  std::uint64_t bytes = 0;
  std::uint64_t arrived_frames = 0;  // copies included
  std::uint64_t arrived_bytes = 0;
  std::uint64_t lost_random = 0;
  std::uint64_t lost_burst = 0;
  std::uint64_t lost_event = 0;
  std::uint64_t queue_dropped = 0;
  std::uint64_t corrupted = 0;  // frames that went on with a wrong checksum
  std::uint64_t tampered = 0;   // ... changed, with a right one
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;      // chosen at random
  std::uint64_t late = 0;           // held back by an event
  std::uint64_t late_given_up = 0;  // ... and let go because too few frames followed
  std::uint64_t rewritten = 0;
  std::uint64_t pauses = 0;       // times that the receiving chip did not take a frame at once
  std::uint32_t most_queued = 0;  // frames that waited at the same time

  std::uint64_t lost() const { return lost_random + lost_burst + lost_event + queue_dropped; }
};

}  // namespace tlsnic::scenarios
