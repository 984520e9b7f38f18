// A process of the simulation. Called from a SystemC thread, a call that waits lets others run, as
// a system call blocks a process; called from outside of the simulation (a plain main() or a test),
// it runs the simulation until it is over.
#pragma once

#include <systemc>

#include "host_stack/syscalls/scheduler.h"

namespace tlsnic::host {

class SimulationScheduler : public Scheduler {
 public:
  // wakeup_ns: how long a process takes to run after what it waits for has happened.
  explicit SimulationScheduler(std::uint64_t wakeup_ns = 5'000);

  std::uint64_t now_ns() const override;
  // Outside of a SystemC thread: std::runtime_error if nothing will ever happen again, or the
  // simulation was stopped.
  void wait(std::optional<std::uint64_t> deadline_ns) override;
  void wake() override;

 private:
  void run_until_woken(std::optional<std::uint64_t> deadline_ns);

  sc_core::sc_time wakeup_;
  sc_core::sc_event event_;
  std::optional<sc_core::sc_time> woken_at_;  // when the caller from outside runs again
  bool runs_simulation_ = false;              // such a caller waits
};

}  // namespace tlsnic::host
