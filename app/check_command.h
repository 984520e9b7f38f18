// `tlsnic check`: its options, and what it does with them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tlsnic::app {

struct CheckCommand {
  std::vector<std::string> paths;
  std::string junit;     // file; empty: none
  std::size_t jobs = 0;  // 0: as many as there are processors
  bool quiet = false;
};

// Adds the subcommand; parsing fills `command`, which outlives `app`.
void add_check(CLI::App& app, CheckCommand& command);

// Checks everything and tells each result. Returns the exit status: 0 if all held, 2 if something
// could not be run, else 1. Throws traces::InputError, observe::OutputError.
int run(const CheckCommand& command);

}  // namespace tlsnic::app
