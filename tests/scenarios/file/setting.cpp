// --set, and every key of the tables.
#include <catch2/catch.hpp>
#include <map>

#include "scenarios/file/schema.h"
#include "scenarios/file/settings.h"
#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

std::string set_error(const std::string& assignment) {
  Scenario scenario;
  try {
    apply_setting(scenario, assignment);
  } catch (const traces::InputError& error) {
    return error.what();
  }
  return "no error";
}

template <typename Target>
std::map<std::string, std::string> values_of(const Keys<Target>& keys, const Target& target) {
  std::map<std::string, std::string> out;
  for (const auto& key : keys) out[key.name] = key.get(target);
  return out;
}

// Each key can be set to another value, which changes that key only, and back.
template <typename Target>
void check_each(const Keys<Target>& keys, const Target& start) {
  const auto before = values_of(keys, start);
  CHECK(before.size() == keys.size());
  for (const Key<Target>& key : keys) {
    int changes = 0;
    for (const char* text :
         {"true", "false", "0.5", "70", "7", "1.3", "\"word\"", "AES_GCM_256", "openssl", "ssl",
          "client", "server", "delayed", "nfp", "drop", "tag"}) {
      Target target = start;
      if (!key.set(target, parse_value(text, "here"))) continue;
      auto want = before;
      want[key.name] = key.get(target);
      INFO(key.name << " = " << text);
      CHECK(values_of(keys, target) == want);
      changes += want != before ? 1 : 0;
    }
    INFO(key.name);
    CHECK(changes > 0);
  }
}

}  // namespace

TEST_CASE("every key can be set, and changes itself only") {
  check_each(scenario_keys(), Scenario());
  check_each(end_keys(), EndSettings());
  check_each(flow_keys(), FlowSettings());
  check_each(link_keys(), LinkSettings());
  check_each(event_keys(), EventDraft());
}

TEST_CASE("--set takes what a shell leaves of a value") {
  Scenario scenario;
  scenario.flows.resize(2);
  for (const char* assignment :
       {"seed=9", "flow.bytes=1 MiB", "flow.1.bytes=5", "flow.version=1.3", "flow.writes=[1, 2]",
        "link.loss=2%", "link.to_server.loss=0.5", "client.personality=nfp", "tso=off",
        "server.nic.contexts.max=3", "nic.keys.max=4", "title=some words", "limit_ms=1"})
    apply_setting(scenario, assignment);
  CHECK(scenario.seed == 9);
  CHECK(scenario.title == "some words");
  CHECK(scenario.limit_ns == 1'000'000);
  CHECK(scenario.flows[0].bytes == 1 << 20);
  CHECK(scenario.flows[1].bytes == 5);
  CHECK(scenario.flows[1].version == TlsVersion::tls13);
  CHECK(scenario.flows[0].writes == std::vector<std::uint32_t>{1, 2});
  CHECK(scenario.link[1].loss == 0.02);
  CHECK(scenario.link[0].loss == 0.5);
  CHECK(scenario.client().personality == driver::Personality::nfp);
  CHECK_FALSE(scenario.server().tso);
  CHECK(scenario.client().parameters.nic.max_contexts == Parameters().nic.max_contexts);
  CHECK(scenario.server().parameters.nic.max_contexts == 3);
  CHECK(scenario.client().parameters.nic.max_keys == 4);
}

TEST_CASE("--set: errors") {
  CHECK(set_error("flow.bytes") == "--set: found 'flow.bytes', expected key=value");
  CHECK(set_error("flow.byts=1") ==
        "--set: found the key 'flow.byts', expected a known key, such as flow.bytes");
  CHECK(set_error("flow.1.bytes=1") ==
        "--set: found 'flow.1.bytes', expected one of the 1 flows, from 0");
  CHECK(set_error("flow.99999999999999999999999.bytes=1").rfind("--set: found the key ", 0) == 0);
  CHECK(set_error("link.loss=200%") ==
        "--set: found link.loss = '200%', expected a probability from 0 to 1, or a percentage such "
        "as \"2%\"");
  CHECK(set_error("seed=1\nlimit_ms=3").find("expected a whole number") != std::string::npos);
  CHECK(set_error("=").rfind("--set: found the key ''", 0) == 0);
  CHECK(set_error("link.loss={a=1}").find("expected a probability") != std::string::npos);
}
