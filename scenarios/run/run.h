// Builds the world that a scenario describes and runs it to its end.
#pragma once

#include <cstdint>
#include <functional>

#include "scenarios/run_result.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

struct RunProgress {
  std::uint64_t bytes_done = 0;  // plaintext read, over all flows
  std::uint64_t bytes_total = 0;
  std::uint64_t data_packets = 0;
  std::uint64_t simulated_ns = 0;
};

struct RunOptions {
  std::function<void(const RunProgress&)> progress;  // every simulated millisecond; empty: none
  // Hold R1, R2, R3 and R6 against every packet (R4 and R5 are always held). Keeps every record and
  // every byte on the wire in memory.
  bool check_rules = false;
  std::string capture;  // pcapng file for the frames as they leave the chips; empty: none
};

// Once per process: SystemC's kernel cannot be started again. Throws traces::InputError for what
// only shows when the world is built, observe::OutputError.
RunResult run_scenario(const Scenario& scenario, const RunOptions& options = {});

}  // namespace tlsnic::scenarios
