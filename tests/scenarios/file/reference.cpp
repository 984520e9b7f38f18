#include <catch2/catch.hpp>

#include "scenarios/file/schema.h"
#include "tests/observe/scratch.h"
#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

TEST_CASE("docs/scenarios.md ends with the table that `tlsnic keys` prints") {
  std::string table =
      "| table | key | default | meaning | values |\n| --- | --- | --- | --- | --- |\n";
  for (const KeyDescription& key : describe_keys()) {
    INFO(key.name);
    CHECK((key.text + key.expected).find('|') == std::string::npos);
    table += "| " + key.table + " | `" + key.name + "` | " + key.value + " | " + key.text + " | " +
             key.expected + " |\n";
  }
  const std::string page = content(TLSNIC_SOURCE_DIR "/docs/scenarios.md");
  const std::size_t at = page.find("| table | key |");
  REQUIRE(at != std::string::npos);
  CHECK(page.substr(at) == table);
}

TEST_CASE("the examples of docs/scenarios.md are scenarios") {
  const std::string page = content(TLSNIC_SOURCE_DIR "/docs/scenarios.md");
  const std::string fence = "```toml\n";
  std::size_t examples = 0;
  for (std::size_t at = 0; (at = page.find(fence, at)) != std::string::npos; ++examples) {
    at += fence.size();
    const std::string example = page.substr(at, page.find("```", at) - at);
    INFO(example);
    if (example.find("[replay]") == std::string::npos) CHECK(error_of(example) == "no error");
  }
  CHECK(examples >= 3);
}
