// Random scenarios with all rules held, and each again with the encryption in software: the bytes
// on the wire must be the same (R2).
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

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

std::string run(const scenarios::Scenario& scenario) {
  nlohmann::json out;
  try {
    scenarios::RunOptions options;
    options.check_rules = true;
    const scenarios::RunResult result = run_scenario(scenario, options);
    out["failures"] = result.failures;
    out["wire"] = result.wire_sha256;
  } catch (const std::exception& error) {
    out["failures"] = {error.what()};
    out["wire"] = {"", ""};
  }
  return out.dump();
}

// SystemC's kernel runs once per process.
Outcome run_in_child(const scenarios::Scenario& scenario) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(120);
    const std::string text = run(scenario);
    [[maybe_unused]] const auto written = write(ends[1], text.data(), text.size());
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0 || text.empty()) return {{fmt::format("ended with status {:#x}", status)}, {}};
  const auto json = nlohmann::json::parse(text);
  return {json["failures"], json["wire"]};
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

// TLSNIC_RANDOM_SCENARIOS: how many, TLSNIC_RANDOM_SEED: the first.
TEST_CASE("random scenarios") {
  const std::uint64_t first = number_from("TLSNIC_RANDOM_SEED", 1);
  const std::uint64_t count = number_from("TLSNIC_RANDOM_SCENARIOS", 60);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const scenarios::Scenario scenario = testing::random_scenario(seed);
    const Outcome hardware = run_in_child(scenario);
    INFO("again: TLSNIC_RANDOM_SEED=" << seed << " TLSNIC_RANDOM_SCENARIOS=1");
    CHECK(hardware.failures == std::vector<std::string>{});
    const Outcome software = run_in_child(in_software(scenario));
    CHECK(software.failures == std::vector<std::string>{});
    CHECK(hardware.wire == software.wire);
  }
}
