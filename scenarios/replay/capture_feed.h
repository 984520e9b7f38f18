// What gives a capture's frames to the chips, each at its time, and carries the simulation.
#pragma once

#include <cstdint>
#include <exception>
#include <systemc>

#include "observe/summary.h"

namespace tlsnic::scenarios {

class CaptureFeed : public sc_core::sc_module {
 public:
  // Runs the simulation until nothing is left to happen, and throws what feed() threw in it. Fills
  // in the summary's frames, simulated_ns and systemc_events.
  void run_simulation(observe::RunSummary& summary);

 protected:
  explicit CaptureFeed(sc_core::sc_module_name name);

  std::uint64_t frames_ = 0;  // read so far

 private:
  // A method process: called once at the start, then as its next_trigger() says.
  virtual void feed() = 0;
  void run();

  std::exception_ptr error_;
};

}  // namespace tlsnic::scenarios
