// sc_start() for a program that goes on afterwards.
#pragma once

#include <systemc>

namespace tlsnic::host {

// From outside of the simulation. Returns after `duration`, or, with SC_EXIT_ON_STARVATION, as soon
// as nothing will ever happen again.
void run_simulation(const sc_core::sc_time& duration,
                    sc_core::sc_starvation_policy policy = sc_core::SC_RUN_TO_TIME);

}  // namespace tlsnic::host
