// Runs a replay in a process of its own, since SystemC's kernel runs once, and watches every frame
// of it for the rules of the design: R1 whole or untouched, R3 same order, R6 bad checksum, no
// offload, R7 bounded.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scenarios/replay.h"
#include "tests/scenarios/captured_streams.h"

namespace tlsnic::testing {

struct ReplayResult {
  nlohmann::json summary;               // null if the replay threw
  std::string error;                    // what it threw
  std::vector<std::string> violations;  // of the rules, one line each
  std::vector<std::string> packets;     // "frame verdict reason state", if asked for
};

// streams: of the same capture; without them R1's "decrypted" half is not checked.
ReplayResult replay_in_child(const scenarios::ReplayOptions& options,
                             const std::vector<CapturedStream>* streams = nullptr,
                             bool want_packets = false);

}  // namespace tlsnic::testing
