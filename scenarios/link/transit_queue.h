// Frames on their way, by the time at which they arrive.
#pragma once

#include <memory>
#include <vector>

#include "hw_model/timing/stage.h"
#include "protocol/frame.h"

namespace tlsnic::scenarios {

struct Transit {
  std::uint64_t id = 0;
  std::vector<std::uint8_t> bytes;
  ParsedFrame parsed;
  hw::Picoseconds earliest = 0;  // when it arrives if nothing holds it back
  std::uint32_t deliveries = 1;  // the frame and its copies that are still to arrive
  bool is_copy = false;          // the frame itself has arrived
  std::uint32_t wait_for = 0;    // frames that must arrive before it
  std::uint64_t turn = 0;        // its valid entry in the queue; 0: none
};

// Owns the frames and uses their memory again.
class TransitQueue {
 public:
  // A frame that is not queued yet; its buffer holds the bytes.
  Transit& take(Bytes bytes);
  void give_back(Transit& frame);

  // Puts it in, or moves it. Frames of equal times leave in the order in which they were put in;
  // those that are `ahead` leave before those that are not.
  void put(Transit& frame, hw::Picoseconds due, bool ahead = false);
  // The one that is next; null if there is none.
  Transit* first();
  // Of first(), which is there.
  hw::Picoseconds first_due() const { return heap_.front().due; }

  // Taken and not given back.
  std::size_t in_use() const { return all_.size() - free_.size(); }

 private:
  struct Entry {
    hw::Picoseconds due;
    bool ahead;
    std::uint64_t turn;
    Transit* frame;
  };
  static bool comes_later(const Entry& a, const Entry& b);

  // A heap. An entry whose turn is not its frame's any more counts for nothing.
  std::vector<Entry> heap_;
  std::uint64_t last_turn_ = 0;
  std::vector<std::unique_ptr<Transit>> all_;
  std::vector<Transit*> free_;
};

}  // namespace tlsnic::scenarios
