#include <catch2/catch.hpp>

#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;
using traces::Direction;

namespace {

RunResult some_result() {
  RunResult result;
  result.values = {{"to_client.records.entirely", 197},
                   {"to_client.records.partially", 2},
                   {"to_client.gbps", 12.5},
                   {"server.tx_tls_ooo", 0}};
  result.events = {{10, "server.offload", ""},
                   {20, "client.resync_request", "x"},
                   {30, "client.resync_answer", ""},
                   {40, "client.resync_request", ""}};
  auto& segments = result.segments[1];
  const auto add = [&](std::uint32_t flow, const char* verdict, const char* state) {
    SegmentRow row;
    row.flow = flow;
    row.verdict = verdict;
    row.state = state;
    segments.push_back(row);
  };
  add(0, "decrypted", "offload");
  add(1, "behind", "offload");
  add(0, "sync_lost", "waiting");
  add(0, "waiting", "waiting");
  result.records[1] = {{0, 1, 0, 100, "entirely"}, {0, 2, 100, 100, "partially"}};
  return result;
}

// What does not hold of an [expect] of these lines, which begin at line 2; "ok" if all does.
std::string violated(const std::string& lines) {
  std::string out;
  const Scenario scenario = scenario_of("[expect]\n" + lines + "\n[[flow]]\ncount=2\n");
  for (const Expectation& expectation : scenario.expectations)
    if (const auto line = violation(expectation, some_result())) out += *line;
  return out.empty() ? "ok" : out;
}

}  // namespace

TEST_CASE("values: a number, or a range that may be open") {
  for (const char* good :
       {"197", "197.0", "'197..197'", "'84..200'", "'2..'", "'..500'", "'-5..1e3'"})
    CHECK(violated(std::string("\"to_client.records.entirely\" = ") + good) == "ok");
  CHECK(violated("to_client.records.entirely = 197") == "ok");
  CHECK(violated("to_client.gbps = 12.5") == "ok");
  CHECK(violated("to_client.gbps = '12.4..12.6'") == "ok");
  CHECK(violated("\"to_client.records.entirely\" = 196") ==
        "x.toml:2: found to_client.records.entirely = 197, expected 196");
  CHECK(violated("\"to_client.records.entirely\" = '84..90'") ==
        "x.toml:2: found to_client.records.entirely = 197, expected 84..90");
  CHECK(violated("\"to_client.gbps\" = '13..'") ==
        "x.toml:2: found to_client.gbps = 12.5, expected 13..");
  CHECK(violated("server.tx_tls_ooo = '..-0.5'") ==
        "x.toml:2: found server.tx_tls_ooo = 0, expected ..-0.5");
  CHECK(violated("to_client.record.entirely = 1") ==
        "x.toml:2: found no value named to_client.record.entirely, expected one of this run, such "
        "as to_client.records.entirely, to_client.records.partially, to_client.gbps");
}

TEST_CASE("expected values that are none") {
  for (const char* bad :
       {"'..'", "'a..b'", "'5..4'", "'5'", "'1...2'", "true", "inf", "nan", "'nan..'", "[1]", "''"})
    CHECK(error_of(std::string("[expect]\na = ") + bad)
              .find(", expected a number, or a range such as \"84..90\", \"2..\", \"..5\"") !=
          std::string::npos);
  CHECK(error_of("expect = 5") == "x.toml:1: found expect = 5, expected a table: [expect]");
}

TEST_CASE("order: others may lie between") {
  CHECK(violated("order = ['server.offload', 'client.resync_answer']") == "ok");
  CHECK(violated("order = ['client.resync_request', 'client.resync_request']") == "ok");
  CHECK(violated("order = []") == "ok");
  CHECK(violated("order = ['client.resync_answer', 'server.offload']") ==
        "x.toml:2: found no event server.offload after client.resync_answer at 30 ns, expected the "
        "order client.resync_answer, server.offload");
  CHECK(violated("order = ['x']") == "x.toml:2: found no event x, expected the order x");
  CHECK(error_of("[expect]\norder = [5]") ==
        "x.toml:2: found an event in expect.order = 5, expected a text");
}

TEST_CASE("segments and records") {
  const auto segments = [](const std::string& lines) {
    return violated("[[expect.segments]]\n" + lines);
  };
  CHECK(segments("verdicts = ['decrypted', '*', 'waiting']") == "ok");
  CHECK(segments("from = 2\nverdicts = ['sync_lost/waiting']") == "ok");
  CHECK(segments("flow = 1\nverdicts = ['behind']") == "ok");
  CHECK(segments("verdicts = ['decrypted', 'decrypted']") ==
        "x.toml:2: found segment 2 = sync_lost/waiting, expected decrypted");
  CHECK(segments("from = 2\nverdicts = ['sync_lost/searching']") ==
        "x.toml:2: found segment 2 = sync_lost/waiting, expected sync_lost/searching");
  CHECK(segments("from = 3\nverdicts = ['waiting', 'waiting']") ==
        "x.toml:2: found 3 segments, expected at least 4");
  CHECK(segments("to = 'server'\nverdicts = ['*']") ==
        "x.toml:2: found 0 segments, expected at least 1");
  CHECK(violated("[[expect.records]]\nverdicts = ['entirely', 'partially']") == "ok");
  CHECK(violated("[[expect.records]]\nfrom = 2\nverdicts = ['entirely']") ==
        "x.toml:2: found record 2 = partially, expected entirely");
  CHECK(error_of("[[expect.records]]\nflow = 0") ==
        "x.toml:1: found expect.records without verdicts, expected at least one");
  CHECK(error_of("[[expect.segments]]\nverdicts = 'x'").find("expected a list") !=
        std::string::npos);
  CHECK(error_of("[[expect.segments]]\nflow = 3\nverdicts = ['*']") ==
        "x.toml:1: found flow = 3, expected a connection from 0 to 0");
}
