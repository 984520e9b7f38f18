// Replays the transmit side of a capture: the sender of each segment is simulated, and what its
// chip puts on the wire is compared with the captured bytes (docs/transmit-replay.md).
#pragma once

#include "driver_shim/personality.h"
#include "observe/packet_log.h"
#include "observe/summary.h"
#include "scenarios/replay.h"

namespace tlsnic::scenarios {

// Of the options, side says which ends have TLS transmit offload switched on; what_if,
// hash_plaintext and observer have no meaning here. Runs the world to its end, once per process, as
// run_replay() does. Memory does not grow with the capture, but for its connections.
// Throws traces::InputError, observe::OutputError.
observe::RunSummary run_transmit_replay(const ReplayOptions& options,
                                        driver::Personality personality,
                                        observe::PacketLog& packets);

}  // namespace tlsnic::scenarios
