// What `tlsnic replay` must give for a capture: X.expect.toml beside X.pcap.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "scenarios/file/value.h"
#include "scenarios/outcome.h"
#include "scenarios/replay.h"

namespace tlsnic::scenarios {

struct ReplayExpectation {
  std::string title;
  std::string source;
  ReplayOptions options;
  // [expect]: a name in summary.json ("flows.0.server_to_client.records.entirely") and a number, a
  // range, a truth value, or a text.
  std::vector<Member> values;
};

// The name of the file for a capture, whether it exists or not.
std::string expectation_file(const std::string& capture);

// Reads X.expect.toml; of a capture without one, only that it can be replayed is expected. Throws
// traces::InputError.
ReplayExpectation read_replay_expectation(const std::string& capture);

// Compares a summary with what is expected of it.
std::vector<JudgedExpectation> judge(const ReplayExpectation& expectation,
                                     const nlohmann::ordered_json& summary);

}  // namespace tlsnic::scenarios
