// Bad input: exit status 2, one clear line, and nothing half written.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/app/run_program.h"

using namespace tlsnic;
using namespace tlsnic::testing;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

namespace {

const std::string help = "; see 'tlsnic --help' and 'tlsnic replay --help'\n";

// Runs with --out and expects exactly this error; whatever was there before is still there.
void check_error(const SmallCapture& small, Words arguments, const std::string& error) {
  INFO(fmt::format("tlsnic {}", fmt::join(arguments, " ")));
  const auto check_run = [&](const std::string& out) {
    Words words = arguments;
    if (!out.empty()) words.insert(words.end(), {"--out", out});
    const auto before = tree(small.directory.path());
    const ProgramResult result = small.run(words);
    CHECK(result.status == 2);
    CHECK(result.err == error);
    CHECK(result.out == "");
    CHECK(tree(small.directory.path()) == before);
  };
  check_run("");
  check_run("out");
  check_run("a/b/out");
  small.write("keep.txt", "");
  fs::create_directories(small.file("old/plaintext"));
  small.write("old/summary.json", "old");
  small.write("old/plaintext/stream-0.client.bin", "old");
  check_run("old");
  CHECK(read_file(small.file("old/summary.json")) == "old");
  CHECK(read_file(small.file("old/plaintext/stream-0.client.bin")) == "old");
}

std::string pcap_of(const SmallCapture& small) {
  return read_file(small.file("x.pcap"));
}

constexpr std::size_t pcap_header = 24;
constexpr std::size_t frame_header = 16;

}  // namespace

TEST_CASE("captures that cannot be opened or are none") {
  const SmallCapture small;
  check_error(
      small, {"replay", "none.pcap"},
      "none.pcap: open: found No such file or directory, expected a pcap or pcapng capture\n");
  fs::create_directory(small.file("folder.pcap"));
  check_error(small, {"replay", "folder.pcap"},
              "folder.pcap: open: found a directory, expected a pcap or pcapng capture\n");
  small.write("empty.pcap", "");
  check_error(small, {"replay", "empty.pcap"},
              "empty.pcap: byte 0: found an empty file, expected a pcap or pcapng capture\n");
  small.write("text.pcap", "hello, this is no capture\n");
  check_error(small, {"replay", "text.pcap"},
              "text.pcap: byte 0: found the bytes 68 65 6c 6c, expected a pcap or pcapng "
              "capture\n");
}

TEST_CASE("captures that are cut") {
  const SmallCapture small;
  const std::string whole = pcap_of(small);
  const std::size_t first = pcap_header + frame_header + small.made.capture.frames[0].bytes.size();
  small.write("cut.pcap", whole.substr(0, first + 10));
  check_error(small, {"replay", "cut.pcap"},
              "cut.pcap: frame 2: found the end of the file after 10 bytes of frame header, "
              "expected 16 bytes\n");
  small.write("cut.pcap", whole.substr(0, whole.size() - 1));
  const std::size_t last = small.made.capture.frames.size();
  const std::size_t size = small.made.capture.frames.back().bytes.size();
  check_error(small, {"replay", "cut.pcap", "--keys", "x.keys"},
              fmt::format("cut.pcap: frame {}: found the end of the file after {} bytes of frame "
                          "data, expected {} bytes\n",
                          last, size - 1, size));
  small.write("cut.pcap", whole.substr(0, pcap_header - 4));
  check_error(
      small, {"replay", "cut.pcap"},
      "cut.pcap: file header: found the end of the file after 20 bytes, expected 24 bytes\n");
}

TEST_CASE("a snap length that cuts segments") {
  const SmallCapture small;
  // The first frame with payload loses its last byte.
  std::size_t at = pcap_header;
  std::size_t number = 0;
  for (const BuiltFrame& frame : small.made.capture.frames) {
    ++number;
    if (parse_frame(frame.bytes).payload_length > 0) break;
    at += frame_header + frame.bytes.size();
  }
  const std::size_t size = small.made.capture.frames[number - 1].bytes.size();
  std::string file = pcap_of(small);
  file[at + 8] = static_cast<char>((size - 1) & 0xff);
  file[at + 9] = static_cast<char>((size - 1) >> 8);
  file.erase(at + frame_header + size - 1, 1);
  small.write("snap.pcap", file);
  const auto result = small.run({"replay", "snap.pcap"});
  CHECK(
      result.err.rfind(fmt::format("snap.pcap: frame {}: found {} bytes captured of {}, expected ",
                                   number, size - 1, size),
                       0) == 0);
  check_error(small, {"replay", "snap.pcap"}, result.err);
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
}

TEST_CASE("captures without TLS") {
  const SmallCapture small;
  small.write("none.pcap", pcap_of(small).substr(0, pcap_header));
  check_error(small, {"replay", "none.pcap"},
              "none.pcap: 0 frames: found no TLS connection, expected at least one\n");
  Capture capture;
  Conversation plain(capture);
  plain.open();
  plain.send(Side::client, Buffer(100, 'x'));
  plain.close(Side::client);
  write_capture(small.file("plain"), capture, "");
  check_error(small, {"replay", "plain.pcap"},
              "plain.pcap: 7 frames: found no TLS connection, expected at least one\n");
}

TEST_CASE("key logs that are missing or broken") {
  const SmallCapture small;
  check_error(small, {"replay", "x.pcap", "--keys", "none.keys"},
              "none.keys: open: found No such file or directory, expected a key log\n");
  check_error(small, {"replay", "x.pcap", "--keys", "old"},
              "old: open: found a directory, expected a key log\n");
  small.write("bad.keys", "hello\nworld\n");
  check_error(small, {"replay", "x.pcap", "--keys", "bad.keys"},
              "bad.keys: line 1: found \"hello\", expected a label such as CLIENT_RANDOM\n");
  small.write("binary.keys", std::string("\x7f"
                                         "ELF\x02\x01\0\n\xff\xfe\n",
                                         11));
  check_error(small, {"replay", "x.pcap", "--keys", "binary.keys"},
              "binary.keys: line 1: found \"?ELF???\", expected a label such as CLIENT_RANDOM\n");
}

TEST_CASE("a key log with a broken line gives a warning, and the others are used") {
  const SmallCapture small;
  small.write("one.keys", "# comment\nCLIENT_RANDOM 1234 5678\n" + small.made.key_log);
  const auto result = small.run({"replay", "x.pcap", "--keys", "one.keys", "--json", "-"});
  CHECK(result.status == 0);
  CHECK(result.err ==
        "warning: one.keys: line 2: found a client random of 4 characters, expected 64 hex "
        "digits\n");
  const auto json = nlohmann::json::parse(result.out);
  check_plaintext(json["flows"][0], small.tls->session());
  CHECK(small.run({"replay", "x.pcap", "--keys", "one.keys", "--quiet"}).err == "");
}

TEST_CASE("options that do not exist or miss something") {
  const SmallCapture small;
  check_error(small, {"replay", "x.pcap", "--frobnicate"},
              "The following argument was not expected: --frobnicate" + help);
  check_error(small, {"replay"}, "CAPTURE is required" + help);
  check_error(small, {"replay", "x.pcap", "y.pcap"},
              "The following argument was not expected: y.pcap" + help);
  check_error(small, {"replay", "x.pcap", "--side", "left"},
              "--side: value: found 'left', expected both|client|server\n");
  check_error(small, {"replay", "x.pcap", "--checksum", "0"},
              "--checksum: value: found '0', expected validate|repair\n");
  check_error(small, {"replay", "x.pcap", "--seed", "x"}, "Could not convert: --seed = x" + help);
  const auto none = small.run({});
  CHECK(none.status == 2);
  CHECK(none.err == "A subcommand is required" + help);
}

TEST_CASE("parameters and what-ifs that cannot be") {
  const SmallCapture small;
  const auto last = small.made.capture.frames.size();
  check_error(small, {"replay", "x.pcap", "--set", "reader.paus_ns=1"},
              "--set: key: found 'reader.paus_ns', expected a known key, such as "
              "reader.pause_ns\n");
  check_error(small, {"replay", "x.pcap", "--set", "nic.clock_period_ps=0"},
              "--set: nic.clock_period_ps: found '0', expected a number from 1 to 1000000\n");
  check_error(small, {"replay", "x.pcap", "--late", "5"},
              "--late: value: found '5', expected FRAME:N, frame FRAME after N following "
              "frames\n");
  const std::string missing =
      fmt::format("x.pcap: what-if: found frame 9999, expected a frame from 1 to {}\n", last);
  check_error(small, {"replay", "x.pcap", "--late", "9999:1"}, missing);
  check_error(small, {"replay", "x.pcap", "--drop", "1", "--drop", "9999"}, missing);
  check_error(small, {"replay", "x.pcap", "--duplicate", "9999"}, missing);
  check_error(small, {"replay", "x.pcap", "--tamper", "9999:0"}, missing);
  check_error(small, {"replay", "x.pcap", "--corrupt", "1:74"},
              "--corrupt: frame 1: found byte 74, expected a byte from 0 to 73\n");
}

TEST_CASE("results that cannot be written") {
  const SmallCapture small;
  const auto before = tree(small.directory.path());
  const auto in_file = small.run({"replay", "x.pcap", "--out", "x.keys/out"});
  CHECK(in_file.status == 2);
  CHECK(in_file.err == "x.keys/out: cannot be created: Not a directory\n");
  const auto is_file = small.run({"replay", "x.pcap", "--out", "x.keys"});
  CHECK(is_file.status == 2);
  CHECK(is_file.err == "x.keys: cannot be created: Not a directory\n");
  const std::string long_name(300, 'x');
  const auto too_long = small.run({"replay", "x.pcap", "--out", long_name});
  CHECK(too_long.status == 2);
  CHECK(too_long.err == long_name + ": cannot be created: File name too long\n");
  // The other result is not left behind either.
  const auto json = small.run({"replay", "x.pcap", "--out", "out", "--json", "none/x.json"});
  CHECK(json.status == 2);
  CHECK(json.err == "none/x.json: cannot be written: No such file or directory\n");
  CHECK(tree(small.directory.path()) == before);
}
