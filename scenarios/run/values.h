// The numbers of a run, by name (docs/scenarios.md, "What can be expected").
#pragma once

#include "scenarios/link/link_direction.h"
#include "scenarios/run/machine.h"
#include "scenarios/run/monitor.h"

namespace tlsnic::scenarios {

struct World {
  Machine& client;
  Machine& server;
  LinkDirection& to_client;
  LinkDirection& to_server;
  const Monitor& monitor;
  const std::deque<Flow>& flows;
  std::uint64_t finished_ns = 0;
  std::uint64_t systemc_events = 0;
};

void add_values(const World& world, RunResult& result);

}  // namespace tlsnic::scenarios
