// Where a replay has its keys from.
#pragma once

#include <string>
#include <vector>

#include "observe/summary.h"
#include "scenarios/replay.h"
#include "traces/keylog/key_log.h"

namespace tlsnic::scenarios {

// The key log that is given or lies beside the capture, and the secrets inside the capture.
// Throws traces::InputError.
traces::KeyLog read_keys(const ReplayOptions& options, std::vector<std::string>& warnings);

// What to do when there are no keys at all.
std::string no_keys_hint(const ReplayOptions& options);

}  // namespace tlsnic::scenarios
