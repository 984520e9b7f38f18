// Segments that are sent again from before the offload's start, once the stack has come past it.
#include <catch2/catch.hpp>

#include "protocol/checksum.h"
#include "tests/scenarios/made_capture.h"
#include "tests/scenarios/transmit_in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

using nlohmann::json;

// The frames that a sender adds while `send` runs.
template <typename Send>
std::vector<BuiltFrame> frames_of(MadeCapture& made, Send send) {
  auto& frames = made.capture.frames;
  const std::size_t before = frames.size();
  send();
  return {frames.begin() + static_cast<std::ptrdiff_t>(before), frames.end()};
}

// A TLS 1.2 conversation up to the server's last handshake segment, of which the client has
// acknowledged nothing, and the segments with the server's first record behind it.
struct Started {
  MadeCapture made;
  TlsConversation conversation{made.capture, tls12()};
  std::uint64_t handshake_segments = 0;
  BuiltFrame handshake;  // the last of them
  std::vector<BuiltFrame> first;

  Started() {
    conversation.open(calm_ns);
    made.capture.frames.pop_back();
    handshake = made.capture.frames.back();
    for (const BuiltFrame& frame : made.capture.frames)
      if (frame.sender == Side::server && parse_frame(frame.bytes).payload_length > 0)
        ++handshake_segments;
    first = send_record();
  }
  std::vector<BuiltFrame> send_record() {
    made.capture.advance(calm_ns);
    return frames_of(made, [this] {
      conversation.tcp().send(Side::server, conversation.records(Side::server, {3000}));
    });
  }
  void send_again(BuiltFrame frame) {
    made.capture.advance(calm_ns);
    frame.time_ns = made.capture.now_ns;
    made.capture.frames.push_back(std::move(frame));
  }
  // A record in three segments behind it, and the end.
  void finish() {
    send_record();
    conversation.tcp().acknowledge(Side::client);
  }
  json replay(driver::Personality personality) {
    made.key_log = conversation.key_log();
    auto options = made.write();
    options.side = scenarios::Side::server;
    const auto result = transmit_in_child(options, personality);
    REQUIRE(result.error == "");
    CHECK(result.summary["same_wire"] == true);
    CHECK(result.summary["stray_frames"] == 0);
    return result.summary;
  }
};

// check: of a personality, what its server's side came to, and the counters of the run.
template <typename Check>
void replay_with_each_personality(Started& started, Check check) {
  for (const driver::Personality personality : driver::personalities) {
    INFO(driver::to_string(personality));
    const json summary = started.replay(personality);
    const json& server = summary["flows"][0]["server_to_client"];
    const json& counters = summary["counters"];
    INFO(server.dump() << counters.dump());
    check(personality, server, counters);
  }
}

BuiltFrame joined(BuiltFrame frame, Bytes more) {
  frame.bytes.insert(frame.bytes.end(), more.begin(), more.end());
  const std::size_t ip = parse_frame(frame.bytes).l3_offset;
  store_be16(&frame.bytes[ip + 2], static_cast<std::uint16_t>(frame.bytes.size() - ip));
  repair_checksums(frame.bytes, parse_frame(frame.bytes));
  return frame;
}

}  // namespace

TEST_CASE("a handshake segment that is sent again behind the first record stays plain") {
  Started started;
  REQUIRE(started.first.size() == 3);
  started.send_again(started.handshake);
  started.finish();
  // TCP would not send what is acknowledged.
  started.send_again(started.handshake);
  replay_with_each_personality(
      started, [&](driver::Personality personality, const json& server, const json& counters) {
        CHECK(server["packets"]["plain"] == started.handshake_segments + 1);
        CHECK(server["packets"]["encrypted"] == 6);
        CHECK(server["packets"]["fallback"] == 0);
        CHECK(server["packets"]["dropped"] == 0);
        CHECK(server["not_compared"]["acknowledged"] == 1);
        CHECK(server["rebuilds"] == 0);
        // chelsio takes the segment for the one before the next.
        CHECK(counters["tx_tls_ooo"] == (personality == driver::Personality::chelsio ? 2 : 1));
        CHECK(counters["tx_tls_drop_no_sync_data"] == 0);
        if (counters.contains("tx_tls_skip_no_sync_data"))
          CHECK(counters["tx_tls_skip_no_sync_data"] == 1);
      });
}

TEST_CASE("a segment sent again from both sides of the offload's start goes down in two") {
  Started started;
  const ParsedFrame parsed = parse_frame(started.first[0].bytes);
  started.send_again(joined(started.handshake, parsed.payload(started.first[0].bytes).first(100)));
  started.finish();
  replay_with_each_personality(
      started, [&](driver::Personality personality, const json& server, const json& counters) {
        const bool is_mlx5 = personality == driver::Personality::mlx5;
        const bool is_chelsio = personality == driver::Personality::chelsio;
        CHECK(server["packets"]["plain"] == started.handshake_segments + 1);
        CHECK(server["packets"]["encrypted"] == (is_mlx5 || is_chelsio ? 7 : 6));
        CHECK(server["packets"]["fallback"] == (is_mlx5 || is_chelsio ? 0 : 1));
        CHECK(server["packets"]["dropped"] == 0);
        // The part before the start, the part behind it, and for mlx5 the way back to new data.
        CHECK(counters["tx_tls_ooo"] == (is_mlx5 ? 3 : 2));
        CHECK(counters["tx_tls_drop_no_sync_data"] == 0);
      });
}
