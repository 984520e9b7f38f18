// The corpus through the senders' chips: what leaves them is what Linux hosts and a NIC put on the
// wire, for every driver, and a changed capture is not.
#include <catch2/catch.hpp>

#include "protocol/checksum.h"
#include "tests/scenarios/captured_streams.h"
#include "tests/scenarios/corpus.h"
#include "tests/scenarios/made_capture.h"
#include "tests/scenarios/transmit_in_child.h"
#include "tests/support/tshark.h"
#include "traces/capture/capture_reader.h"
#include "traces/capture/pcap_writer.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

using nlohmann::json;

scenarios::ReplayOptions options_for(const std::string& capture) {
  scenarios::ReplayOptions options;
  options.capture = capture;
  return options;
}

std::uint64_t number(const json& value) {
  return value.get<std::uint64_t>();
}

struct Segment {
  std::uint64_t frame = 0;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  std::uint32_t payload_at = 0;
  ParsedFrame parsed;
};

// Segments with payload that the server sends on the capture's only connection.
std::vector<Segment> server_segments(const std::string& capture) {
  const auto streams = read_captured_streams(capture);
  std::vector<Segment> out;
  traces::CaptureReader reader(capture);
  for (traces::CapturedFrame frame; reader.next(frame);) {
    const ParsedFrame parsed = parse_frame(frame.ethernet);
    if (parsed.kind != FrameKind::tcp || parsed.payload_length == 0 ||
        (parsed.tuple.source.port != 4433 && parsed.tuple.source.port != 443))
      continue;
    const std::uint32_t offset = parsed.sequence - streams.at(0).directions[1].first_sequence;
    out.push_back({frame.number, offset, parsed.payload_length, parsed.payload_offset, parsed});
  }
  return out;
}

// The capture with one bit of one frame's payload inverted, checksums made right.
void write_changed(const std::string& capture, const std::string& to, std::uint64_t changed,
                   std::size_t payload_byte) {
  traces::CaptureReader reader(capture);
  traces::PcapWriter writer(to);
  for (traces::CapturedFrame frame; reader.next(frame);) {
    std::vector<std::uint8_t> bytes(frame.ethernet.begin(), frame.ethernet.end());
    const ParsedFrame parsed = parse_frame(bytes);
    if (frame.number == changed) {
      bytes[parsed.payload_offset + payload_byte] ^= 1;
      repair_checksums(bytes, parsed);
    }
    writer.frame(frame.time_ns, bytes);
  }
  writer.close();
}

json server_side(const scenarios::ReplayOptions& options,
                 driver::Personality personality = driver::Personality::mlx5) {
  const auto result = transmit_in_child(options, personality);
  REQUIRE(result.error == "");
  return result.summary["flows"][0]["server_to_client"];
}

// Everything with payload is in one of the verdicts.
std::uint64_t segments_of(const json& direction) {
  std::uint64_t out = 0;
  for (const json& count : direction["packets"]) out += number(count);
  return out;
}

}  // namespace

TEST_CASE("every driver puts the captured bytes on the wire") {
  for (const std::string& capture : corpus_captures()) {
    INFO(capture);
    std::uint64_t with_payload = 0;
    traces::CaptureReader reader(capture);
    for (traces::CapturedFrame frame; reader.next(frame);) {
      const ParsedFrame parsed = parse_frame(frame.ethernet);
      with_payload += parsed.kind == FrameKind::tcp && parsed.payload_length > 0 ? 1 : 0;
    }
    const bool is_tls13 = capture.find("t13") != std::string::npos;
    for (const driver::Personality personality : driver::personalities) {
      INFO(driver::to_string(personality));
      const auto result = transmit_in_child(options_for(capture), personality);
      REQUIRE(result.error == "");
      const json& summary = result.summary;
      CHECK(summary["same_wire"] == true);
      CHECK(summary["stray_frames"] == 0);
      const bool is_taken = !is_tls13 || personality == driver::Personality::mlx5;
      std::uint64_t segments = 0;
      std::uint64_t encrypted = 0;
      for (const json& flow : summary["flows"]) {
        for (const char* name : direction_names) {
          const json& direction = flow[name];
          INFO(flow["stream"] << " " << name << " " << direction.dump());
          CHECK(direction["in_hardware"] == is_taken);
          CHECK(direction["packets"]["different"] == 0);
          CHECK(direction["packets"]["dropped"] == 0);
          CHECK(direction["not_compared"]["record_incomplete"] == 0);
          CHECK(direction["not_compared"]["bad_checksum"] == 0);
          CHECK(direction["records"]["failed"] == 0);
          CHECK(direction["first_difference"] == nullptr);
          CHECK(direction["cut"] == "");
          CHECK((number(direction["packets"]["encrypted"]) > 0) == is_taken);
          segments += segments_of(direction);
          encrypted += number(direction["packets"]["encrypted"]);
          if (personality != driver::Personality::chelsio) CHECK(direction["recut"] == 0);
        }
      }
      CHECK(segments == with_payload);
      // Each of them is one frame, of which the driver counts what it encrypts, again and again.
      if (personality != driver::Personality::chelsio)
        CHECK(summary["counters"]["tx_tls_encrypted_packets"] == encrypted);
    }
  }
}

TEST_CASE("mlx5 counts every segment that does not begin where the one before ended") {
  for (const char* name : {"t12-128-clean.rx", "t12-128-mtu-lossy.tx", "t12-128-tso-lossy.tx",
                           "ktls12-sendfile.tx", "linux-doc-reorder-good"}) {
    const std::string capture = corpus_path(std::string(name) + ".pcap");
    INFO(capture);
    const auto segments = server_segments(capture);
    const auto streams = read_captured_streams(capture);
    auto options = options_for(capture);
    options.side = scenarios::Side::server;
    const auto result = transmit_in_child(options);
    REQUIRE(result.error == "");
    const json& server = result.summary["flows"][0]["server_to_client"];
    CHECK(server["packets"]["not_compared"] == 0);
    std::uint64_t out_of_order = 0;
    std::uint64_t expected = number(server["packets"]["plain"]) > 0 ? 0 : 1;
    std::uint64_t plain = number(server["packets"]["plain"]);
    for (const Segment& segment : segments) {
      if (plain > 0) {
        --plain;
      } else {
        out_of_order += segment.offset != expected ? 1 : 0;
      }
      expected = segment.offset + segment.size;
    }
    CHECK(result.summary["counters"]["tx_tls_ooo"] == out_of_order);
    CHECK(server["rebuilds"] == out_of_order);
    CHECK((out_of_order > 0) == (std::string(name).find("lossy") != std::string::npos ||
                                 std::string(name).find("sendfile") != std::string::npos));
    CHECK(result.summary["counters"]["tx_tls_dump_bytes"] == server["dump_bytes"]);
    CHECK(result.summary["counters"]["tx_tls_dump_packets"] == server["dump_packets"]);
    const json& client = result.summary["flows"][0]["client_to_server"];
    CHECK(client["in_hardware"] == false);
    CHECK(client["reason"] == "offload not selected at this end");
    CHECK(segments_of(client) == 0);
  }
}

TEST_CASE("a changed ciphertext bit is reported with its frame") {
  const std::string capture = corpus_path("t12-128-clean.rx.pcap");
  const auto segments = server_segments(capture);
  const ScratchDirectory directory;
  auto options = options_for(directory.file("changed.pcap"));
  options.keys = scenarios::key_log_beside(capture);
  for (const std::size_t index : {std::size_t{5}, std::size_t{60}, segments.size() - 3}) {
    const Segment& segment = segments[index];
    const std::size_t byte = segment.size / 2;
    INFO("frame " << segment.frame << " byte " << byte);
    write_changed(capture, options.capture, segment.frame, byte);
    for (const driver::Personality personality :
         {driver::Personality::mlx5, driver::Personality::nfp, driver::Personality::chelsio}) {
      const auto result = transmit_in_child(options, personality);
      REQUIRE(result.error == "");
      CHECK(result.summary["same_wire"] == false);
      const json& server = result.summary["flows"][0]["server_to_client"];
      INFO(server.dump());
      // The plaintext comes from the changed bytes: it is the record's tag that differs.
      CHECK(server["packets"]["different"] >= 1);
      CHECK(server["packets"]["different"] <= 2);
      REQUIRE(server["failed_records"].size() == 1);
      const json& record = server["failed_records"][0];
      CHECK(record["first_frame"] <= segment.frame);
      CHECK(record["last_frame"] >= segment.frame);
      CHECK(server["first_difference"]["frame"] >= segment.frame);
      CHECK(server["first_difference"]["frame"] <= record["last_frame"]);
    }
  }
}

TEST_CASE("a changed bit in a retransmission is named to the byte") {
  const std::string capture = corpus_path("t12-128-mtu-lossy.tx.pcap");
  const auto segments = server_segments(capture);
  std::uint64_t end = 0;
  const Segment* again = nullptr;
  for (const Segment& segment : segments) {
    if (segment.offset + segment.size <= end) again = &segment;
    end = std::max(end, segment.offset + segment.size);
  }
  REQUIRE(again != nullptr);
  const ScratchDirectory directory;
  auto options = options_for(directory.file("changed.pcap"));
  options.keys = scenarios::key_log_beside(capture);
  for (const std::size_t byte : {std::size_t{0}, std::size_t{100}, std::size_t{again->size - 1}}) {
    write_changed(capture, options.capture, again->frame, byte);
    for (const driver::Personality personality : driver::personalities) {
      INFO(driver::to_string(personality) << " byte " << byte);
      const json server = server_side(options, personality);
      CHECK(server["packets"]["different"] == 1);
      CHECK(server["first_difference"]["frame"] == again->frame);
      CHECK(server["first_difference"]["byte"] == again->payload_at + byte);
      CHECK(server["records"]["failed"] == 0);
    }
  }
}

TEST_CASE("a segment whose record the capture does not have to its end is not compared") {
  const std::string capture = corpus_path("t12-128-clean.rx.pcap");
  const auto segments = server_segments(capture);
  const std::uint64_t last = segments[100].frame;
  const ScratchDirectory directory;
  auto options = options_for(directory.file("cut.pcap"));
  options.keys = scenarios::key_log_beside(capture);
  for (const bool lose_one : {false, true}) {
    traces::CaptureReader reader(capture);
    traces::PcapWriter writer(options.capture);
    for (traces::CapturedFrame frame; reader.next(frame) && (lose_one || frame.number <= last);)
      if (!lose_one || frame.number != last) writer.frame(frame.time_ns, frame.ethernet);
    writer.close();
    const json server = server_side(options);
    INFO(server.dump());
    CHECK(server["packets"]["different"] == 0);
    CHECK(number(server["not_compared"]["record_incomplete"]) > 0);
    CHECK(number(server["packets"]["encrypted"]) > 50);
    CHECK(segments_of(server) == (lose_one ? segments.size() - 1 : 101));
    CHECK(server["cut"] != "");
  }
}

TEST_CASE("the captures of hosts have unfinished checksums, that of the other NIC has none") {
  const json host = server_side(options_for(corpus_path("t12-128-mtu-lossy.tx.pcap")));
  CHECK(number(host["unfinished"]) == segments_of(host));
  const json nic = server_side(options_for(corpus_path("xnic-t12-lossy.pcap")));
  CHECK(number(nic["unfinished"]) == 0);
}
