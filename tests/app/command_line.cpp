#include <catch2/catch.hpp>

#include "tests/app/run_program.h"

using namespace tlsnic;
using namespace tlsnic::testing;

TEST_CASE("help and version are no errors") {
  const SmallCapture small;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"},
                                                {"replay", "--help"},
                                                {"run", "--help"},
                                                {"check", "--help"},
                                                {"--version"},
                                                {"parameters"}}) {
    const auto result = small.run(words);
    CHECK(result.status == 0);
    CHECK(result.err == "");
    CHECK_FALSE(result.out.empty());
    for (const char c : result.out) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
  }
  const auto help = small.run({"replay", "--help"}).out;
  for (const char* option :
       {"CAPTURE", "--keys", "--side both|client|server", "--checksum validate|repair", "--late",
        "--drop", "--duplicate", "--corrupt", "--tamper", "--random-late", "--random-drop",
        "--seed", "--set", "--out", "--json", "--packets", "--quiet"}) {
    INFO(option);
    CHECK(help.find(option) != std::string::npos);
  }
}

TEST_CASE("tlsnic parameters prints the table of docs/parameters.md") {
  const SmallCapture small;
  const std::string page = read_file(TLSNIC_SOURCE_DIR "/docs/parameters.md");
  CHECK(small.run({"parameters"}).out == page.substr(page.find("| key |")));
}

TEST_CASE("--json - prints JSON and nothing else, with whatever it is combined") {
  const SmallCapture small;
  const auto plain = small.run({"replay", "x.pcap", "--json", "-"});
  CHECK(plain.status == 0);
  CHECK(plain.err == "");
  const auto json = nlohmann::json::parse(plain.out);
  CHECK(json["flows"].size() == 1);
  for (const char* also : {"--quiet", "--packets"})
    CHECK(small.run({"replay", "x.pcap", "--json", "-", also}).out == plain.out);
}

TEST_CASE("--json FILE, summary.json and --json - are the same") {
  const SmallCapture small;
  const auto result =
      small.run({"replay", "x.pcap", "--json", "s.json", "--out", "out", "--quiet"});
  CHECK(result.status == 0);
  const std::string text = read_file(small.file("s.json"));
  CHECK(read_file(small.file("out/summary.json")) == text);
  CHECK(small.run({"replay", "x.pcap", "--json", "-"}).out == text);
}

TEST_CASE("a file name that is not UTF-8 makes the summary no less valid") {
  const SmallCapture small;
  small.write("\xff.pcap", read_file(small.file("x.pcap")));
  const auto result = small.run({"replay", "\xff.pcap", "--keys", "x.keys", "--json", "-"});
  CHECK(result.status == 0);
  CHECK(nlohmann::json::parse(result.out)["flows"].size() == 1);
}

TEST_CASE("--quiet prints nothing, hints and warnings included") {
  const SmallCapture small;
  small.write("broken.keys", "nonsense\n" + small.made.key_log);
  for (const std::vector<std::string>& also :
       {std::vector<std::string>{}, {"--packets"}, {"--keys", "broken.keys"}}) {
    std::vector<std::string> words{"replay", "x.pcap", "--quiet"};
    words.insert(words.end(), also.begin(), also.end());
    const auto result = small.run(words);
    CHECK(result.status == 0);
    CHECK(result.out == "");
    CHECK(result.err == "");
  }
}

TEST_CASE("--packets: a line per frame, then the tables") {
  const SmallCapture small;
  const auto result = small.run({"replay", "x.pcap", "--packets"});
  CHECK(result.status == 0);
  CHECK(result.out.rfind("  frame         time_ns stream sender        seq   len  verdict      "
                         "reason         state\n"
                         "      1             ",
                         0) == 0);
  const std::string summary = small.run({"replay", "x.pcap"}).out;
  CHECK(result.out.substr(result.out.size() - summary.size()) == summary);
  const auto lines = std::count(result.out.begin(), result.out.end(), '\n') -
                     std::count(summary.begin(), summary.end(), '\n');
  CHECK(static_cast<std::size_t>(lines) == small.made.capture.frames.size() + 1);
}

TEST_CASE("without a key log there is a hint, and the run is no error") {
  const SmallCapture small;
  small.write("y.pcap", read_file(small.file("x.pcap")));
  const auto result = small.run({"replay", "y.pcap"});
  CHECK(result.status == 0);
  CHECK(result.err.rfind("hint: no keys: --keys was not given, y.pcap has none inside", 0) == 0);
  CHECK(result.out.find("the key log has no CLIENT_RANDOM line") != std::string::npos);
  small.write("empty.keys", "# nothing\n");
  const auto empty = small.run({"replay", "y.pcap", "--keys", "empty.keys"});
  CHECK(empty.status == 0);
  CHECK(empty.err == "hint: no keys: empty.keys has none, and y.pcap has none inside\n");
}

TEST_CASE("checksums that a sender's device fills in: a hint, and --checksum repair") {
  const SmallCapture small;
  auto frames = small.made.capture.frames;
  for (BuiltFrame& frame : frames)
    if (frame.sender == Side::server) frame.bytes[14 + 20 + 16] ^= 0x5a;
  write_file(small.file("x.pcap"), pcap_file(frames));
  const auto result = small.run({"replay", "x.pcap"});
  CHECK(result.status == 0);
  CHECK(result.err.find("packets from the server have a wrong TCP checksum") != std::string::npos);
  CHECK(result.err.find("--checksum repair") != std::string::npos);
  const auto repaired = small.run({"replay", "x.pcap", "--checksum", "repair", "--json", "-"});
  CHECK(repaired.err == "");
  check_plaintext(nlohmann::json::parse(repaired.out)["flows"][0], small.tls->session());
}

TEST_CASE("what-ifs from the command line do what their names say") {
  const SmallCapture small;
  const std::string data = std::to_string(small.server_data);
  const auto json = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"replay", "x.pcap", "--json", "-"});
    const auto result = small.run(words);
    CHECK(result.status == 0);
    return nlohmann::json::parse(result.out);
  };
  const auto server = [](const nlohmann::json& summary) {
    return summary["flows"][0]["server_to_client"];
  };
  CHECK(server(json({}))["records"]["failed"] == 0);
  CHECK(server(json({"--late", data + ":2"}))["records"]["failed"] == 0);
  CHECK(server(json({"--late", data + ":2"}))["packets"] != server(json({}))["packets"]);
  CHECK(server(json({"--drop", data}))["cut"] != "");
  CHECK(server(json({"--tamper", data + ":100"}))["records"]["failed"] == 1);
  CHECK(server(json({"--corrupt", data + ":100"}))["packets"]["bad_checksum"] == 1);
  const auto twice = json({"--duplicate", data, "--corrupt", data + ":100"});
  CHECK(server(twice)["packets"]["bad_checksum"] == 1);
  check_plaintext(twice["flows"][0], small.tls->session());
  CHECK(json({"--random-drop", "100%"})["flows"][0]["server_to_client"]["packets"]["control"] > 0);
  CHECK(json({"--random-late", "0.5:3", "--seed", "7"}) ==
        json({"--random-late", "50%:3", "--seed", "7"}));
  const auto slow = json({"--set", "reader.pause_ns=1000000", "--set", "reader.wakeup_ns=9"});
  CHECK(slow["simulated_ns"] > json({})["simulated_ns"]);
}
