// `tlsnic run`: what comes out of it, where it leaves files, its exit status.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/app/run_program.h"

using namespace tlsnic;
using namespace tlsnic::testing;
using Words = std::vector<std::string>;

namespace {

// Runs in a folder with a scenario "x.toml".
struct Folder {
  explicit Folder(const std::string& scenario) { write("x.toml", scenario); }

  void write(const std::string& name, const std::string& text) const {
    write_file(directory.file(name),
               Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  }
  ProgramResult run(const Words& words) const { return run_program(directory.path(), words); }
  std::string file(const std::string& name) const { return directory.file(name); }

  ScratchDirectory directory;
};

const std::string small = R"(title = "small"
[flow]
bytes = 20000
record_size = 4000
writes = 20000
[[event]]
what = "drop"
segment = 3
[expect]
"to_client.records.sent" = 5
"to_client.records.failed" = 0
"to_client.plaintext_bytes" = 20000
"to_client.link.lost" = 1
)";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("run: expectations that hold give 0, one that does not gives 1 and says so") {
  const Folder folder(small);
  const auto good = folder.run({"run", "x.toml"});
  CHECK(good.err == "");
  CHECK(good.status == 0);
  CHECK(has(good.out, "small\n"));
  CHECK(has(good.out, "segments to the client"));
  CHECK(has(good.out, "ok      x.toml:10: to_client.records.sent = 5\n"));
  folder.write("bad.toml", "include = 'x.toml'\nexpect.to_client.records.sent = '6..7'\n");
  const auto bad = folder.run({"run", "bad.toml"});
  CHECK(bad.status == 1);
  CHECK(has(bad.out, "FAILED  bad.toml:2: found to_client.records.sent = 5, expected 6..7\n"));
  const auto quiet = folder.run({"run", "bad.toml", "--quiet"});
  CHECK(quiet.status == 1);
  CHECK(quiet.out == "");
  CHECK(quiet.err == "bad.toml:2: found to_client.records.sent = 5, expected 6..7\n");
}

TEST_CASE("run --check-rules holds them") {
  const Folder folder(small);
  CHECK(folder.run({"run", "x.toml", "--check-rules"}).status == 0);
}

TEST_CASE("run --json and --out: the same summary, complete files, byte by byte again") {
  const Folder folder(small);
  const auto json = folder.run({"run", "x.toml", "--json", "-"});
  CHECK(json.status == 0);
  const auto summary = nlohmann::json::parse(json.out);
  CHECK(summary["ok"] == true);
  CHECK(summary["scenario"] == "x.toml");
  CHECK(summary["values"]["to_client.records.sent"] == 5);
  for (const char* out : {"one", "two"})
    CHECK(folder.run({"run", "x.toml", "--out", out, "--quiet"}).status == 0);
  const Words files = tree(folder.file("one"));
  CHECK(tree(folder.file("two")) == files);
  for (const char* name :
       {"events.csv", "wire.pcapng", "packets.csv", "records.csv", "summary.json"})
    CHECK(std::count(files.begin(), files.end(), name) == 1);
  for (const std::string& name : files)
    CHECK((read_file(folder.file("one/" + name)) == read_file(folder.file("two/" + name))));
  CHECK(read_file(folder.file("one/summary.json")) == json.out);
  CHECK(has(read_file(folder.file("one/records.csv")), "client,0,5,"));
}

TEST_CASE("run --set and --seed change the scenario") {
  const Folder folder(small);
  const auto run = [&](Words more) {
    more.insert(more.begin(), {"run", "x.toml", "--json", "-"});
    return nlohmann::json::parse(folder.run(more).out);
  };
  CHECK(run({"--set", "flow.bytes=8000"})["values"]["to_client.records.sent"] == 2);
  CHECK(run({"--seed", "77"})["seed"] == 77);
  CHECK(run({"--seed", "77", "--set", "seed=78"})["seed"] == 77);
  const auto wrong = folder.run({"run", "x.toml", "--set", "flow.byte=8000"});
  CHECK(wrong.status == 2);
  CHECK(wrong.out == "");
  CHECK(wrong.err ==
        "--set: found the key 'flow.byte', expected a known key, such as flow.bytes\n");
}

TEST_CASE("a sweep: a table, a folder per value, in order") {
  const Folder folder(small + R"([sweep]
key = "flow.bytes"
values = [4000, 8000, 12000, 20000]
show = ["to_client.plaintext_bytes"]
)");
  const auto result = folder.run({"run", "x.toml", "--out", "out"});
  CHECK(result.status == 1);
  CHECK(has(result.out,
            "flow.bytes  to_client.plaintext_bytes  expectations\n"
            "4000        4000                       "));
  CHECK(has(result.out, "\n20000       20000                      ok\n"));
  CHECK(has(result.out, "found to_client.records.sent = 2, expected 5 (with flow.bytes=8000)\n"));
  const auto summary = nlohmann::json::parse(read_file(folder.file("out/summary.json")));
  REQUIRE(summary["points"].size() == 4);
  CHECK(summary["points"][2]["setting"] == "flow.bytes=12000");
  CHECK(summary["points"][2]["values"]["to_client.plaintext_bytes"] == 12000);
  CHECK(summary["points"][3]["ok"] == true);
  for (const char* point : {"point-0", "point-1", "point-2", "point-3"})
    for (const char* name : {"/events.csv", "/wire.pcapng", "/packets.csv", "/records.csv"})
      CHECK(read_file(folder.file(std::string("out/") + point + name)).size() > 10);
}

TEST_CASE("run: bad input is one line and status 2, and leaves nothing") {
  const Folder folder("seed = = 1\n");
  folder.write("binary.toml", std::string("\x7f"
                                          "ELF\0\xff\xfe",
                                          7));
  for (const Words& words : {Words{"run", "x.toml"},
                             {"run", "none.toml"},
                             {"run", "."},
                             {"run", "binary.toml"},
                             {"run"},
                             {"run", "x.toml", "--seed", "x"},
                             {"run", "x.toml", "--frobnicate"}}) {
    Words with_out = words;
    with_out.insert(with_out.end(), {"--out", "out"});
    const auto before = tree(folder.directory.path());
    const auto result = folder.run(with_out);
    INFO(words.back());
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(tree(folder.directory.path()) == before);
  }
}

TEST_CASE("tlsnic keys prints the table of docs/scenarios.md") {
  const Folder folder("");
  const std::string page = read_file(TLSNIC_SOURCE_DIR "/docs/scenarios.md");
  CHECK(folder.run({"keys"}).out == page.substr(page.find("| table | key |")));
}
