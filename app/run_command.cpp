#include "app/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/output.h"
#include "app/progress_bar.h"
#include "observe/output_directory.h"
#include "scenarios/check/jobs.h"
#include "scenarios/file/scenario_file.h"
#include "scenarios/outcome.h"
#include "scenarios/result_files.h"
#include "scenarios/result_text.h"
#include "scenarios/run/run.h"
#include "traces/input_error.h"

namespace tlsnic::app {
namespace {

using Json = nlohmann::ordered_json;
using scenarios::RunOutcome;
using scenarios::RunResult;
using scenarios::Scenario;

std::string text_of(const Json& json, int indent) {
  // A file name need not be UTF-8.
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// prefix: "" or the folder of a sweep's point, "point-3/".
RunResult run_once(const RunCommand& command, const Scenario& scenario,
                   const observe::OutputDirectory* directory, const std::string& prefix,
                   ProgressBar* bar) {
  scenarios::RunOptions options;
  options.check_rules = command.check_rules;
  if (directory != nullptr) options.capture = directory->file(prefix + "wire.pcapng").string();
  if (bar != nullptr)
    options.progress = [bar](const scenarios::RunProgress& p) {
      bar->show({p.bytes_done, p.bytes_total, p.data_packets, p.simulated_ns});
    };
  RunResult result = scenarios::run_scenario(scenario, options);
  if (directory != nullptr) {
    const auto write = [&](const char* name, const std::string& text) {
      write_text(directory->file(prefix + name).string(), text);
    };
    write("packets.csv", scenarios::packets_csv(result));
    write("records.csv", scenarios::records_csv(result));
    write("events.csv", scenarios::events_csv(result));
  }
  return result;
}

// One run, in this process. The text is for standard output.
std::vector<RunOutcome> run_single(const RunCommand& command, const Scenario& scenario,
                                   const observe::OutputDirectory* directory, std::string& text) {
  std::optional<ProgressBar> bar;
  if (!command.quiet && isatty(STDERR_FILENO) != 0) bar.emplace();
  const RunResult result = run_once(command, scenario, directory, "", bar ? &*bar : nullptr);
  RunOutcome outcome = scenarios::judge(scenario, result, "");
  text = scenarios::to_text(scenario, result, outcome, command.show_packets);
  return {std::move(outcome)};
}

std::vector<RunOutcome> run_sweep(const RunCommand& command, const Scenario& scenario,
                                  const observe::OutputDirectory* directory, std::string& text) {
  std::vector<scenarios::Job> jobs;
  for (std::size_t point = 0; point < scenarios::point_count(scenario); ++point)
    jobs.emplace_back([&, point] {
      const Scenario one = scenarios::at_point(scenario, point);
      const std::string prefix = fmt::format("point-{}/", point);
      const RunResult result = run_once(command, one, directory, prefix, nullptr);
      const std::string setting = scenario.sweep->key + '=' + scenario.sweep->values[point];
      return text_of(scenarios::to_json(scenarios::judge(one, result, setting)), -1);
    });
  std::vector<RunOutcome> outcomes;
  std::string error;
  const bool show = !command.quiet && isatty(STDERR_FILENO) != 0;
  scenarios::run_jobs(jobs, scenarios::processor_count(),
                      [&](std::size_t point, const scenarios::JobResult& job) {
                        if (show)
                          fmt::print(stderr, "\r{} of {} runs\033[K", point + 1, jobs.size());
                        if (show && point + 1 == jobs.size()) std::fputs("\r\033[K", stderr);
                        if (job.ok)
                          outcomes.push_back(scenarios::outcome_from_json(Json::parse(job.output)));
                        else if (error.empty())
                          error = fmt::format("{} (with {}={})", job.output, scenario.sweep->key,
                                              scenario.sweep->values[point]);
                      });
  // Not before all have ended: they write into the directory, which goes away with the error.
  if (!error.empty()) throw traces::InputError(error);
  if (!scenario.title.empty()) text = scenario.title + "\n\n";
  text += scenarios::to_text(*scenario.sweep, outcomes);
  return outcomes;
}

}  // namespace

void add_run(CLI::App& app, RunCommand& command) {
  CLI::App& run = *app.add_subcommand("run", "Run a scenario: two hosts, a link, what goes wrong");
  run.add_option("SCENARIO", command.scenario, "TOML file (docs/scenarios.md)")
      ->required()
      ->type_name("");
  run.add_option("--set", command.settings, "set a key of the scenario (see 'tlsnic keys')")
      ->allow_extra_args(false)
      ->take_all()
      ->type_name("KEY=VALUE");
  run.add_option("--seed", command.seed, "of everything random; default: the scenario's")
      ->type_name("N");
  run.add_option("--out", command.out,
                 "directory for summary.json, packets.csv, records.csv, events.csv, wire.pcapng")
      ->type_name("DIR");
  run.add_option("--json", command.json, "file for the summary as JSON; - for standard output")
      ->type_name("FILE");
  run.add_flag("--check-rules", command.check_rules,
               "hold the rules of the design against every packet (takes memory)");
  run.add_flag("--packets", command.show_packets, "print every segment and record");
  run.add_flag("--quiet", command.quiet, "print nothing but errors");
}

int run(const RunCommand& command) {
  std::vector<std::string> settings = command.settings;
  if (command.seed) settings.push_back(fmt::format("seed={}", *command.seed));
  const Scenario scenario = scenarios::read_scenario(command.scenario, settings);
  std::optional<observe::OutputDirectory> directory;
  if (!command.out.empty()) directory.emplace(command.out);
  std::string text;
  const auto* files = directory ? &*directory : nullptr;
  const std::vector<RunOutcome> outcomes = scenario.sweep
                                               ? run_sweep(command, scenario, files, text)
                                               : run_single(command, scenario, files, text);
  const Json summary = scenarios::to_json(scenario, outcomes);
  const std::string json = text_of(summary, 2) + '\n';
  if (directory) write_text(directory->file("summary.json").string(), json);
  // Before the directory gets its place: if this fails, nothing is left.
  if (!command.json.empty()) write_text(command.json, json);
  if (directory) directory->commit();
  // Standard output that carries JSON carries nothing else.
  if (!command.quiet && command.json != "-") std::fputs(text.c_str(), stdout);
  bool held = true;
  for (const RunOutcome& outcome : outcomes) {
    held = held && outcome.held();
    if (command.quiet)
      for (const std::string& problem : outcome.problems())
        std::fprintf(stderr, "%s\n", problem.c_str());
  }
  return held ? 0 : 1;
}

}  // namespace tlsnic::app
