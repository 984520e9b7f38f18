#include "tests/scenarios/made_capture.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "traces/capture/capture_reader.h"
#include "traces/stream/connection_tracker.h"

namespace tlsnic::testing {
namespace {

using nlohmann::json;

std::uint64_t occurrences(const std::vector<std::uint64_t>& list, std::uint64_t frame) {
  return static_cast<std::uint64_t>(std::count(list.begin(), list.end(), frame));
}

// Frames that arrive at a chip, by stream.
std::map<std::uint64_t, std::uint64_t> frames_by_stream(const scenarios::ReplayOptions& options) {
  std::map<std::uint64_t, std::uint64_t> out;
  traces::CaptureReader reader(options.capture);
  traces::ConnectionTracker tracker;
  for (traces::CapturedFrame frame; reader.next(frame);) {
    const ParsedFrame parsed = parse_frame(frame.ethernet);
    if (parsed.kind != FrameKind::tcp) continue;
    std::uint64_t& count = out[tracker.track(parsed).stream->number()];
    if (occurrences(options.what_if.drop, frame.number) != 0) continue;
    count += occurrences(options.what_if.duplicate, frame.number) != 0 ? 2 : 1;
  }
  return out;
}

std::uint64_t number(const json& value) {
  return value.get<std::uint64_t>();
}

// The same thing counted by chip, driver and host.
void check_counters(const json& summary, const scenarios::ReplayOptions& options) {
  const auto arrived = frames_by_stream(options);
  std::uint64_t decrypted = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_hardware = 0;
  for (const json& flow : summary["flows"]) {
    std::uint64_t verdicts = 0;
    for (const char* name : direction_names) {
      const json& direction = flow[name];
      for (const json& count : direction["packets"]) verdicts += number(count);
      decrypted += number(direction["packets"]["decrypted"]);
      resyncs += number(direction["resyncs"]);
      in_hardware += direction["in_hardware"].get<bool>() ? 1 : 0;
      const json& records = direction["records"];
      failed += number(records["failed"]);
      CHECK(number(records["total"]) == number(records["entirely"]) + number(records["partially"]) +
                                            number(records["not"]) + number(records["failed"]));
      CHECK(direction["failed_records"].size() ==
            std::min<std::uint64_t>(number(records["failed"]), 100));
    }
    if (options.what_if.random_drop_probability == 0)
      CHECK(verdicts == arrived.at(flow["stream"].get<std::uint64_t>()));
  }
  const json& counters = summary["counters"];
  CHECK(number(counters["rx_tls_decrypted_packets"]) == decrypted);
  CHECK(number(counters["rx_tls_resync_req_start"]) ==
        number(counters["rx_tls_resync_req_end"]) + number(counters["rx_tls_resync_req_skip"]));
  CHECK(number(counters["rx_tls_resync_req_pkt"]) >= number(counters["rx_tls_resync_req_start"]));
  CHECK(number(counters["rx_tls_resync_res_ok"]) <= resyncs);
  CHECK(number(counters["rx_tls_ctx"]) >= in_hardware);
  const json& stat = summary["tls_stat"];
  CHECK(number(stat["TlsRxDeviceResync"]) == resyncs);
  CHECK(number(stat["TlsRxDevice"]) == in_hardware);
  CHECK(number(stat["TlsDecryptError"]) == failed);
}

}  // namespace

std::string sha256_hex(Bytes bytes) {
  std::uint8_t hash[32];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash, &size, EVP_sha256(), nullptr);
  std::string text;
  for (const std::uint8_t byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "tlsnic-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + ": cannot be made");
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

scenarios::ReplayOptions MadeCapture::write() const {
  write_capture(directory_.file("made"), capture, key_log);
  scenarios::ReplayOptions options;
  options.capture = path();
  return options;
}

void send_session(Conversation& tcp, const OpensslSession& session, std::uint64_t gap_ns) {
  for (const Flight& flight : session.flights()) {
    tcp.send(flight.from, flight.bytes);
    tcp.capture().advance(gap_ns);
    tcp.acknowledge(other(flight.from));
  }
}

ReplayResult replay_made(const scenarios::ReplayOptions& options, R1 r1) {
  std::vector<CapturedStream> streams;
  if (r1 == R1::checked) streams = read_captured_streams(options.capture);
  ReplayResult result = replay_in_child(options, r1 == R1::checked ? &streams : nullptr, true);
  REQUIRE(result.error == "");
  CHECK(result.violations == std::vector<std::string>());
  check_counters(result.summary, options);
  return result;
}

void check_plaintext(const json& flow, const OpensslSession& session) {
  for (const Side by : {Side::server, Side::client}) {
    const json& direction = flow[direction_names[by == Side::server ? 0 : 1]];
    INFO("read by the " << (by == Side::server ? "server" : "client"));
    CHECK(direction["plaintext_bytes"] == session.received(by).size());
    CHECK(direction["plaintext_sha256"] == sha256_hex(session.received(by)));
    CHECK(direction["cut"] == "");
    CHECK(direction["records"]["failed"] == 0);
  }
}

void check_all_in_hardware(const json& direction) {
  CHECK(direction["in_hardware"] == true);
  CHECK(direction["reason"] == "");
  CHECK(direction["records"]["entirely"] == direction["records"]["total"]);
  CHECK(direction["records"]["total"].get<int>() > 0);
  CHECK(direction["packets"]["decrypted"].get<int>() > 0);
}

void check_all_decrypted(const ReplayResult& result, std::size_t first) {
  std::size_t decrypted = 0;
  std::vector<std::string> others;
  for (const std::string& packet : result.packets) {
    if (std::stoul(packet) < first || packet.find(" no_payload ") != std::string::npos) continue;
    if (packet.find(" decrypted ") != std::string::npos)
      ++decrypted;
    else
      others.push_back(packet);
  }
  CHECK(others == std::vector<std::string>());
  CHECK(decrypted > 0);
}

}  // namespace tlsnic::testing
