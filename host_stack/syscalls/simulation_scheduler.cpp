#include "host_stack/syscalls/simulation_scheduler.h"

#include <algorithm>
#include <stdexcept>

#include "host_stack/syscalls/run_simulation.h"

namespace tlsnic::host {
namespace {

constexpr std::uint64_t ps_per_ns = 1000;

// SystemC's time ends after 2^64 ps: what is later never comes.
std::optional<sc_core::sc_time> time_of(std::optional<std::uint64_t> ns) {
  if (!ns || *ns > ~std::uint64_t{0} / ps_per_ns) return std::nullopt;
  return sc_core::sc_time::from_value(*ns * ps_per_ns);
}

}  // namespace

SimulationScheduler::SimulationScheduler(std::uint64_t wakeup_ns)
    : wakeup_(sc_core::sc_time::from_value(wakeup_ns * ps_per_ns)) {}

std::uint64_t SimulationScheduler::now_ns() const {
  return sc_core::sc_time_stamp().value() / ps_per_ns;
}

void SimulationScheduler::wake() {
  event_.notify(wakeup_);
  const sc_core::sc_time at = sc_core::sc_time_stamp() + wakeup_;
  if (!woken_at_) woken_at_ = at;
  if (runs_simulation_) sc_core::sc_pause();
}

void SimulationScheduler::wait(std::optional<std::uint64_t> deadline_ns) {
  if (sc_core::sc_get_status() != sc_core::SC_RUNNING) {
    run_until_woken(deadline_ns);
    return;
  }
  const auto process = sc_core::sc_get_current_process_handle();
  if (process.proc_kind() != sc_core::SC_THREAD_PROC_)
    throw std::runtime_error("a system call waits, but not in a SystemC thread");
  const auto deadline = time_of(deadline_ns);
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  if (!deadline)
    sc_core::wait(event_);
  else if (*deadline > now)
    sc_core::wait(*deadline - now, event_);
}

// Runs until the simulation pauses in wake(), then for as long as a process takes to wake up.
void SimulationScheduler::run_until_woken(std::optional<std::uint64_t> deadline_ns) {
  const auto deadline = time_of(deadline_ns);
  while (true) {
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    if (woken_at_ && *woken_at_ <= now) break;
    if (deadline && *deadline <= now) return;
    sc_core::sc_time until = sc_core::sc_max_time();
    if (deadline) until = std::min(until, *deadline);
    if (woken_at_) until = std::min(until, *woken_at_);
    const bool is_bounded = until != sc_core::sc_max_time();
    if (sc_core::sc_get_status() == sc_core::SC_STOPPED)
      throw std::runtime_error("a system call waits, but the simulation was stopped");
    if (!is_bounded && sc_core::sc_start_of_simulation_invoked() && !sc_core::sc_pending_activity())
      throw std::runtime_error("a system call waits for what will never happen");
    runs_simulation_ = true;
    run_simulation(until - now,
                   is_bounded ? sc_core::SC_RUN_TO_TIME : sc_core::SC_EXIT_ON_STARVATION);
    runs_simulation_ = false;
  }
  woken_at_.reset();
}

}  // namespace tlsnic::host
