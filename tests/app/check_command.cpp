// `tlsnic check`: what it finds, what it says, JUnit, exit status.
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/app/run_program.h"
#include "tests/scenarios/corpus.h"

using namespace tlsnic;
using namespace tlsnic::testing;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

const std::string good = "[flow]\nbytes = 5000\n[expect]\nto_client.plaintext_bytes = 5000\n";
const std::string bad =
    "[flow]\nbytes = 5000\n[expect]\nto_client.plaintext_bytes = 4999\n"
    "to_client.records.failed = 1\n";

// The small capture (x.pcap, x.keys) moved into folder "all", beside scenarios.
struct Folder : SmallCapture {
  Folder() {
    fs::create_directories(file("all/sub"));
    for (const char* name : {"x.pcap", "x.keys"})
      fs::rename(file(name), file(std::string("all/sub/") + name));
  }
};

}  // namespace

TEST_CASE("check: every scenario and capture below a path, in order of their names") {
  const Folder folder;
  folder.write("all/good.toml", "include = 'sub/base.inc.toml'\n");
  folder.write("all/sub/base.inc.toml", good);
  folder.write("all/readme.txt", "not looked at");
  const auto result = folder.run({"check", "all"});
  CHECK(result.err == "");
  CHECK(result.out ==
        "ok      all/good.toml\nok      all/sub/x.pcap\n2 checked: 2 ok, 0 failed, 0 errors\n");
  CHECK(result.status == 0);
  CHECK(folder.run({"check", "all", "--quiet"}).out == "");
  // Named twice, checked once; single files, too.
  CHECK(folder.run({"check", "all/good.toml", "all/./good.toml", "--jobs", "1"}).out ==
        "ok      all/good.toml\n1 checked: 1 ok, 0 failed, 0 errors\n");
}

TEST_CASE("check: what does not hold, what cannot be run, and the JUnit file about it") {
  const Folder folder;
  folder.write("all/a<&\">.toml", good);
  folder.write("all/b.toml", bad);
  const auto failed = folder.run({"check", "all", "--junit", "failed.xml"});
  CHECK(failed.status == 1);
  CHECK(failed.out ==
        "ok      all/a<&\">.toml\n"
        "FAILED  all/b.toml: all/b.toml:4: found to_client.plaintext_bytes = 5000, expected 4999 "
        "(and 1 more)\n"
        "ok      all/sub/x.pcap\n"
        "3 checked: 2 ok, 1 failed, 0 errors\n");
  CHECK(read_file(folder.file("failed.xml")) ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites tests=\"3\" failures=\"1\" errors=\"0\" time=\"0\">\n"
        "<testsuite name=\"tlsnic check\" tests=\"3\" failures=\"1\" errors=\"0\" time=\"0\">\n"
        "<testcase classname=\"all\" name=\"a&lt;&amp;&quot;&gt;.toml\" time=\"0\"/>\n"
        "<testcase classname=\"all\" name=\"b.toml\" time=\"0\">\n"
        "<failure message=\"all/b.toml:4: found to_client.plaintext_bytes = 5000, expected 4999\">"
        "all/b.toml:4: found to_client.plaintext_bytes = 5000, expected 4999\n"
        "all/b.toml:5: found to_client.records.failed = 0, expected 1\n"
        "</failure>\n</testcase>\n"
        "<testcase classname=\"all/sub\" name=\"x.pcap\" time=\"0\"/>\n"
        "</testsuite>\n</testsuites>\n");
  folder.write("all/c.toml", "sede = 1\n");
  folder.write("all/d.pcap", "no capture");
  const auto error = folder.run({"check", "all", "--junit", "error.xml"});
  CHECK(error.status == 2);
  CHECK(error.out.find("ERROR   all/c.toml: all/c.toml:1: found the key 'sede', expected a known "
                       "key, such as seed\n") != std::string::npos);
  CHECK(error.out.find("ERROR   all/d.pcap: all/d.pcap: byte 0: found the bytes") !=
        std::string::npos);
  CHECK(error.out.find("5 checked: 2 ok, 1 failed, 2 errors\n") != std::string::npos);
  CHECK(read_file(folder.file("error.xml")).find("<error message=\"all/c.toml:1: found") !=
        std::string::npos);
}

TEST_CASE("check: a capture's expectations") {
  const Folder folder;
  const auto checked = [&](const std::string& text) {
    folder.write("all/sub/x.expect.toml", text);
    const auto result = folder.run({"check", "all"});
    return result.out.substr(0, result.out.find('\n'));
  };
  const std::string start = "FAILED  all/sub/x.pcap: all/sub/x.expect.toml:";
  CHECK(checked("[expect]\n\"flows.0.server_to_client.records.entirely\" = \"1..\"\n"
                "flows.0.server_to_client.records.failed = 0\nflows.0.version = 'TLS 1.2'\n"
                "flows.0.offloaded = true\n") == "ok      all/sub/x.pcap");
  CHECK(checked("[expect]\n\"flows.0.server_to_client.records.total\" = 7") ==
        start + "2: found flows.0.server_to_client.records.total = 3, expected 7");
  CHECK(checked("[expect]\n\"flows.0.server_to_client.records.totl\" = 7")
            .find(start +
                  "2: found no 'totl' for flows.0.server_to_client.records.totl in the summary, "
                  "expected a name such as total, ") == 0);
  CHECK(checked("[expect]\n\"flows.1.version\" = 7") ==
        start +
            "2: found no '1' for flows.1.version in the summary, expected one of 1 elements, "
            "from 0");
  CHECK(checked("[expect]\n\"flows.0.version\" = 'TLS 1.3'") ==
        start + "2: found flows.0.version = 'TLS 1.2', expected TLS 1.3");
  CHECK(checked("[expect]\n\"flows.0.offloaded\" = false") ==
        start + "2: found flows.0.offloaded = true, expected false");
  CHECK(checked("[expect]\n\"flows\" = 1") ==
        start + "2: found flows = a list or table, expected 1");
  const std::string data = std::to_string(folder.server_data);
  CHECK(checked("[replay]\ncorrupt = '" + data +
                ":100'\nset = ['reader.pause_ns=5']\n[expect]\n"
                "\"flows.0.server_to_client.packets.bad_checksum\" = 1") ==
        "ok      all/sub/x.pcap");
  const std::string error = "ERROR   all/sub/x.pcap: all/sub/x.expect.toml:";
  CHECK(checked("[replay]\nlat = '1:2'") ==
        error + "2: found the key 'lat', expected a known key, such as late");
  CHECK(checked("[replay]\nside = 'left'") ==
        error + "2: found replay.side = 'left', expected one of both client server");
  CHECK(checked("[replay]\nlate = 'x'").find(error + "2: --late: ") == 0);
  CHECK(checked("[expct]\na = 1") ==
        error + "1: found the key 'expct', expected a known key, such as [expect]");
}

TEST_CASE(
    "check: paths that are nothing, folders without anything, expectations without a capture") {
  const Folder folder;
  fs::create_directory(folder.file("empty"));
  folder.write("file.txt", "");
  const auto error = [&](const Words& paths) {
    Words words{"check"};
    words.insert(words.end(), paths.begin(), paths.end());
    const auto result = folder.run(words);
    CHECK(result.status == 2);
    CHECK(result.out == "");
    return result.err;
  };
  const std::string expected =
      ", expected a scenario (.toml), a capture (.pcap, .pcapng) or a folder of them\n";
  CHECK(error({"none"}) == "none: open: found nothing" + expected);
  CHECK(error({"file.txt"}) == "file.txt: name: found another file" + expected);
  CHECK(error({"empty"}) ==
        "empty: folder: found no scenario and no capture, expected at least one\n");
  folder.write("all/lost.expect.toml", "");
  CHECK(error({"all"}) ==
        "all/lost.expect.toml: capture: found no all/lost.pcap, expected a capture beside it\n");
}

TEST_CASE("check: the corpus gives what its expectation files say") {
  const Folder folder;
  const auto result = folder.run({"check", corpus_path("")});
  CHECK(result.err == "");
  INFO(result.out);
  CHECK(result.status == 0);
  for (const std::string& capture : corpus_captures())
    CHECK(fs::exists(fs::path(capture).replace_extension(".expect.toml")));
}
