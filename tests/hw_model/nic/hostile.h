// A driver that lies: bytes become ring set-ups, descriptors, commands, doorbells and frames. Used
// by the property test and by the fuzz target.
#pragma once

#include "tests/hw_model/nic/bench.h"

namespace tlsnic::testing {

// Parameters with small tables and short commands, so that collisions and wraps happen.
hw::NicParameters hostile_parameters();

// Resets the chip and plays the bytes as a driver's actions. Fails the test, or aborts the fuzzer,
// if the chip writes outside of what the bytes have named to it, or does not come to rest.
void play_hostile_driver(Bench& bench, Bytes script);

}  // namespace tlsnic::testing
