// What a run prints and leaves, from results made by hand.
#include "scenarios/result_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "scenarios/result_files.h"
#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

RunResult three_segments() {
  RunResult result;
  result.values = {{"to_client.records.entirely", 1}, {"a.zero", 0}, {"to_client.gbps", 2.5}};
  result.events = {{5, "client.resync_request", "sequence 1, \"x\""}};
  result.segments[1] = {{0, 1, 100, 0, 1000, "decrypted", "offload", false},
                        {0, 3, 200, 2000, 1000, "sync_lost", "waiting", false},
                        {0, 2, 300, 1000, 1000, "waiting", "waiting", true}};
  result.records[1] = {
      {0, 1, 0, 900, "entirely"}, {0, 2, 900, 1200, "not"}, {0, 3, 2100, 900, "not"}};
  return result;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a run of few segments: a line for each, with the records that it holds") {
  const Scenario scenario =
      scenario_of("title='T'\n[expect]\nto_client.records.entirely=1\nto_client.gbps='3..'\n");
  RunResult result = three_segments();
  result.failures = {"R4: other bytes"};
  const RunOutcome outcome = judge(scenario, result, "");
  CHECK_FALSE(outcome.held());
  CHECK(outcome.first_problem() == "x.toml: R4: other bytes (1 of 2)");
  CHECK(to_text(scenario, result, outcome, false) ==
        "T\n\n"
        "segments to the client, as they came ([ a record begins, ] it ends)\n"
        "flow  segment  time_ns  offset  bytes  records  verdict    state\n"
        "0     1        100      0       1000   [1] [2   decrypted  offload\n"
        "0     3        200      2000    1000   2] [3]   sync_lost  waiting\n"
        "0     2 again  300      1000    1000   2        waiting    waiting\n"
        "\n"
        "records to the client\n"
        "flow  record  offset  bytes  offloaded\n"
        "0     1       0       900    entirely\n"
        "0     2       900     1200   not\n"
        "0     3       2100    900    not\n"
        "\n"
        "to_client.records.entirely  1\n"
        "to_client.gbps              2.5\n"
        "\n"
        "ok      x.toml:3: to_client.records.entirely = 1\n"
        "FAILED  x.toml:4: found to_client.gbps = 2.5, expected 3..\n"
        "FAILED  x.toml: R4: other bytes\n");
}

TEST_CASE("a run of many segments lists them only if asked to") {
  RunResult result = three_segments();
  result.segments[1].resize(41);
  const Scenario scenario = scenario_of("");
  const RunOutcome outcome = judge(scenario, result, "");
  CHECK(outcome.held());
  CHECK_FALSE(has(to_text(scenario, result, outcome, false), "segments to"));
  CHECK(has(to_text(scenario, result, outcome, true), "segments to the client"));
}

TEST_CASE("a sweep is a table") {
  const Scenario scenario = scenario_of(
      "[expect]\nto_client.records.entirely=1\n"
      "[sweep]\nkey='link.loss'\nvalues=[0,'2%']\nshow=['to_client.gbps','nothing']\n");
  RunResult second = three_segments();
  second.values[0].second = 7;
  std::vector<RunOutcome> outcomes{judge(at_point(scenario, 0), three_segments(), "link.loss=0"),
                                   judge(at_point(scenario, 1), second, "link.loss=2%")};
  CHECK(to_text(*scenario.sweep, outcomes) ==
        "link.loss  to_client.gbps  nothing  expectations\n"
        "0          2.5             -        ok\n"
        "2%         2.5             -        1 FAILED\n"
        "\n"
        "FAILED  x.toml:2: found to_client.records.entirely = 7, expected 1 (with link.loss=2%)\n");
  // From one process to another and back.
  const auto json = to_json(outcomes[1]);
  const RunOutcome again = outcome_from_json(nlohmann::ordered_json::parse(json.dump()));
  CHECK(to_json(again) == json);
  CHECK(again.problems() == outcomes[1].problems());
  const auto summary = to_json(scenario, outcomes);
  CHECK(summary["ok"] == false);
  CHECK(summary["points"][0]["ok"] == true);
  CHECK(summary["points"][1]["setting"] == "link.loss=2%");
}

TEST_CASE("the summary has whole numbers as such, in the result's order") {
  const Scenario scenario = scenario_of("title='T'\nseed=3");
  const auto json = to_json(scenario, {judge(scenario, three_segments(), "")});
  CHECK(json.dump() ==
        R"({"scenario":"x.toml","title":"T","source":"","seed":3,"ok":true,"values":)"
        R"({"to_client.records.entirely":1,"a.zero":0,"to_client.gbps":2.5},"expectations":[],)"
        R"("failures":[]})");
}

TEST_CASE("the tables as CSV") {
  const RunResult result = three_segments();
  CHECK(packets_csv(result) ==
        "to,flow,time_ns,sent_number,retransmission,offset,length,verdict,state\n"
        "client,0,100,1,0,0,1000,decrypted,offload\n"
        "client,0,200,3,0,2000,1000,sync_lost,waiting\n"
        "client,0,300,2,1,1000,1000,waiting,waiting\n");
  CHECK(has(records_csv(result), "client,0,2,900,1200,not\n"));
  CHECK(events_csv(result) ==
        "time_ns,name,text\n5,client.resync_request,\"sequence 1, \"\"x\"\"\"\n");
}
