#include "app/replay_command.h"

#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/output.h"
#include "app/progress_bar.h"
#include "observe/output_directory.h"
#include "traces/input_error.h"

namespace tlsnic::app {
namespace {

using Texts = std::vector<std::string>;

// A repeatable option whose every value is parsed into the command.
template <typename Parse>
CLI::Option* repeatable(CLI::App& app, const std::string& name, const std::string& type,
                        const std::string& help, Parse parse) {
  return app
      .add_option_function<Texts>(
          name,
          [parse](const Texts& texts) {
            for (const std::string& text : texts) parse(text);
          },
          help)
      ->allow_extra_args(false)
      ->take_all()
      ->type_name(type);
}

// An option that takes one of a few words, the first of them by default. CLI11's own would show
// the values behind the words, too.
template <typename Value>
void choice(CLI::App& app, const std::string& name, Value& value,
            const std::vector<std::pair<std::string, Value>>& choices, const std::string& help) {
  std::string words;
  for (const auto& [word, unused] : choices) words += (words.empty() ? "" : "|") + word;
  app.add_option_function<std::string>(
         name,
         [=, &value](const std::string& given) {
           for (const auto& [word, meaning] : choices) {
             if (word != given) continue;
             value = meaning;
             return;
           }
           throw traces::input_error(name, "value", '\'' + given + '\'', words);
         },
         help)
      ->type_name(words)
      ->default_str(choices.front().first);
}

void add_what_if(CLI::App& replay, scenarios::WhatIf& what_if) {
  const std::string group = "What if (frames by Wireshark's number; repeatable)";
  const auto late = [&what_if](const std::string& text) { scenarios::add_late(what_if, text); };
  const auto drop = [&what_if](const std::string& text) {
    scenarios::add_frame(what_if.drop, "--drop", text);
  };
  const auto duplicate = [&what_if](const std::string& text) {
    scenarios::add_frame(what_if.duplicate, "--duplicate", text);
  };
  const auto corrupt = [&what_if](const std::string& text) {
    scenarios::add_byte(what_if.corrupt, "--corrupt", text);
  };
  const auto tamper = [&what_if](const std::string& text) {
    scenarios::add_byte(what_if.tamper, "--tamper", text);
  };
  const auto random_late = [&what_if](const std::string& text) {
    scenarios::set_random_late(what_if, text);
  };
  const auto random_drop = [&what_if](const std::string& text) {
    scenarios::set_random_drop(what_if, text);
  };
  const auto add = [&](const char* name, const char* type, const char* help, auto parse) {
    repeatable(replay, name, type, help, parse)->group(group);
  };
  add("--late", "F:N", "frame F arrives after N following frames of its direction", late);
  add("--drop", "F", "frame F does not arrive", drop);
  add("--duplicate", "F", "frame F arrives twice", duplicate);
  add("--corrupt", "F:BYTE",
      "that byte of frame F is inverted (of a duplicated frame: in the first copy)", corrupt);
  add("--tamper", "F:BYTE", "the same, and the TCP checksum made right again", tamper);
  add("--random-late", "P:N",
      "each frame with payload, with probability P, arrives after N following ones", random_late);
  add("--random-drop", "P", "each frame with payload is lost with probability P", random_drop);
  replay.add_option("--seed", what_if.seed, "for the random ones")
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
}

void add_driver(CLI::App& replay, std::optional<driver::Personality>& driver) {
  std::string words;
  for (const driver::Personality each : driver::personalities)
    words += (words.empty() ? "" : "|") + std::string(driver::to_string(each));
  replay
      .add_option_function<std::string>(
          "--driver",
          [&driver, words](const std::string& given) {
            driver = driver::personality_from(given);
            if (!driver) throw traces::input_error("--driver", "value", '\'' + given + '\'', words);
          },
          "with --transmit: the driver's personality")
      ->type_name(words)
      ->default_str("mlx5");
}

// Options that say how something arrives mean nothing where nothing does.
void check_transmit(const ReplayCommand& command) {
  if (!command.transmit && command.driver)
    throw traces::input_error("--driver", "option", "no --transmit",
                              "--transmit, since receiving runs mlx5");
  if (command.transmit && !command.options.what_if.empty())
    throw traces::input_error("--transmit", "option", "a what-if beside it",
                              "none: segments are sent as captured");
}

observe::RunSummary replay(const ReplayCommand& command, observe::PacketLog& packets,
                           observe::PlaintextFiles& plaintext) {
  if (!command.transmit) return scenarios::run_replay(command.options, packets, plaintext);
  return scenarios::run_transmit_replay(
      command.options, command.driver.value_or(driver::Personality::mlx5), packets);
}

}  // namespace

void add_replay(CLI::App& app, ReplayCommand& command) {
  scenarios::ReplayOptions& options = command.options;
  CLI::App& replay = *app.add_subcommand("replay", "Put a capture through the NIC");
  replay.add_option("CAPTURE", options.capture, "pcap or pcapng file")->required()->type_name("");
  replay
      .add_option("--keys", options.keys,
                  "key log (NSS format); default: X.keys beside X.pcap, X.rx.pcap or X.tx.pcap")
      ->type_name("FILE");
  choice<scenarios::Side>(replay, "--side", options.side,
                          {{"both", scenarios::Side::both},
                           {"client", scenarios::Side::client},
                           {"server", scenarios::Side::server}},
                          "end(s) whose NIC has TLS offload switched on (receive; with --transmit: "
                          "transmit)");
  replay.add_flag("--transmit", command.transmit,
                  "replay the senders: compare what their NICs put on the wire with the capture");
  add_driver(replay, command.driver);
  choice<bool>(replay, "--checksum", options.repair_checksums,
               {{"validate", false}, {"repair", true}},
               "validate: as captured; repair: make TCP checksums right first (captures taken at a "
               "sender)");
  repeatable(replay, "--set", "KEY=VALUE", "a parameter (see 'tlsnic parameters')",
             [&](const std::string& text) { scenarios::set_parameter(options.parameters, text); });
  replay.add_option("--out", command.out, "directory for summary.json, packets.csv and plaintext/")
      ->type_name("DIR");
  replay.add_option("--json", command.json, "file for the summary as JSON; - for standard output")
      ->type_name("FILE");
  replay.add_flag("--packets", command.show_packets, "print the packet log");
  replay.add_flag("--quiet", command.quiet, "print nothing but errors");
  add_what_if(replay, options.what_if);
}

int run(ReplayCommand& command) {
  check_transmit(command);
  const bool wants_json = !command.out.empty() || !command.json.empty();
  // Standard output that carries JSON carries nothing else.
  const bool talk = !command.quiet && command.json != "-";
  command.options.hash_plaintext = wants_json;
  std::optional<ProgressBar> bar;
  if (!command.quiet && !command.show_packets && isatty(STDERR_FILENO) != 0) {
    bar.emplace();
    command.options.progress = [&bar](const scenarios::ReplayProgress& p) {
      bar->show({p.bytes_read, p.file_size, p.frames, p.simulated_ns});
    };
  }
  std::optional<observe::OutputDirectory> directory;
  if (!command.out.empty()) directory.emplace(command.out);
  observe::PlaintextFiles plaintext(directory ? &*directory : nullptr);
  observe::PacketLog packets(directory ? directory->open("packets.csv") : nullptr,
                             command.show_packets && talk);
  const observe::RunSummary summary = replay(command, packets, plaintext);
  bar.reset();
  // A file name need not be UTF-8.
  constexpr auto replace = nlohmann::json::error_handler_t::replace;
  const std::string json = observe::to_json(summary).dump(2, ' ', false, replace) + '\n';
  if (directory) {
    write_text(directory->file("summary.json").string(), json);
    if (!packets.close())
      throw observe::OutputError(command.out + "/packets.csv: cannot be written");
  }
  // Before the directory gets its place: if this fails, nothing is left.
  if (!command.json.empty()) write_text(command.json, json);
  if (directory) directory->commit();
  if (!command.quiet) {
    for (const std::string& warning : summary.warnings)
      std::fprintf(stderr, "warning: %s\n", warning.c_str());
    for (const std::string& hint : summary.hints) std::fprintf(stderr, "hint: %s\n", hint.c_str());
  }
  if (talk) std::fputs(observe::to_text(summary).c_str(), stdout);
  return summary.same_wire() ? 0 : 1;
}

}  // namespace tlsnic::app
