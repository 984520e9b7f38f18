// The command line. What it does lives in scenarios/ and observe/.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "app/progress_bar.h"
#include "observe/output_directory.h"
#include "scenarios/replay.h"
#include "traces/input_error.h"

using namespace tlsnic;

namespace {

constexpr int exit_bad_input = 2;

struct ReplayCommand {
  scenarios::ReplayOptions options;
  std::string out;
  std::string json;
  bool show_packets = false;
  bool quiet = false;
};

using Texts = std::vector<std::string>;

// A repeatable option whose every value is parsed into the command.
template <typename Parse>
void repeatable(CLI::App& app, const std::string& name, const std::string& help, Parse parse) {
  app.add_option_function<Texts>(
         name,
         [parse](const Texts& texts) {
           for (const std::string& text : texts) parse(text);
         },
         help)
      ->allow_extra_args(false)
      ->take_all();
}

void add_replay(CLI::App& app, ReplayCommand& command) {
  scenarios::ReplayOptions& options = command.options;
  scenarios::WhatIf& what_if = options.what_if;
  CLI::App& replay = *app.add_subcommand("replay", "Put a capture through the NIC");
  replay.add_option("CAPTURE", options.capture, "pcap or pcapng file")->required();
  replay.add_option("--keys", options.keys,
                    "key log (NSS format); default: X.keys beside X.pcap, X.rx.pcap or X.tx.pcap");
  replay.add_option("--side", options.side, "end(s) whose NIC has TLS receive offload switched on")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, scenarios::Side>{{"client", scenarios::Side::client},
                                                 {"server", scenarios::Side::server},
                                                 {"both", scenarios::Side::both}}))
      ->default_str("both");
  replay
      .add_option(
          "--checksum", options.repair_checksums,
          "validate: as captured; repair: make TCP checksums right first (captures taken at "
          "a sender)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, bool>{{"validate", false}, {"repair", true}}))
      ->default_str("validate");
  const std::string group = "What if (frames by Wireshark's number; repeatable)";
  const auto grouped = [&](auto add) {
    add();
    replay.get_options().back()->group(group);
  };
  grouped([&] {
    repeatable(replay, "--late", "F:N, frame F arrives after N following frames of its direction",
               [&](const std::string& text) { scenarios::add_late(what_if, text); });
  });
  grouped([&] {
    repeatable(replay, "--drop", "F, frame F does not arrive", [&](const std::string& text) {
      scenarios::add_frame(what_if.drop, "--drop", text);
    });
  });
  grouped([&] {
    repeatable(replay, "--duplicate", "F, frame F arrives twice", [&](const std::string& text) {
      scenarios::add_frame(what_if.duplicate, "--duplicate", text);
    });
  });
  grouped([&] {
    repeatable(
        replay, "--corrupt",
        "F:BYTE, that byte of frame F is inverted (of a duplicated frame: in the first copy)",
        [&](const std::string& text) { scenarios::add_byte(what_if.corrupt, "--corrupt", text); });
  });
  grouped([&] {
    repeatable(
        replay, "--tamper", "F:BYTE, the same, and the TCP checksum made right again",
        [&](const std::string& text) { scenarios::add_byte(what_if.tamper, "--tamper", text); });
  });
  grouped([&] {
    replay.add_option_function<std::string>(
        "--random-late",
        [&](const std::string& text) { scenarios::set_random_late(what_if, text); },
        "P:N, each frame with payload, with probability P, arrives after N following ones");
  });
  grouped([&] {
    replay.add_option_function<std::string>(
        "--random-drop",
        [&](const std::string& text) { scenarios::set_random_drop(what_if, text); },
        "P, each frame with payload is lost with probability P");
  });
  replay.add_option("--seed", what_if.seed, "for the random ones")->capture_default_str();
  repeatable(replay, "--set", "KEY=VALUE, a parameter (see 'tlsnic parameters')",
             [&](const std::string& text) { scenarios::set_parameter(options.parameters, text); });
  replay.add_option("--out", command.out, "directory for summary.json, packets.csv and plaintext/");
  replay.add_option("--json", command.json, "file for the summary as JSON; - for standard output");
  replay.add_flag("--packets", command.show_packets, "print the packet log");
  replay.add_flag("--quiet", command.quiet, "print nothing but errors");
}

void write_json(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fputs(text.c_str(), stdout);
    return;
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw observe::OutputError(path + ": cannot be written");
}

int run(ReplayCommand& command) {
  const bool wants_json = !command.out.empty() || !command.json.empty();
  // Standard output that carries JSON carries nothing else.
  const bool talk = !command.quiet && command.json != "-";
  command.options.hash_plaintext = wants_json;
  std::optional<app::ProgressBar> bar;
  if (!command.quiet && !command.show_packets && isatty(STDERR_FILENO) != 0) {
    bar.emplace();
    command.options.progress = [&bar](const scenarios::ReplayProgress& p) { bar->show(p); };
  }
  std::optional<observe::OutputDirectory> directory;
  if (!command.out.empty()) directory.emplace(command.out);
  observe::PlaintextFiles plaintext(directory ? &*directory : nullptr);
  observe::PacketLog packets(directory ? directory->open("packets.csv") : nullptr,
                             command.show_packets && talk);
  std::vector<std::string> warnings;
  const observe::RunSummary summary =
      scenarios::run_replay(command.options, packets, plaintext, warnings);
  bar.reset();
  const std::string json = observe::to_json(summary).dump(2) + '\n';
  if (directory) {
    write_json(directory->file("summary.json").string(), json);
    if (!packets.close())
      throw observe::OutputError(command.out + "/packets.csv: cannot be written");
    directory->commit();
  }
  if (!command.json.empty()) write_json(command.json, json);
  if (!command.quiet) {
    for (const std::string& warning : warnings)
      std::fprintf(stderr, "warning: %s\n", warning.c_str());
    for (const std::string& hint : summary.hints) std::fprintf(stderr, "hint: %s\n", hint.c_str());
  }
  if (talk) std::fputs(observe::to_text(summary).c_str(), stdout);
  return 0;
}

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
  CLI::App app("tlsnic: a simulator of NICs with TLS offload", "tlsnic");
  app.set_version_flag("--version", TLSNIC_VERSION);
  app.require_subcommand(1);
  ReplayCommand replay;
  add_replay(app, replay);
  app.add_subcommand("parameters", "List what --set can set, with defaults");
  try {
    app.parse(argc, argv);
    return app.got_subcommand("parameters") ? print_parameters() : run(replay);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_bad_input;
  } catch (const traces::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (const observe::OutputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return exit_bad_input;
}
