// What is left of a run when it has been judged: small enough to go from one process to another.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/run_result.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

struct JudgedExpectation {
  std::string text;
  std::string place;
  std::string violation;  // empty: it held
};

struct RunOutcome {
  std::string setting;  // "key=value" of a sweep's point; empty: there is none
  std::vector<std::pair<std::string, double>> values;
  std::vector<JudgedExpectation> expectations;
  std::vector<std::string> failures;  // RunResult::failures

  bool held() const;
  // The first failure or violation, and how many there are; empty if all held.
  std::string first_problem() const;
  std::vector<std::string> problems() const;
};

// Compares a result with what its scenario expects.
RunOutcome judge(const Scenario& scenario, const RunResult& result, const std::string& setting);

nlohmann::ordered_json to_json(const RunOutcome& outcome);
// Of what to_json() gave; throws nlohmann's exceptions for anything else.
RunOutcome outcome_from_json(const nlohmann::ordered_json& json);
// summary.json of a run or a sweep (docs/scenarios.md).
nlohmann::ordered_json to_json(const Scenario& scenario, const std::vector<RunOutcome>& outcomes);

}  // namespace tlsnic::scenarios
