// The command line. What it does lives in scenarios/ and observe/.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "app/replay_command.h"

using namespace tlsnic;

namespace {

constexpr int exit_bad_input = 2;

int print_parameters() {
  std::puts("| key | default | meaning |\n| --- | --- | --- |");
  for (const auto& parameter : scenarios::describe(scenarios::Parameters()))
    std::printf("| `%s` | %s | %s |\n", parameter.name.c_str(), parameter.value.c_str(),
                parameter.text.c_str());
  return 0;
}

}  // namespace

// SystemC's library refers to it; the simulation is started from main().
extern "C" int sc_main(int, char**) {
  return 0;
}

int main(int argc, char** argv) {
  CLI::App line("tlsnic: a simulator of NICs with TLS offload", "tlsnic");
  line.set_version_flag("--version", TLSNIC_VERSION);
  line.require_subcommand(1);
  line.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string(error.what()) + "; see 'tlsnic --help' and 'tlsnic replay --help'\n";
  });
  app::ReplayCommand replay;
  app::add_replay(line, replay);
  line.add_subcommand("parameters", "List what --set can set, with defaults");
  try {
    line.parse(argc, argv);
    return line.got_subcommand("parameters") ? print_parameters() : app::run(replay);
  } catch (const CLI::ParseError& error) {
    return line.exit(error) == 0 ? 0 : exit_bad_input;
  } catch (const std::exception& error) {  // InputError, OutputError, out of memory
    std::fprintf(stderr, "%s\n", error.what());
  }
  return exit_bad_input;
}
