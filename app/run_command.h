// `tlsnic run`: its options, and what it does with them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace tlsnic::app {

struct RunCommand {
  std::string scenario;
  std::vector<std::string> settings;  // "key=value"
  std::optional<std::uint64_t> seed;
  std::string out;   // directory; empty: none
  std::string json;  // file, "-" for standard output; empty: none
  bool check_rules = false;
  bool show_packets = false;
  bool quiet = false;
};

// Adds the subcommand; parsing fills `command`, which outlives `app`.
void add_run(CLI::App& app, RunCommand& command);

// Runs it and tells the result. Returns the exit status: 0 if everything held that the scenario
// expects, else 1. Throws traces::InputError, observe::OutputError.
int run(const RunCommand& command);

}  // namespace tlsnic::app
