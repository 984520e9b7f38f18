#include <catch2/catch.hpp>

#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

const std::string loss_sweep = R"([expect]
"to_client.records.failed" = 0
[sweep]
key = "link.loss"
values = [0, 0.01, "2%"]
show = ["to_client.records.entirely"]
[sweep.expect]
"to_client.records.entirely" = [64, "50..63", "*"]
)";

}  // namespace

TEST_CASE("a sweep's points are the scenario with another value each, and their expectations") {
  const Scenario scenario = scenario_of(loss_sweep);
  REQUIRE(scenario.sweep);
  CHECK(scenario.sweep->show == std::vector<std::string>{"to_client.records.entirely"});
  REQUIRE(point_count(scenario) == 3);
  const double losses[] = {0, 0.01, 0.02};
  const std::size_t expectations[] = {2, 2, 1};
  for (std::size_t point = 0; point < 3; ++point) {
    const Scenario one = at_point(scenario, point);
    CHECK(one.link[0].loss == losses[point]);
    CHECK(one.link[1].loss == losses[point]);
    CHECK_FALSE(one.sweep);
    REQUIRE(one.expectations.size() == expectations[point]);
    CHECK(one.expectations[0].name == "to_client.records.failed");
  }
  CHECK(at_point(scenario, 0).expectations[1].least == 64);
  CHECK(at_point(scenario, 1).expectations[1].most == 63);
  CHECK(at_point(scenario, 1).expectations[1].place == "x.toml:8");
}

TEST_CASE("a sweep can be over words, lists, and one end's parameters") {
  CHECK(at_point(scenario_of("[sweep]\nkey='personality'\nvalues=['mlx5','funeth']"), 1)
            .ends[0]
            .personality == driver::Personality::funeth);
  CHECK(at_point(scenario_of("[sweep]\nkey='flow.writes'\nvalues=[1,[2,3]]"), 1).flows[0].writes ==
        std::vector<std::uint32_t>{2, 3});
  CHECK_FALSE(
      at_point(scenario_of("[sweep]\nkey='client.tso'\nvalues=[true,false]"), 1).ends[0].tso);
  const Scenario rates = scenario_of("[sweep]\nkey='link.rate_gbps'\nvalues=[1.0, 2.5]");
  CHECK(at_point(rates, 0).link[0].ps_per_byte == 8000);
  CHECK(at_point(rates, 1).link[0].ps_per_byte == 3200);
}

TEST_CASE("sweeps that cannot be run are refused at once") {
  CHECK(error_of("[sweep]\nvalues=[1]") ==
        "x.toml:1: found a sweep without 'key', expected a key to change");
  CHECK(error_of("[sweep]\nkey='seed'") ==
        "x.toml:1: found a sweep of 0 values, expected 1 to 1000");
  CHECK(error_of("[sweep]\nkey='sede'\nvalues=[1]") ==
        "x.toml:3: found the key 'sede', expected a known key, such as seed");
  CHECK(error_of("[sweep]\nkey='seed'\nvalues=[1,\n2,\n'x']")
            .rfind("x.toml:3: found seed = 'x'", 0) == 0);
  CHECK(error_of("[sweep]\nkey='sweep.key'\nvalues=['sweep.key']") ==
        "x.toml:1: found a sweep of 'sweep.key', expected another key");
  CHECK(error_of("[sweep]\nkey='seed'\nvalues=[1,2]\nexpect.a=[1]") ==
        "x.toml:4: found a = [1], expected a list of 2, one for each value of the sweep");
  CHECK(error_of("[sweep]\nkey='seed'\nvalues=[1,2]\nexpect.a=5") ==
        "x.toml:4: found a = 5, expected a list of 2, one for each value of the sweep");
  CHECK(error_of("sweep = 5") == "x.toml:1: found sweep = 5, expected a table: [sweep]");
  // A point that contradicts the rest.
  CHECK(error_of("[[event]]\nwhat='drop'\nsegment=1\n[sweep]\nkey='flow.sender'\nvalues=['both',"
                 "'client']")
            .rfind("x.toml:1: found an event to the client, to which nobody writes", 0) == 0);
}
