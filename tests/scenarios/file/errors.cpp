// Hostile and mistaken files: one line, and nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>

#include "tests/scenarios/file/text.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using namespace tlsnic::testing;

TEST_CASE("what is not TOML, with its line") {
  CHECK(error_of("title = \"a\"\nseed = = 3\n").rfind("x.toml:2: found what is not TOML, ", 0) ==
        0);
  CHECK(error_of("seed = 1\nseed = 2\n").rfind("x.toml:2: found what is not TOML, ", 0) == 0);
  const std::string not_utf8 = "found bytes that are not UTF-8, expected a scenario file (TOML)";
  CHECK(error_of("title = \"\xff\xfe\"") == "x.toml:1: " + not_utf8);
  CHECK(error_of("seed = 1\n[fgp\xc0\xff\xff\xff\xff\xa0]\n") == "x.toml:2: " + not_utf8);
  CHECK(error_of("title = \"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"") == "no error");
  CHECK(error_of(std::string("\x7f"
                             "ELF\x02\x01\0\0\0\n\0",
                             11))
            .rfind("x.toml:1: found what is not TOML, ", 0) == 0);
  // Letters at which toml++ 3.3 goes astray.
  CHECK(error_of("C\xc2\xbc 1=1").rfind("x.toml:1: found what is not TOML, ", 0) == 0);
  // toml++ 3.3 fails a check of its own.
  CHECK(error_of("[[ [1]]\n").rfind("x.toml: found what is not TOML, ", 0) == 0);
  CHECK(error_of("seed = 99999999999999999999999").rfind("x.toml:1: found ", 0) == 0);
}

TEST_CASE("unknown keys: the nearest known one is suggested, with its line") {
  const auto suggests = [](const std::string& text, int line, const std::string& key,
                           const std::string& nearest) {
    CHECK(error_of(text) == fmt::format("x.toml:{}: found the key '{}', expected a known key, "
                                        "such as {}",
                                        line, key, nearest));
  };
  suggests("titel = 'x'", 1, "titel", "title");
  suggests("\n\n[flow]\nbyte = 1", 4, "flow.byte", "flow.bytes");
  suggests("[link.to_client]\nlos = 0.5", 2, "link.to_client.los", "link.to_client.loss");
  suggests("[client]\nnic.tls.latency = 1", 2, "client.nic.tls.latency",
           "client.nic.tls.latency_cycles");
  suggests("[server]\npersonalty = 'nfp'", 2, "server.personalty", "server.personality");
  suggests("nic.tls.latency_cycle = 1", 1, "nic.tls.latency_cycle", "nic.tls.latency_cycles");
  suggests("[[flow]]\ncont = 1", 2, "cont", "count");
}

TEST_CASE("values of the wrong kind, out of range, or words that there are not") {
  CHECK(error_of("[flow]\ncount = 0") ==
        "x.toml:2: found flow.count = 0, expected a whole number from 1 to 200000");
  CHECK(error_of("[flow]\ncount = 2.5") ==
        "x.toml:2: found flow.count = 2.5, expected a whole number from 1 to 200000");
  CHECK(error_of("seed = -1") ==
        "x.toml:1: found seed = -1, expected a whole number from 0 to 9223372036854775807");
  CHECK(error_of("title = 3") == "x.toml:1: found title = 3, expected a text");
  CHECK(error_of("[flow]\ncipher = 'AES'") ==
        "x.toml:2: found flow.cipher = 'AES', expected one of AES_GCM_128 AES_GCM_256 "
        "AES_CCM_128 CHACHA20_POLY1305 SM4_GCM SM4_CCM ARIA_GCM_128 ARIA_GCM_256");
  CHECK(error_of("[client]\ntso = 1") == "x.toml:2: found client.tso = 1, expected true or false");
  CHECK(error_of("[link]\nloss = 1.5") ==
        "x.toml:2: found link.loss = 1.5, expected a probability from 0 to 1, or a percentage such "
        "as \"2%\"");
  for (const char* bad : {"'2'", "'101%'", "'-1%'", "'%'", "'2%%'", "nan", "inf", "true", "[0.1]"})
    CHECK(error_of(std::string("[link]\nloss = ") + bad).find("expected a probability") !=
          std::string::npos);
  CHECK(error_of("[link]\nrate_gbps = 0") ==
        "x.toml:2: found link.rate_gbps = 0, expected a number from 0.001 to 8000");
  CHECK(error_of("nic.contexts.max = 0") ==
        "x.toml:1: found nic.contexts.max = 0, expected a number from 1 to 4294967295");
  CHECK(error_of("client.host.tls13_offload = 'maybe'") ==
        "x.toml:1: found client.host.tls13_offload = 'maybe', expected one of on off");
  CHECK(error_of("[flow]\nbytes = '5 GB'").find("expected a number of bytes from 0 to ") !=
        std::string::npos);
  for (const char* bad : {"[]", "[0]", "'x'", "[[1]]", "1.5", "-1"})
    CHECK(error_of(std::string("[flow]\nwrites = ") + bad)
              .find("expected a size from 1 to 1073741824") != std::string::npos);
  CHECK(error_of("seed = 1979-05-27") ==
        "x.toml:1: found seed = a date or time, expected a whole number from 0 to "
        "9223372036854775807");
  CHECK(error_of("flow = 5") == "x.toml:1: found flow = 5, expected a table: [flow]");
}

TEST_CASE("control characters do not reach the terminal") {
  const std::string error = error_of("title = \"\\u001b[31m\\u0007\"\nsource = 5\n");
  CHECK(error == "x.toml:2: found source = 5, expected a text");
  const std::string word = error_of("[flow]\ncipher = \"\\u001b[31mA\\n\"");
  CHECK(word.find("found flow.cipher = '?[31mA?'") != std::string::npos);
  const std::string key = error_of("\"a\\u0000\\u001b\" = 1");
  CHECK(key.find("found the key 'a\?\?'") != std::string::npos);
}

TEST_CASE("files too large, too deep, too wide: refused quickly") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(error_of(std::string((1 << 20) + 1, '\n')) ==
        "x.toml: found more than 1 MiB, expected a scenario file (TOML)");
  CHECK(error_of('#' + std::string(1024, 'x')) ==
        "x.toml:1: found a line of 1025 bytes, expected at most 1024");
  std::string deep;
  for (int i = 0; i < 400; ++i) deep += "a.";
  CHECK(error_of(deep + "a = 1") == "x.toml:1: found a value inside 9 others, expected at most 8");
  CHECK(error_of("a = " + std::string(500, '[') + std::string(500, ']')).rfind("x.toml:1: ", 0) ==
        0);
  std::string wide;
  for (int i = 0; i < 100'000; ++i) wide += fmt::format("k{}=1\n", i);
  CHECK(error_of(wide) == "x.toml: found 100000 keys in a table, expected at most 10000");
  std::string nested;  // as deep as the length of lines allows
  for (int i = 0; i < 8; ++i) nested += "a = [{" + deep + "\n";
  CHECK(error_of(nested).rfind("x.toml:", 0) == 0);
  std::string headers = "[" + deep + "a]\n" + deep + "b = 1\n";
  CHECK(error_of(headers).find("others, expected at most 8") != std::string::npos);
  std::string flows;
  for (int i = 0; i < 1001; ++i) flows += "[[flow]]\n";
  CHECK(error_of(flows) == "x.toml:1: found 1001 flows, expected 1 to 1000");
  std::string events;
  for (int i = 0; i < 10'001; ++i) events += "[[event]]\n";
  CHECK(error_of(events) == "x.toml:1: found 10001 events, expected at most 10000");
  CHECK(error_of("[[flow]]\ncount = 200000\n[[flow]]\n") ==
        "x.toml: found 200001 connections, expected at most 200000");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("a very long key or value is cut in the message") {
  const std::string error = error_of(std::string(900, 'k') + " = 1");
  CHECK(error.size() < 250);
  CHECK(error.find("kkk...'") != std::string::npos);
}
