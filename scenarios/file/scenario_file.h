// Reads scenario files: TOML, as docs/scenarios.md describes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

// Reads a file and what it includes, then applies `settings` ("key=value", as for --set). Throws
// traces::InputError, "FILE:LINE: found X, expected Y": for what is not TOML, for keys and values
// that there are not, and for settings that contradict one another, also at a point of the sweep.
Scenario read_scenario(const std::string& path, const std::vector<std::string>& settings = {});
// The same from memory; `name` is the file's in messages.
Scenario parse_scenario(std::string_view text, const std::string& name);

// Sets one key of what a file can say: "link.loss=2%", "flow.bytes=1 MiB", "flow.0.count=3",
// "client.nic.tls.latency_cycles=20". Throws traces::InputError, "--set: found X, expected Y".
// Does not compare the settings with one another.
void apply_setting(Scenario& scenario, std::string_view assignment);
// Throws traces::InputError if settings contradict one another.
void check_consistency(const Scenario& scenario);

// How often a scenario runs: once, or once for each value of its sweep.
std::size_t point_count(const Scenario& scenario);
// The scenario of one of them, without its sweep. Throws traces::InputError, as above.
Scenario at_point(const Scenario& scenario, std::size_t point);

}  // namespace tlsnic::scenarios
