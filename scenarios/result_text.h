// What `tlsnic run` prints.
#pragma once

#include <string>
#include <vector>

#include "scenarios/outcome.h"
#include "scenarios/run_result.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

// Up to so many segments are listed without being asked for.
constexpr std::size_t segments_listed = 40;

// One run: its segments and records if there are few or `all_segments`, values that are not zero,
// then each expectation and each rule that did not hold.
std::string to_text(const Scenario& scenario, const RunResult& result, const RunOutcome& outcome,
                    bool all_segments);

// A sweep: a line per value, then what did not hold.
std::string to_text(const Sweep& sweep, const std::vector<RunOutcome>& outcomes);

}  // namespace tlsnic::scenarios
