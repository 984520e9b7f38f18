// The numbers of a run, by name (docs/scenarios.md, "What can be expected").
#pragma once

#include "scenarios/run/monitor.h"
#include "scenarios/world.h"

namespace tlsnic::scenarios {

struct FinishedRun {
  const World& world;
  const Monitor& monitor;
  const std::deque<Flow>& flows;
  std::uint64_t finished_ns = 0;
  std::uint64_t systemc_events = 0;
};

void add_values(const FinishedRun& run, RunResult& result);

}  // namespace tlsnic::scenarios
