#include "scenarios/replay/capture_feed.h"

namespace tlsnic::scenarios {

CaptureFeed::CaptureFeed(sc_core::sc_module_name name) : sc_module(name) {
  SC_HAS_PROCESS(CaptureFeed);
  SC_METHOD(run);
}

void CaptureFeed::run_simulation(observe::RunSummary& summary) {
  // Standard output is the caller's: SystemC would tell there that a bad capture stopped it.
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_DO_NOTHING);
  const std::uint64_t deltas_before = sc_core::sc_delta_count();
  sc_core::sc_start();
  if (error_) std::rethrow_exception(error_);
  summary.frames = frames_;
  summary.simulated_ns = sc_core::sc_time_stamp().value() / 1000;
  // Each instant at which something was due costs the kernel one delta cycle.
  summary.systemc_events = sc_core::sc_delta_count() - deltas_before;
}

void CaptureFeed::run() {
  // An exception must not travel through the simulation kernel.
  try {
    feed();
  } catch (...) {
    error_ = std::current_exception();
    sc_core::sc_stop();
  }
}

}  // namespace tlsnic::scenarios
