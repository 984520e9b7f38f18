// Real captures through both chips: the plaintext is what tshark finds, whatever a what-if does to
// the order, and every packet keeps the rules.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "tests/scenarios/corpus.h"
#include "tests/scenarios/made_capture.h"
#include "tests/support/tshark.h"
#include "traces/capture/capture_reader.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

// "client_to_server" and "server_to_client" data of a stream, as `follow,tls,raw` prints it: a line
// of hexadecimal per chunk, the server's indented by a tab.
std::array<Buffer, 2> tshark_plaintext(const std::string& capture, std::size_t stream,
                                       const std::string& client) {
  const auto lines = tshark(
      capture,
      fmt::format(
          "-q -o tcp.reassemble_out_of_order:TRUE -o tls.keylog_file:{} -z follow,tls,raw,{}",
          scenarios::key_log_beside(capture), stream));
  std::array<Buffer, 2> out;
  std::string node0;
  for (const std::string& line : lines) {
    if (line.rfind("Node 0: ", 0) == 0) node0 = line.substr(8);
    const std::string hex = line.substr(line.find_first_not_of('\t') == std::string::npos
                                            ? line.size()
                                            : line.find_first_not_of('\t'));
    if (hex.empty() || hex.size() % 2 != 0 ||
        hex.find_first_not_of("0123456789abcdef") != std::string::npos)
      continue;
    const bool from_node0 = line[0] != '\t';
    const std::size_t direction = from_node0 == (node0 == client) ? 0 : 1;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      out[direction].push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

const char* const names[] = {"client_to_server", "server_to_client"};

void check_plaintext(const ReplayResult& result, const std::vector<CapturedStream>& streams) {
  REQUIRE(result.error.empty());
  CHECK(result.violations == std::vector<std::string>());
  REQUIRE(result.summary["flows"].size() == streams.size());
  for (std::size_t stream = 0; stream < streams.size(); ++stream) {
    for (std::size_t d : {0, 1}) {
      const auto& flow = result.summary["flows"][stream];
      CHECK(flow[names[d]]["plaintext_sha256"] ==
            sha256_hex(streams[stream].directions[d].application));
      CHECK(flow[names[d]]["records"]["failed"] == 0);
      CHECK(flow[names[d]]["cut"] == "");
    }
  }
}

// Random what-ifs that leave the stream complete: late, twice, twice with the first copy damaged.
// sizes: bytes of each frame.
scenarios::WhatIf random_what_if(std::mt19937_64& random, const std::vector<std::size_t>& sizes) {
  scenarios::WhatIf what_if;
  const auto frame = [&] { return 1 + random() % sizes.size(); };
  for (std::uint64_t n = random() % 6; n > 0; --n) what_if.late[frame()] = 1 + random() % 40;
  for (std::uint64_t n = random() % 4; n > 0; --n) what_if.duplicate.push_back(frame());
  for (std::uint64_t n = random() % 4; n > 0; --n) {
    const std::uint64_t damaged = frame();
    what_if.duplicate.push_back(damaged);
    // Past the addresses, so that the damage stays within its connection.
    const std::uint64_t past_addresses = sizes[damaged - 1] - 38;
    what_if.corrupt.emplace_back(damaged, 38 + random() % past_addresses);
  }
  if (random() % 4 == 0) {
    what_if.random_late_probability = static_cast<double>(random() % 10) / 100;
    what_if.random_late_by = 1 + random() % 30;
    what_if.seed = random();
  }
  return what_if;
}

}  // namespace

TEST_CASE("every direction's plaintext is tshark's, with both chips and with either") {
  if (!have_tshark()) {
    WARN("no tshark here");
    return;
  }
  for (const std::string& capture : corpus_captures()) {
    INFO(capture);
    const auto streams = read_captured_streams(capture);
    const auto both = replay_in_child(corpus_replay(capture), &streams);
    check_plaintext(both, streams);
    for (std::size_t stream = 0; stream < streams.size(); ++stream) {
      INFO("stream " << stream);
      const auto seen = tshark_plaintext(capture, stream, both.summary["flows"][stream]["client"]);
      CHECK(seen[0] == streams[stream].directions[0].application);
      CHECK(seen[1] == streams[stream].directions[1].application);
      CHECK(both.summary["flows"][stream]["offloaded"] == true);
    }
    for (const auto side : {scenarios::Side::client, scenarios::Side::server}) {
      auto options = corpus_replay(capture);
      options.side = side;
      const auto result = replay_in_child(options, &streams);
      check_plaintext(result, streams);
      const std::size_t off = side == scenarios::Side::client ? 0 : 1;
      for (const auto& flow : result.summary["flows"]) {
        CHECK(flow[names[off]]["packets"]["decrypted"] == 0);
        CHECK(flow[names[1 - off]]["in_hardware"] == true);
      }
    }
  }
}

TEST_CASE("random what-ifs that leave the stream complete change no plaintext and break no rule") {
  const char* asked = std::getenv("TLSNIC_WHAT_IFS");
  const int runs = asked == nullptr ? 1000 : std::atoi(asked);
  std::mt19937_64 random(20261121);
  for (const std::string& capture : corpus_captures()) {
    const auto streams = read_captured_streams(capture);
    std::vector<std::size_t> sizes;
    traces::CaptureReader reader(capture);
    for (traces::CapturedFrame frame; reader.next(frame);) sizes.push_back(frame.ethernet.size());
    for (int run = 0; run < runs; ++run) {
      INFO(capture << ", run " << run);
      auto options = corpus_replay(capture);
      options.what_if = random_what_if(random, sizes);
      options.side = static_cast<scenarios::Side>(random() % 3);
      options.parameters.reader.pause_ns = random() % 4 == 0 ? random() % 1'000'000 : 0;
      check_plaintext(replay_in_child(options, &streams), streams);
    }
  }
}

TEST_CASE("the same input gives the same result, byte for byte") {
  auto options = corpus_replay(corpus_path("t12-128-4conn.rx.pcap"));
  options.what_if.random_late_probability = 0.05;
  options.what_if.random_late_by = 7;
  options.what_if.random_drop_probability = 0.01;
  const auto first = replay_in_child(options, nullptr, true);
  const auto second = replay_in_child(options, nullptr, true);
  CHECK(first.summary.dump() == second.summary.dump());
  CHECK(first.packets == second.packets);
  options.what_if.seed = 2;
  CHECK(replay_in_child(options, nullptr, true).packets != first.packets);
}
