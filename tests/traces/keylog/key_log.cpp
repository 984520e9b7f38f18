#include "traces/keylog/key_log.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "traces/input_error.h"

using namespace tlsnic::traces;

namespace {

using Warnings = std::vector<std::string>;

std::string hex(std::size_t bytes, char digit) {
  return std::string(2 * bytes, digit);
}

ClientRandom random_of(std::uint8_t byte) {
  ClientRandom random;
  random.fill(byte);
  return random;
}

const std::string random_1 = hex(32, '1');
const std::string good_line = "CLIENT_RANDOM " + random_1 + " " + hex(48, 'a') + "\n";

// The warning that `line` gives among good lines.
std::string warning_of(const std::string& line) {
  Warnings warnings;
  const KeyLog log = parse_key_log(good_line + line + "\n" + good_line, "test", warnings);
  CHECK(log.size() == 1);
  REQUIRE(warnings.size() == 1);
  return warnings[0];
}

std::string error_of(const std::string& path) {
  Warnings warnings;
  try {
    read_key_log(path, warnings);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("all labels, and what may stand around them") {
  Warnings warnings;
  const KeyLog log = parse_key_log(
      "\xef\xbb\xbf# a comment\r\n\r\n   \n" + good_line +                                   //
          "CLIENT_EARLY_TRAFFIC_SECRET " + random_1 + " " + hex(32, 'b') + "\r\n" +          //
          "CLIENT_HANDSHAKE_TRAFFIC_SECRET " + random_1 + " " + hex(48, 'B') + "\n" +        //
          "  SERVER_HANDSHAKE_TRAFFIC_SECRET\t" + random_1 + "  " + hex(32, 'c') + "  \n" +  //
          "CLIENT_TRAFFIC_SECRET_0 " + random_1 + " " + hex(32, 'd') + "\n" +                //
          "EXPORTER_SECRET " + random_1 + " " + hex(32, 'e') + "\n" +                        //
          "RSA 0123456789abcdef " + hex(48, 'e') + "\n" +                                    //
          "ECH_CONFIG " + random_1 + " " + hex(3000, 'e') + "\n" +                           //
          "SERVER_TRAFFIC_SECRET_0 " + random_1 + " " + hex(32, 'e'),
      "test", warnings);
  CHECK(warnings.empty());
  CHECK(log.size() == 6);
  const ClientRandom random = random_of(0x11);
  const auto check = [&](Label label, std::size_t size, std::uint8_t byte) {
    CAPTURE(to_string(label));
    const Secret* secret = log.find(label, random);
    REQUIRE(secret != nullptr);
    REQUIRE(secret->view().size() == size);
    for (const std::uint8_t b : secret->view()) CHECK(b == byte);
  };
  check(Label::client_random, 48, 0xaa);
  check(Label::client_early_traffic_secret, 32, 0xbb);
  check(Label::client_handshake_traffic_secret, 48, 0xbb);
  check(Label::server_handshake_traffic_secret, 32, 0xcc);
  check(Label::client_traffic_secret_0, 32, 0xdd);
  check(Label::server_traffic_secret_0, 32, 0xee);
  CHECK(log.find(Label::client_random, random_of(0x12)) == nullptr);
  CHECK(log.find(Label::client_random, tlsnic::Bytes(random)) != nullptr);
  CHECK(log.find(Label::client_random, tlsnic::Bytes(random).first(31)) == nullptr);
}

TEST_CASE("bytes come out in the order in which they are written") {
  std::string digits;
  for (int i = 0; i < 32; ++i)
    digits += "0123456789abcdef"[i / 16], digits += "0123456789ABCDEF"[i % 16];
  Warnings warnings;
  const KeyLog log =
      parse_key_log("SERVER_TRAFFIC_SECRET_0 " + digits + " " + digits, "test", warnings);
  ClientRandom random;
  for (std::size_t i = 0; i < 32; ++i) random[i] = static_cast<std::uint8_t>(i);
  const Secret* secret = log.find(Label::server_traffic_secret_0, random);
  REQUIRE(secret != nullptr);
  for (std::size_t i = 0; i < 32; ++i) CHECK(secret->view()[i] == i);
}

TEST_CASE("broken lines are named and do not spoil the others") {
  const std::string secret = hex(48, 'a');
  CHECK(warning_of("hello world") ==
        "test: line 2: found \"hello\", expected a label such as CLIENT_RANDOM");
  CHECK(warning_of("\x01\xff"
                   "a line of something that is not text") ==
        "test: line 2: found \"??a\", expected a label such as CLIENT_RANDOM");
  CHECK(warning_of("CLIENT_RANDOM") ==
        "test: line 2: found \"CLIENT_RANDOM\" alone, expected a value after the label");
  CHECK(warning_of("CLIENT_RANDOM " + random_1) ==
        "test: line 2: found no secret, expected 96 hex digits");
  CHECK(warning_of("CLIENT_RANDOM " + random_1.substr(1) + " " + secret) ==
        "test: line 2: found a client random of 63 characters, expected 64 hex digits");
  CHECK(warning_of("CLIENT_RANDOM " + random_1.substr(1) + "g " + secret) ==
        "test: line 2: found a client random that is not hex, expected 64 hex digits");
  CHECK(warning_of("CLIENT_RANDOM " + random_1 + " " + secret.substr(1)) ==
        "test: line 2: found a secret of 95 characters, expected 96 hex digits");
  CHECK(warning_of("CLIENT_RANDOM " + random_1 + " " + hex(32, 'a')) ==
        "test: line 2: found a secret of 64 characters, expected 96 hex digits");
  CHECK(warning_of("CLIENT_TRAFFIC_SECRET_0 " + random_1 + " " + hex(64, 'a')) ==
        "test: line 2: found a secret of 128 characters, expected 64 or 96 hex digits");
  CHECK(warning_of("CLIENT_RANDOM " + random_1 + " x" + secret.substr(1)) ==
        "test: line 2: found a secret that is not hex, expected 96 hex digits");
  CHECK(warning_of("CLIENT_RANDOM " + random_1 + " " + secret + " 00") ==
        "test: line 2: found a fourth field, expected the end of the line");
  CHECK(warning_of("CLIENT_RANDOM " + random_1 + " " + hex(1000, 'a')) ==
        "test: line 2: found a line of 2079 characters, expected at most 1024");
}

TEST_CASE("a flood of broken lines gives a bounded number of warnings") {
  std::string text = good_line;
  for (int i = 0; i < 5000; ++i) text += "broken\n";
  Warnings warnings;
  CHECK(parse_key_log(text, "test", warnings).size() == 1);
  REQUIRE(warnings.size() == 101);
  CHECK(warnings.back() == "test: 4900 more broken lines");
}

TEST_CASE("a text without one good line is an error") {
  Warnings warnings;
  CHECK_THROWS_WITH(parse_key_log("\n# x\nhello\nworld", "test", warnings),
                    "test: line 3: found \"hello\", expected a label such as CLIENT_RANDOM");
  CHECK(warnings.empty());
  CHECK(parse_key_log("", "test", warnings).empty());
  CHECK(parse_key_log("# only a comment\n\n", "test", warnings).empty());
  CHECK(parse_key_log("EXPORTER_SECRET " + random_1 + " 00", "test", warnings).empty());
}

TEST_CASE("twice the same: the last line of a log, the first log of a merge") {
  Warnings warnings;
  const auto line = [](char digit) {
    return "CLIENT_RANDOM " + random_1 + " " + hex(48, digit) + "\n";
  };
  KeyLog log = parse_key_log(line('a') + line('b'), "test", warnings);
  const auto byte = [&] { return log.find(Label::client_random, random_of(0x11))->view()[0]; };
  CHECK(byte() == 0xbb);
  log.merge(parse_key_log(line('c') + "CLIENT_RANDOM " + hex(32, '2') + " " + hex(48, 'd'), "test",
                          warnings));
  CHECK(byte() == 0xbb);
  CHECK(log.size() == 2);
  CHECK(log.find(Label::client_random, random_of(0x22))->view()[0] == 0xdd);
}

TEST_CASE("key log files that cannot be read") {
  CHECK(error_of("/nonexistent/keys") ==
        "/nonexistent/keys: open: found No such file or directory, expected a key log");
  CHECK(error_of("/") == "/: open: found a directory, expected a key log");
  CHECK(error_of("/dev/zero") ==
        "/dev/zero: read: found more than 268435456 bytes, expected a key log of at most 256 MiB");
}

TEST_CASE("key logs of the captures in the repository") {
  Warnings warnings;
  const std::string corpus = TLSNIC_SOURCE_DIR "/traces/corpus/";
  const KeyLog tls12 = read_key_log(corpus + "t12-128-4conn.keys", warnings);
  CHECK(tls12.size() == 4);
  const KeyLog tls13 = read_key_log(corpus + "t13-128-mtu-lossy.keys", warnings);
  CHECK(tls13.size() == 4);
  CHECK(warnings.empty());
}

TEST_CASE("any text parses or is an error") {
  rc::check([] {
    std::string text;
    const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "CLIENT_RANDOM", " ", "\n", "\r\n", hex(32, '7'), hex(48, '8'), "#", "z", "\0"));
    for (const std::string& part : parts) text += part;
    text += *rc::gen::arbitrary<std::string>();
    Warnings warnings;
    try {
      RC_ASSERT(parse_key_log(text, "test", warnings).size() <= text.size() / 174);
    } catch (const InputError& error) {
      RC_ASSERT(std::string(error.what()).find('\n') == std::string::npos);
    }
  });
}
