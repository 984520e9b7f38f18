#include "scenarios/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "scenarios/number_text.h"

namespace tlsnic::scenarios {
namespace {

using Json = nlohmann::ordered_json;

Json number_json(double value) {
  return is_whole(value) ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

}  // namespace

std::vector<std::string> RunOutcome::problems() const {
  std::vector<std::string> out = failures;
  for (const JudgedExpectation& expectation : expectations)
    if (!expectation.violation.empty()) out.push_back(expectation.violation);
  if (!setting.empty())
    for (std::string& problem : out) problem += " (with " + setting + ')';
  return out;
}

bool RunOutcome::held() const {
  return problems().empty();
}

std::string RunOutcome::first_problem() const {
  const std::vector<std::string> all = problems();
  if (all.empty()) return {};
  return all.size() == 1 ? all.front() : fmt::format("{} (1 of {})", all.front(), all.size());
}

RunOutcome judge(const Scenario& scenario, const RunResult& result, const std::string& setting) {
  RunOutcome out;
  out.setting = setting;
  out.values = result.values;
  for (const std::string& failure : result.failures)
    out.failures.push_back(scenario.path + ": " + failure);
  for (const Expectation& expectation : scenario.expectations)
    out.expectations.push_back({to_text(expectation), expectation.place,
                                violation(expectation, result).value_or(std::string())});
  return out;
}

Json to_json(const RunOutcome& outcome) {
  Json out;
  if (!outcome.setting.empty()) out["setting"] = outcome.setting;
  out["ok"] = outcome.held();
  out["values"] = Json::object();
  for (const auto& [name, value] : outcome.values) out["values"][name] = number_json(value);
  out["expectations"] = Json::array();
  for (const JudgedExpectation& expectation : outcome.expectations)
    out["expectations"].push_back({{"text", expectation.text},
                                   {"place", expectation.place},
                                   {"violation", expectation.violation}});
  out["failures"] = outcome.failures;
  return out;
}

RunOutcome outcome_from_json(const Json& json) {
  RunOutcome out;
  out.setting = json.value("setting", "");
  for (const auto& [name, value] : json.at("values").items())
    out.values.emplace_back(name, value.is_number() ? value.get<double>() : std::nan(""));
  for (const Json& expectation : json.at("expectations"))
    out.expectations.push_back(
        {expectation.at("text"), expectation.at("place"), expectation.at("violation")});
  out.failures = json.at("failures").get<std::vector<std::string>>();
  return out;
}

Json to_json(const Scenario& scenario, const std::vector<RunOutcome>& outcomes) {
  Json out;
  out["scenario"] = scenario.path;
  out["title"] = scenario.title;
  out["source"] = scenario.source;
  out["seed"] = scenario.seed;
  if (!scenario.sweep) {
    out.update(to_json(outcomes.at(0)));
    return out;
  }
  out["ok"] = std::all_of(outcomes.begin(), outcomes.end(),
                          [](const RunOutcome& outcome) { return outcome.held(); });
  out["sweep"] = scenario.sweep->key;
  out["points"] = Json::array();
  for (const RunOutcome& outcome : outcomes) out["points"].push_back(to_json(outcome));
  return out;
}

}  // namespace tlsnic::scenarios
