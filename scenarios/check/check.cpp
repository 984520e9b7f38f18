#include "scenarios/check/check.h"

#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "scenarios/check/jobs.h"
#include "scenarios/check/replay_expectation.h"
#include "scenarios/file/scenario_file.h"
#include "scenarios/outcome.h"
#include "scenarios/run/run.h"
#include "traces/input_error.h"

namespace tlsnic::scenarios {
namespace {

using Json = nlohmann::ordered_json;
using Verdict = CheckResult::Verdict;

constexpr std::uint64_t max_bytes_with_rules = 64 << 20;  // all of them are kept in memory

std::string text_of(const Json& json) {
  // Names of files need not be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::uint64_t bytes_written(const Scenario& scenario) {
  std::uint64_t out = 0;
  for (const FlowSettings& flow : scenario.flows) {
    const std::uint64_t senders = flow.sender == Sender::both ? 2 : 1;
    if (flow.bytes > max_bytes_with_rules) return flow.bytes;
    out += senders * flow.count * flow.bytes;
  }
  return out;
}

// The problems of a point of a scenario, as JSON.
std::string run_point(const Scenario& scenario, std::size_t point) {
  const std::string setting =
      scenario.sweep ? scenario.sweep->key + '=' + scenario.sweep->values[point] : "";
  const Scenario one = at_point(scenario, point);
  RunOptions options;
  options.check_rules = bytes_written(one) <= max_bytes_with_rules;
  return text_of(judge(one, run_scenario(one, options), setting).problems());
}

std::string run_capture(const std::string& path) {
  ReplayExpectation expectation = read_replay_expectation(path);
  expectation.options.hash_plaintext = true;
  observe::PacketLog packets(nullptr, false);
  observe::PlaintextFiles plaintext(nullptr);
  const Json summary = observe::to_json(run_replay(expectation.options, packets, plaintext));
  RunOutcome outcome;
  outcome.expectations = judge(expectation, summary);
  return text_of(outcome.problems());
}

void add(CheckResult& result, const JobResult& job) {
  if (job.ok) {
    for (const Json& problem : Json::parse(job.output)) result.problems.push_back(problem);
    if (!result.problems.empty() && result.verdict == Verdict::ok) result.verdict = Verdict::failed;
  } else {
    result.verdict = Verdict::error;
    result.problems.push_back(job.output);
  }
}

}  // namespace

std::vector<CheckResult> check(const std::vector<CheckItem>& items, std::size_t jobs,
                               const std::function<void(const CheckResult&)>& told) {
  std::vector<CheckResult> results;
  std::vector<Job> work;
  std::vector<std::size_t> item_of;  // by job
  for (const CheckItem& item : items) {
    CheckResult result;
    result.item = item;
    const auto add_job = [&](Job job) {
      work.push_back(std::move(job));
      item_of.push_back(results.size());
    };
    try {
      if (item.kind == CheckItem::Kind::capture) {
        result.title = read_replay_expectation(item.path).title;
        add_job([path = item.path] { return run_capture(path); });
      } else {
        const Scenario scenario = read_scenario(item.path);
        result.title = scenario.title;
        for (std::size_t point = 0; point < point_count(scenario); ++point)
          add_job([scenario, point] { return run_point(scenario, point); });
      }
    } catch (const traces::InputError& error) {
      add_job(
          [what = std::string(error.what())]() -> std::string { throw traces::InputError(what); });
    }
    results.push_back(std::move(result));
  }
  run_jobs(work, jobs, [&](std::size_t job, const JobResult& result) {
    const std::size_t item = item_of[job];
    add(results[item], result);
    if (job + 1 == item_of.size() || item_of[job + 1] != item) told(results[item]);
  });
  return results;
}

}  // namespace tlsnic::scenarios
