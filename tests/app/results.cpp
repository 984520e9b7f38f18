// What --out leaves.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "tests/app/run_program.h"
#include "tests/scenarios/corpus.h"

using namespace tlsnic;
using namespace tlsnic::testing;
using Words = std::vector<std::string>;

namespace {

std::vector<Words> csv(const std::string& text) {
  std::vector<Words> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    Words cells(1);
    for (const char c : line) {
      if (c == ',')
        cells.emplace_back();
      else
        cells.back() += c;
    }
    out.push_back(cells);
  }
  return out;
}

std::string text_of(const Buffer& bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("--out leaves the summary, the packet log and what each end sent") {
  const SmallCapture small;
  CHECK(small.run({"replay", "x.pcap", "--out", "a/out", "--quiet"}).status == 0);
  CHECK(tree(small.file("a")) == Words{"out", "out/packets.csv", "out/plaintext",
                                       "out/plaintext/stream-0.client.bin",
                                       "out/plaintext/stream-0.server.bin", "out/summary.json"});
  const OpensslSession& session = small.tls->session();
  CHECK(read_file(small.file("a/out/plaintext/stream-0.client.bin")) ==
        text_of(session.received(Side::server)));
  CHECK(read_file(small.file("a/out/plaintext/stream-0.server.bin")) ==
        text_of(session.received(Side::client)));
  const auto summary = nlohmann::json::parse(read_file(small.file("a/out/summary.json")));
  check_plaintext(summary["flows"][0], session);
  CHECK(summary["frames"] == small.made.capture.frames.size());
}

TEST_CASE("--out on an older result replaces it") {
  const SmallCapture small;
  CHECK(small.run({"replay", "x.pcap", "--out", "out", "--quiet"}).status == 0);
  const auto before = tree(small.directory.path());
  const std::string summary = read_file(small.file("out/summary.json"));
  small.write("out/plaintext/stream-7.client.bin", "old");
  small.write("out/summary.json", "old");
  CHECK(small.run({"replay", "x.pcap", "--out", "out", "--quiet"}).status == 0);
  CHECK(tree(small.directory.path()) == before);
  CHECK(read_file(small.file("out/summary.json")) == summary);
}

TEST_CASE("a direction that cannot be decrypted leaves no plaintext file") {
  const SmallCapture small;
  small.write("other.keys",
              "CLIENT_RANDOM " + std::string(64, '0') + ' ' + std::string(96, '0') + '\n');
  CHECK(small.run({"replay", "x.pcap", "--keys", "other.keys", "--out", "out", "--quiet"}).status ==
        0);
  CHECK(tree(small.file("out")) == Words{"packets.csv", "summary.json"});
}

TEST_CASE("packets.csv: one line per frame, known words, numbers that agree with the summary") {
  const SmallCapture small;
  const std::string corpus = corpus_path("linux-doc-reorder-bad.pcap");
  const std::set<std::string> verdicts{"decrypted", "passed", "bad_checksum", "control", "not_tls"};
  const std::set<std::string> reasons{
      "in_sequence",    "realigned",  "behind",     "ahead",     "rebase",       "sync_lost",
      "header_invalid", "tag_wrong",  "waiting",    "searching", "candidate",    "tracking",
      "key_missing",    "no_context", "no_payload", "not_tcp",   "bad_checksum", "other_protocol"};
  const std::set<std::string> states{"", "offload", "waiting", "searching", "tracking"};
  CHECK(small
            .run({"replay", corpus, "--checksum", "repair", "--late", "21:3", "--random-late",
                  "1%:5", "--corrupt", "40:70", "--duplicate", "50", "--drop", "60", "--out", "out",
                  "--quiet"})
            .status == 0);
  const auto rows = csv(read_file(small.file("out/packets.csv")));
  const auto summary = nlohmann::json::parse(read_file(small.file("out/summary.json")));
  REQUIRE(rows.size() > 100);
  CHECK(rows[0] == Words{"frame", "time_ns", "stream", "direction", "seq", "len", "verdict",
                         "reason", "state"});
  CHECK(rows.size() == summary["frames"].get<std::size_t>() + 1);  // one dropped, one twice
  std::map<std::string, int> counts;
  std::map<std::string, std::uint64_t> last_time;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const Words& row = rows[i];
    REQUIRE(row.size() == 9);
    CHECK(verdicts.count(row[6]) == 1);
    CHECK(reasons.count(row[7]) == 1);
    CHECK(states.count(row[8]) == 1);
    CHECK((row[3] == "client" || row[3] == "server"));
    CHECK(std::stoull(row[1]) >= last_time[row[3]]);  // each chip's arrivals in order
    last_time[row[3]] = std::stoull(row[1]);
    CHECK((row[6] == "control") == (row[5] == "0"));
    ++counts[row[3] + ' ' + row[6]];
  }
  for (const auto& [sender, name] :
       {std::pair{"client", "client_to_server"}, std::pair{"server", "server_to_client"}})
    for (const auto& [verdict, count] : summary["flows"][0][name]["packets"].items())
      CHECK(counts[fmt::format("{} {}", sender, verdict)] == count);
  CHECK(counts["server bad_checksum"] + counts["client bad_checksum"] == 1);
}

TEST_CASE("the same input gives the same files, byte for byte") {
  const SmallCapture small;
  const std::string corpus = corpus_path("t12-128-4conn.rx.pcap");
  for (const char* out : {"one", "two"})
    CHECK(small
              .run({"replay", corpus, "--checksum", "repair", "--random-late", "5%:7", "--out", out,
                    "--quiet"})
              .status == 0);
  const auto files = tree(small.file("one"));
  CHECK(tree(small.file("two")) == files);
  CHECK(files.size() == 2 + 1 + 8);
  for (const std::string& name : files) {
    if (name == "plaintext") continue;
    INFO(name);
    CHECK((read_file(small.file("one/" + name)) == read_file(small.file("two/" + name))));
  }
}
