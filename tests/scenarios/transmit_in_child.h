// Replays the transmit side of a capture in a process of its own, since SystemC's kernel runs once.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "scenarios/replay/transmit.h"

namespace tlsnic::testing {

struct TransmitResult {
  nlohmann::json summary;  // null if the replay threw
  std::string error;       // what it threw
};

TransmitResult transmit_in_child(const scenarios::ReplayOptions& options,
                                 driver::Personality personality = driver::Personality::mlx5);

}  // namespace tlsnic::testing
