// The clock of the hosts' protocols: SystemC's time in ns.
//
// Accuracy: callbacks run at the very ns that they were asked for. now_ns() leaves out the
// picoseconds. One timed event for all timers.
// Limitations: SystemC's time ends after 2^64 ps (213 days); a timer for later than that never
// runs.
#pragma once

#include <systemc>
#include <vector>

#include "host_stack/tcp/clock.h"

namespace tlsnic::scenarios {

class SimulationClock : public sc_core::sc_module, public host::Clock {
 public:
  explicit SimulationClock(sc_core::sc_module_name name);

  std::uint64_t now_ns() const override;
  // A callback may call both of these, also for timers that are due now.
  host::TimerId call_at(std::uint64_t at_ns, std::function<void()> callback) override;
  void cancel(host::TimerId timer) override;

  std::size_t timers() const { return timers_; }  // that are still to run

 private:
  struct Slot {
    std::function<void()> callback;
    std::uint32_t generation = 1;  // of the timer that it holds, or will hold next
  };
  struct Entry {
    std::uint64_t at_ns;
    std::uint64_t turn;
    host::TimerId timer;
  };
  static bool comes_later(const Entry& a, const Entry& b) {
    return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.turn > b.turn;
  }

  void run();
  // Null if the timer has run or was cancelled.
  Slot* find(host::TimerId timer);
  std::function<void()> take(Slot& slot);
  void drop_first();
  void drop_cancelled();
  void wake_for_first();

  // A heap. Entries of cancelled timers stay until they come first or are too many.
  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t last_turn_ = 0;
  std::size_t timers_ = 0;
  bool running_ = false;
  sc_core::sc_event due_;
};

}  // namespace tlsnic::scenarios
