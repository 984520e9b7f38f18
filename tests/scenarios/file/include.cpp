#include <catch2/catch.hpp>

#include "tests/observe/scratch.h"
#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

namespace {

std::string read_error(const Scratch& scratch, const std::string& name) {
  try {
    read_scenario((scratch.path / name).string());
  } catch (const traces::InputError& error) {
    std::string text = error.what();
    const std::string folder = scratch.path.string() + '/';
    for (std::size_t at; (at = text.find(folder)) != std::string::npos;)
      text.erase(at, folder.size());
    return text;
  }
  return "no error";
}

}  // namespace

TEST_CASE("a file lies on top of the one that it includes: tables merge, the rest is replaced") {
  const Scratch scratch;
  put(scratch.path / "base/base.inc.toml", R"(
title = "base"
seed = 5
[flow]
bytes = 100
record_size = 1000
[link]
loss = 0.5
[[event]]
what = "drop"
segment = 1
[expect]
a = 1
b = 2
)");
  put(scratch.path / "x.toml", R"(include = "base/base.inc.toml"
title = "x"
[flow]
bytes = 200
[link.to_client]
loss = 0
[[event]]
what = "late"
segment = 2
[expect]
b = 3
)");
  const Scenario scenario = read_scenario((scratch.path / "x.toml").string(), {"seed=6"});
  CHECK(scenario.title == "x");
  CHECK(scenario.seed == 6);
  CHECK(scenario.flows[0].bytes == 200);
  CHECK(scenario.flows[0].record_size == 1000);
  CHECK(scenario.link[0].loss == 0.5);
  CHECK(scenario.link[1].loss == 0);
  REQUIRE(scenario.link_events.size() == 1);
  CHECK(scenario.link_events[0].segment == 2u);
  REQUIRE(scenario.expectations.size() == 2);
  CHECK(scenario.expectations[0].name == "a");
  CHECK(scenario.expectations[0].place == (scratch.path / "base/base.inc.toml").string() + ":13");
  CHECK(scenario.expectations[1].most == 3);
}

TEST_CASE("includes that are not there, go round, or are no names") {
  const Scratch scratch;
  put(scratch.path / "a.toml", "include = 'b.toml'\n");
  put(scratch.path / "b.toml", "\ninclude = 'a.toml'\n");
  put(scratch.path / "self.toml", "include = './self.toml'\n");
  put(scratch.path / "none.toml", "include = 'nothing.toml'\n");
  put(scratch.path / "folder.toml", "include = '.'\n");
  put(scratch.path / "device.toml", "include = '/dev/zero'\n");
  put(scratch.path / "number.toml", "include = 5\n");
  put(scratch.path / "broken.toml", "include = 'bad.inc.toml'\n");
  put(scratch.path / "bad.inc.toml", "\nseeed = 5\n");
  CHECK(read_error(scratch, "a.toml") ==
        "b.toml:2: found include = 'a.toml', which includes this file, expected no cycle");
  CHECK(read_error(scratch, "self.toml") ==
        "self.toml:1: found include = './self.toml', which includes this file, expected no cycle");
  CHECK(read_error(scratch, "none.toml") ==
        "none.toml:1: found include = 'nothing.toml', expected a file that exists");
  CHECK(read_error(scratch, "folder.toml") ==
        "folder.toml:1: found include = '.', expected a file that exists");
  CHECK(read_error(scratch, "device.toml") ==
        "device.toml:1: found include = '/dev/zero', expected a file that exists");
  CHECK(read_error(scratch, "number.toml") ==
        "number.toml:1: found include = 5, expected a file's name");
  CHECK(read_error(scratch, "broken.toml") ==
        "bad.inc.toml:2: found the key 'seeed', expected a known key, such as seed");
  for (int i = 0; i < 40; ++i)
    put(scratch.path / ("c" + std::to_string(i) + ".toml"),
        "include = 'c" + std::to_string(i + 1) + ".toml'\n");
  CHECK(read_error(scratch, "c0.toml").find("expected at most 16 files") != std::string::npos);
}

TEST_CASE("files that cannot be read") {
  const Scratch scratch;
  CHECK(read_error(scratch, "none.toml") ==
        "none.toml: open: found No such file or directory, expected a scenario file (TOML)");
  std::filesystem::create_directory(scratch.path / "folder");
  CHECK(read_error(scratch, "folder") ==
        "folder: open: found a directory, expected a scenario file (TOML)");
  put(scratch.path / "large.toml", std::string(2 << 20, '\n'));
  CHECK(read_error(scratch, "large.toml") ==
        "large.toml: found more than 1 MiB, expected a scenario file (TOML)");
}
