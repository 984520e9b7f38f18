// `tlsnic replay`: its options, and what it does with them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "scenarios/replay.h"

namespace tlsnic::app {

struct ReplayCommand {
  scenarios::ReplayOptions options;
  std::string out;   // directory; empty: none
  std::string json;  // file, "-" for standard output; empty: none
  bool show_packets = false;
  bool quiet = false;
};

// Adds the subcommand; parsing fills `command`, which outlives `app`. Values that mean nothing
// throw traces::InputError.
void add_replay(CLI::App& app, ReplayCommand& command);

// Runs it and tells the result. Returns the exit status; throws what run_replay() throws.
int run(ReplayCommand& command);

}  // namespace tlsnic::app
