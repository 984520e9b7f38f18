// The lists of a scenario file: events and expectations.
#pragma once

#include "scenarios/file/value.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

// [[event]]. Throws traces::InputError if keys are missing or belong to another kind of event.
void read_events(Scenario& scenario, const Value& list);
// [expect].
void read_expectations(Scenario& scenario, const Value& table);
// [sweep.expect]; the sweep's values are known by now.
void read_point_expectations(Scenario& scenario, const Value& table);

// What a value has to be: a number, or a range as "84..90", "2..", "..5". False if it is neither.
bool read_range(const Value& value, double& least, double& most);

}  // namespace tlsnic::scenarios
