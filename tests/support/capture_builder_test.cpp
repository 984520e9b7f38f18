// The captures that other tests are built from, judged by tshark.
#include "tests/support/capture_builder.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "tests/support/temporary_file.h"
#include "tests/support/tshark.h"

namespace tlsnic::testing {
namespace {

std::vector<std::uint8_t> counting_bytes(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

std::string hex(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::vector<std::string> fields(const Capture& capture, const std::string& names) {
  const TemporaryFile file("capture-builder.pcap");
  write_file(file.path(), pcap_file(capture.frames));
  return tshark(file.path(),
                "-o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -T fields " + names);
}

ConversationOptions ipv6_options() {
  ConversationOptions options;
  options.client = endpoint("2001:db8::2", 50000);
  options.server = endpoint("2001:db8::1", 443);
  return options;
}

ConversationOptions wrapping_options() {
  ConversationOptions options;
  options.client_isn = 0xffffffff;
  options.server_isn = 0xfffffffe - 1448;
  return options;
}

}  // namespace

TEST_CASE("tshark finds nothing wrong with a conversation") {
  if (!have_tshark()) {
    WARN("tshark is not installed");
    return;
  }
  const ConversationOptions options =
      GENERATE(ConversationOptions{}, ipv6_options(), wrapping_options());
  Capture capture;
  Conversation tcp(capture, options);
  const auto request = counting_bytes(100);
  const auto answer = counting_bytes(10'000);
  tcp.open();
  tcp.send(Side::client, request);
  tcp.send(Side::server, answer, 2'000);
  tcp.acknowledge(Side::client);
  tcp.close(Side::server);

  const std::size_t segments = (answer.size() + tcp.mss() - 1) / tcp.mss();
  const auto verdicts =
      fields(capture, "-e tcp.checksum.status -e tcp.analysis.flags -e tcp.stream");
  REQUIRE(verdicts.size() == 3 + 1 + segments + 1 + 3);
  for (const std::string& line : verdicts) CHECK(line == "1\t\t0");
  if (!options.client.address.is_ipv6)
    for (const std::string& line : fields(capture, "-e ip.checksum.status")) CHECK(line == "1");

  const auto offers = fields(capture, "-Y tcp.flags.syn==1 -e tcp.options.mss_val");
  const std::string mss = options.client.address.is_ipv6 ? "1440" : "1460";
  CHECK(offers == std::vector<std::string>{mss, mss});

  std::string read;
  for (const std::string& part :
       fields(capture, "-Y 'tcp.srcport==443 and tcp.len>0' -e tcp.payload"))
    read += part;
  CHECK(read == hex(answer));
}

TEST_CASE("segments are cut at the sizes asked for, at the times asked for") {
  Capture capture;
  Conversation tcp(capture);
  const std::uint64_t begin = capture.now_ns;
  const auto bytes = counting_bytes(20);
  tcp.send_cut(Side::server, bytes, {1, 7}, 500);
  REQUIRE(capture.frames.size() == 6);
  const std::size_t expected[] = {1, 7, 1, 7, 1, 3};
  std::uint32_t sequence = 2'000'000;
  for (std::size_t i = 0; i < 6; ++i) {
    const ParsedFrame parsed = parse_frame(capture.frames[i].bytes);
    CHECK(parsed.kind == FrameKind::tcp);
    CHECK(parsed.payload_length == expected[i]);
    CHECK(parsed.sequence == sequence);
    CHECK(capture.frames[i].time_ns == begin + 500 * i);
    sequence = parsed.sequence_end();
  }
  CHECK_THROWS_AS(tcp.send_cut(Side::server, bytes, {}), std::invalid_argument);
  CHECK_THROWS_AS(tcp.send_cut(Side::server, bytes, {0}), std::invalid_argument);
}

TEST_CASE("a full segment leaves room for the headers and the timestamps") {
  Capture capture;
  CHECK(Conversation(capture).mss() == 1448);
  CHECK(Conversation(capture, ipv6_options()).mss() == 1428);
}

}  // namespace tlsnic::testing
