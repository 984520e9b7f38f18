#include "app/check_command.h"

#include <cstdio>

#include "app/output.h"
#include "scenarios/check/check.h"
#include "scenarios/check/jobs.h"

namespace tlsnic::app {
namespace {

using scenarios::CheckResult;
using Verdict = CheckResult::Verdict;

void tell(const CheckResult& result, bool quiet) {
  const char* word = result.verdict == Verdict::ok       ? "ok"
                     : result.verdict == Verdict::failed ? "FAILED"
                                                         : "ERROR";
  if (result.verdict == Verdict::ok) {
    if (!quiet) std::printf("%-6s  %s\n", word, result.item.path.c_str());
  } else {
    const std::size_t more = result.problems.size() - 1;
    std::printf("%-6s  %s: %s", word, result.item.path.c_str(), result.problems.front().c_str());
    if (more > 0) std::printf(" (and %zu more)", more);
    std::printf("\n");
  }
  std::fflush(stdout);
}

}  // namespace

void add_check(CLI::App& app, CheckCommand& command) {
  CLI::App& check =
      *app.add_subcommand("check", "Run every scenario and capture below some paths, and judge");
  check.add_option("PATH", command.paths, "folders, scenarios (.toml), captures (.pcap, .pcapng)")
      ->required()
      ->type_name("");
  check.add_option("--junit", command.junit, "file for the results as JUnit XML")
      ->type_name("FILE");
  check.add_option("--jobs", command.jobs, "runs at once; default: one per processor")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  check.add_flag("--quiet", command.quiet, "print only what did not hold");
}

int run(const CheckCommand& command) {
  const auto items = scenarios::find_items(command.paths);
  const std::size_t jobs = command.jobs == 0 ? scenarios::processor_count() : command.jobs;
  const auto results = scenarios::check(
      items, jobs, [&](const CheckResult& result) { tell(result, command.quiet); });
  std::size_t failed = 0;
  std::size_t errors = 0;
  for (const CheckResult& result : results) {
    failed += result.verdict == Verdict::failed ? 1 : 0;
    errors += result.verdict == Verdict::error ? 1 : 0;
  }
  if (!command.junit.empty()) write_text(command.junit, scenarios::junit_xml(results));
  if (!command.quiet)
    std::printf("%zu checked: %zu ok, %zu failed, %zu errors\n", results.size(),
                results.size() - failed - errors, failed, errors);
  return errors > 0 ? 2 : failed > 0 ? 1 : 0;
}

}  // namespace tlsnic::app
