// `tlsnic replay`: its options, and what it does with them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "scenarios/replay/transmit.h"

namespace tlsnic::app {

struct ReplayCommand {
  scenarios::ReplayOptions options;
  bool transmit = false;                      // the sending ends instead of the receiving ones
  std::optional<driver::Personality> driver;  // of a transmit replay; none: mlx5
  std::string out;                            // directory; empty: none
  std::string json;                           // file, "-" for standard output; empty: none
  bool show_packets = false;
  bool quiet = false;
};

// Adds the subcommand; parsing fills `command`, which outlives `app`. Values that mean nothing
// throw traces::InputError.
void add_replay(CLI::App& app, ReplayCommand& command);

// Runs it and tells the result. Returns the exit status: 1 if bytes differ that were sent, else 0.
// Throws what run_replay() throws.
int run(ReplayCommand& command);

}  // namespace tlsnic::app
