// Random scenarios with all rules held, and each again with the encryption in software: the bytes
// on the wire must be the same (R2).
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "scenarios/check/jobs.h"
#include "scenarios/run/run.h"
#include "tests/scenarios/run/random_scenario.h"

using namespace tlsnic;

extern "C" int sc_main(int, char**) {
  return 0;
}

namespace {

struct Outcome {
  std::vector<std::string> failures;
  std::array<std::string, 2> wire;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string run(const scenarios::Scenario& scenario, const std::string& capture = {}) {
  alarm(120);
  scenarios::RunOptions options;
  options.check_rules = true;
  options.capture = capture;
  const scenarios::RunResult result = run_scenario(scenario, options);
  return nlohmann::json{{"failures", result.failures}, {"wire", result.wire_sha256}}.dump();
}

// At the same time, each in a process of its own: SystemC's kernel runs once.
std::array<Outcome, 2> run_both(const scenarios::Scenario& one, const scenarios::Scenario& other) {
  std::array<Outcome, 2> outcomes;
  const char* capture = std::getenv("TLSNIC_RANDOM_CAPTURE");
  scenarios::run_jobs({[&one, capture] { return run(one, capture == nullptr ? "" : capture); },
                       [&other] { return run(other); }},
                      2, [&outcomes](std::size_t number, const scenarios::JobResult& result) {
                        Outcome& outcome = outcomes[number];
                        if (!result.ok) {
                          outcome.failures = {result.output};
                          return;
                        }
                        const auto json = nlohmann::json::parse(result.output);
                        json["failures"].get_to(outcome.failures);
                        json["wire"].get_to(outcome.wire);
                      });
  return outcomes;
}

scenarios::Scenario in_software(scenarios::Scenario scenario) {
  for (scenarios::EndSettings& end : scenario.ends) end.tls_tx = end.tls_rx = false;
  for (scenarios::HostEvent& event : scenario.host_events) {
    event.tls_tx.reset();
    event.tls_rx.reset();
  }
  return scenario;
}

}  // namespace

// TLSNIC_RANDOM_SCENARIOS: how many, TLSNIC_RANDOM_SEED: the first. TLSNIC_RANDOM_CAPTURE: a pcapng
// file for the frames of the last one, in hardware.
TEST_CASE("random scenarios") {
  const std::uint64_t first = number_from("TLSNIC_RANDOM_SEED", 1);
  const std::uint64_t count = number_from("TLSNIC_RANDOM_SCENARIOS", 60);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const scenarios::Scenario scenario = testing::random_scenario(seed);
    const auto [hardware, software] = run_both(scenario, in_software(scenario));
    INFO("again: TLSNIC_RANDOM_SEED=" << seed << " TLSNIC_RANDOM_SCENARIOS=1");
    CHECK(hardware.failures == std::vector<std::string>{});
    CHECK(software.failures == std::vector<std::string>{});
    CHECK(hardware.wire == software.wire);
  }
}
