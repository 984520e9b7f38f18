// The command line. What it does lives in scenarios/ and observe/.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "app/check_command.h"
#include "app/replay_command.h"
#include "app/run_command.h"
#include "scenarios/file/schema.h"

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

int print_keys() {
  std::puts("| table | key | default | meaning | values |\n| --- | --- | --- | --- | --- |");
  for (const auto& key : scenarios::describe_keys())
    std::printf("| %s | `%s` | %s | %s | %s |\n", key.table.c_str(), key.name.c_str(),
                key.value.c_str(), key.text.c_str(), key.expected.c_str());
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
  line.failure_message([&line](const CLI::App*, const CLI::Error& error) {
    const auto given = line.get_subcommands();
    const std::string command = given.empty() ? "replay" : given.front()->get_name();
    return fmt::format("{}; see 'tlsnic --help' and 'tlsnic {} --help'\n", error.what(), command);
  });
  app::RunCommand run;
  app::add_run(line, run);
  app::ReplayCommand replay;
  app::add_replay(line, replay);
  app::CheckCommand check;
  app::add_check(line, check);
  line.add_subcommand("parameters", "List the parameters of chip, driver and hosts (--set)");
  line.add_subcommand("keys", "List the other keys of a scenario file (--set)");
  try {
    line.parse(argc, argv);
    if (line.got_subcommand("parameters")) return print_parameters();
    if (line.got_subcommand("keys")) return print_keys();
    if (line.got_subcommand("run")) return app::run(run);
    return line.got_subcommand("check") ? app::run(check) : app::run(replay);
  } catch (const CLI::ParseError& error) {
    return line.exit(error) == 0 ? 0 : exit_bad_input;
  } catch (const std::exception& error) {  // InputError, OutputError, out of memory
    std::fprintf(stderr, "%s\n", error.what());
  }
  return exit_bad_input;
}
