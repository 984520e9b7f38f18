// A scenario made from one number: any personality, policy, cipher, segmentation and trouble.
#pragma once

#include "scenarios/scenario.h"

namespace tlsnic::testing {

// Every one of them must run to its end with all rules held.
scenarios::Scenario random_scenario(std::uint64_t seed);

}  // namespace tlsnic::testing
