#include "scenarios/link/transit_queue.h"

#include <algorithm>
#include <tuple>

namespace tlsnic::scenarios {

bool TransitQueue::comes_later(const Entry& a, const Entry& b) {
  return std::make_tuple(a.due, !a.ahead, a.turn) > std::make_tuple(b.due, !b.ahead, b.turn);
}

Transit& TransitQueue::take(Bytes bytes) {
  if (free_.empty()) {
    all_.push_back(std::make_unique<Transit>());
    free_.push_back(all_.back().get());
  }
  Transit& frame = *free_.back();
  free_.pop_back();
  // Pointers: a span's iterators check every byte.
  frame.bytes.assign(bytes.data(), bytes.data() + bytes.size());
  frame.deliveries = 1;
  frame.is_copy = false;
  frame.wait_for = 0;
  return frame;
}

void TransitQueue::give_back(Transit& frame) {
  frame.turn = 0;
  free_.push_back(&frame);
}

void TransitQueue::put(Transit& frame, hw::Picoseconds due, bool ahead) {
  frame.turn = ++last_turn_;
  heap_.push_back({due, ahead, frame.turn, &frame});
  std::push_heap(heap_.begin(), heap_.end(), comes_later);
}

Transit* TransitQueue::first() {
  while (!heap_.empty()) {
    const Entry& entry = heap_.front();
    if (entry.turn == entry.frame->turn) return entry.frame;
    std::pop_heap(heap_.begin(), heap_.end(), comes_later);
    heap_.pop_back();
  }
  return nullptr;
}

}  // namespace tlsnic::scenarios
