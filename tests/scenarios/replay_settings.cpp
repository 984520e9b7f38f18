// What can be set about chip, driver, host and reader, seen from outside: the plaintext stays, the
// counters tell.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/scenarios/corpus.h"
#include "tests/scenarios/made_capture.h"
#include "traces/capture/capture_reader.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

void set(scenarios::ReplayOptions& options, const std::string& assignment) {
  scenarios::set_parameter(options.parameters, assignment);
}

// A server that sends 60 records of 16384 bytes at about 5 Gb/s.
struct Download {
  explicit Download(const OpensslOptions& options = tls12()) {
    tls = talk_tls(made, options, [&](TlsConversation& conversation) {
      first = made.capture.frames.size() + 1;
      for (int i = 0; i < 60; ++i) conversation.send_records(Side::server, {16384}, 2'000);
    });
  }
  MadeCapture made;
  std::size_t first = 0;  // frame of the first record
  std::unique_ptr<TlsConversation> tls;
};

const nlohmann::json& server_side(const ReplayResult& result) {
  return result.summary["flows"][0]["server_to_client"];
}

std::size_t packets_with(const ReplayResult& result, const std::string& reason) {
  return static_cast<std::size_t>(
      std::count_if(result.packets.begin(), result.packets.end(), [&](const std::string& packet) {
        return packet.find(' ' + reason + ' ') != std::string::npos;
      }));
}

// How many packets were a header candidate to the chip though no header begins in them.
std::size_t false_candidates(const scenarios::ReplayOptions& options, const ReplayResult& result) {
  const auto stream = read_captured_streams(options.capture).at(0).directions[1];
  std::vector<std::uint64_t> headers;
  for (std::size_t at = 0; at + record_header_size <= stream.ideal.size();
       at += record_header_size + read_record_header(&stream.ideal[at]).length)
    headers.push_back(at);
  std::size_t count = 0;
  traces::CaptureReader reader(options.capture);
  for (traces::CapturedFrame frame; reader.next(frame);) {
    const std::string begin = fmt::format("{} passed candidate ", frame.number);
    if (std::none_of(result.packets.begin(), result.packets.end(),
                     [&](const std::string& packet) { return packet.rfind(begin, 0) == 0; }))
      continue;
    const ParsedFrame parsed = parse_frame(frame.ethernet);
    const std::uint64_t start = parsed.sequence - stream.first_sequence;
    // A header can end in the segment and begin in the one before.
    const auto next = std::lower_bound(headers.begin(), headers.end(), start < 4 ? 0 : start - 4);
    if (next == headers.end() || *next >= start + parsed.payload_length) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("the device has room for one connection: the second one is decrypted in software") {
  MadeCapture made;
  std::vector<std::unique_ptr<TlsConversation>> both;
  for (std::uint16_t i = 0; i < 2; ++i) {
    ConversationOptions tcp;
    tcp.client.port = static_cast<std::uint16_t>(50'000 + i);
    both.push_back(std::make_unique<TlsConversation>(made.capture, tls12(), tcp));
    both.back()->open(calm_ns);
    made.key_log += both.back()->key_log();
  }
  for (const auto& one : both) one->send_records(Side::server, {16384, 16384});
  for (const auto& one : both) one->close(Side::client);
  auto options = made.write();
  set(options, GENERATE("nic.contexts.max=1", "nic.keys.max=1"));
  const auto result = replay_made(options);
  for (std::size_t i = 0; i < 2; ++i)
    check_plaintext(result.summary["flows"][i], both[i]->session());
  check_all_in_hardware(result.summary["flows"][0]["server_to_client"]);
  const auto& second = result.summary["flows"][1];
  CHECK(second["offloaded"] == false);
  CHECK(second["reason"] == "no room in the device");
  CHECK(second["server_to_client"]["reason"] == "no room in the device");
  CHECK(result.summary["tls_stat"]["TlsRxDevice"] == 2);
  CHECK(result.summary["tls_stat"]["TlsRxSw"] == 2);
}

TEST_CASE("host.tls13_offload=off: TLS 1.3 in software, TLS 1.2 in the device") {
  const bool is_tls13 = GENERATE(false, true);
  const Download download(is_tls13 ? tls13() : tls12());
  auto options = download.made.write();
  set(options, "host.tls13_offload=off");
  const auto result = replay_made(options);
  check_plaintext(result.summary["flows"][0], download.tls->session());
  CHECK(server_side(result)["in_hardware"] == !is_tls13);
  CHECK(server_side(result)["reason"] == (is_tls13 ? "TLS 1.3 not offered to the device" : ""));
}

TEST_CASE("--side: the other end decrypts in software and says why") {
  const Download download;
  auto options = download.made.write();
  options.side = scenarios::Side::server;
  const auto result = replay_made(options);
  check_plaintext(result.summary["flows"][0], download.tls->session());
  CHECK(server_side(result)["reason"] == "offload not selected at this end");
  CHECK(server_side(result)["packets"]["decrypted"] == 0);
  CHECK(result.summary["flows"][0]["client_to_server"]["in_hardware"] == true);
  CHECK(result.summary["flows"][0]["offloaded"] == true);
}

TEST_CASE("a slow reader gets everything, later") {
  const Download download;
  auto options = download.made.write();
  const auto fast = replay_made(options);
  set(options, "reader.pause_ns=1000000");
  const auto slow = replay_made(options);
  check_plaintext(slow.summary["flows"][0], download.tls->session());
  check_all_in_hardware(server_side(slow));
  CHECK(slow.summary["simulated_ns"].get<std::uint64_t>() >
        fast.summary["simulated_ns"].get<std::uint64_t>() + 50'000'000);
}

TEST_CASE("keys that come late: the chip catches up by a resync") {
  // In the middle of the download, which takes 1.4 ms. It begins 1 ms behind the server's Finished;
  // in TLS 1.3 the client's Finished and the tickets come in between.
  const bool is_tls13 = GENERATE(false, true);
  const Download download(is_tls13 ? tls13() : tls12());
  auto options = download.made.write();
  set(options, is_tls13 ? "keys.delay_ns=3600000" : "keys.delay_ns=1600000");
  const auto result = replay_made(options);
  check_plaintext(result.summary["flows"][0], download.tls->session());
  CHECK(server_side(result)["records"]["not"].get<int>() > 5);
  CHECK(server_side(result)["records"]["entirely"].get<int>() > 5);
  CHECK(result.summary["counters"]["rx_tls_resync_res_ok"].get<int>() >= 1);
  CHECK(packets_with(result, "no_context") > 0);

  set(options, "keys.delay_ns=10000000000");  // after the end of the connection
  const auto never = replay_made(options);
  check_plaintext(never.summary["flows"][0], download.tls->session());
  CHECK(server_side(never)["records"]["entirely"] == 0);
}

TEST_CASE("every policy of the scan brings a stream with late packets back, and reads the same") {
  const Download download(GENERATE(tls12(), tls13()));
  for (const char* start : {"after_max_record", "immediate"}) {
    for (const char* test :
         {"version", "version_length", "type_version_length", "application_data"}) {
      for (const char* rescan : {"0", "3"}) {
        INFO(start << ' ' << test << ' ' << rescan);
        auto options = download.made.write();
        set(options, std::string("nic.rx.scan_start=") + start);
        set(options, std::string("nic.rx.header_test=") + test);
        set(options, std::string("nic.rx.rescan_after_records=") + rescan);
        options.what_if.random_late_probability = 0.02;
        options.what_if.random_late_by = 5;
        const auto result = replay_made(options);
        check_plaintext(result.summary["flows"][0], download.tls->session());
        CHECK(server_side(result)["packets"]["decrypted"].get<int>() > 50);
      }
    }
  }
}

TEST_CASE("scanning at once finds the stream earlier than after a record's length") {
  const Download download;
  auto options = download.made.write();
  // A record's 12 segments and an ACK: this frame begins with a header.
  options.what_if.late[download.first + 13 * 20] = 15;
  const auto later = replay_made(options);
  set(options, "nic.rx.scan_start=immediate");
  set(options, "nic.rx.header_test=type_version_length");
  const auto at_once = replay_made(options);
  CHECK(packets_with(later, "waiting") > 0);
  CHECK(packets_with(at_once, "waiting") == 0);
  CHECK(server_side(at_once)["packets"]["decrypted"].get<int>() >=
        server_side(later)["packets"]["decrypted"].get<int>());
}

TEST_CASE("a reader so slow that the confirmation comes many records later") {
  auto options = corpus_replay(corpus_path("linux-doc-reorder-bad.pcap"));
  options.what_if.late[21] = 3;
  const auto fast = replay_made(options);
  set(options, "reader.wakeup_ns=2000000");
  const auto slow = replay_made(options);
  CHECK(server_side(slow)["plaintext_sha256"] == server_side(fast)["plaintext_sha256"]);
  CHECK(packets_with(slow, "tracking") > packets_with(fast, "tracking") + 50);
  CHECK(slow.summary["counters"]["rx_tls_resync_res_ok"] == 1);
  // The answer was about a record long past, and still the chip goes on from where it was.
  CHECK(server_side(slow)["packets"]["decrypted"].get<int>() > 50);
  CHECK(server_side(slow)["packets"]["decrypted"].get<int>() <
        server_side(fast)["packets"]["decrypted"].get<int>());
}

TEST_CASE("the document's header test can latch onto bytes that only look like a header") {
  auto options = corpus_replay(corpus_path("linux-doc-reorder-bad.pcap"));
  options.what_if.random_late_probability = 0.05;
  options.what_if.random_late_by = 4;
  options.what_if.seed = 8;  // found by trying: the scan meets 03 03 inside a record
  const auto loose = replay_made(options);
  CHECK(false_candidates(options, loose) > 0);
  set(options, "nic.rx.header_test=type_version_length");
  const auto strict = replay_made(options);
  CHECK(false_candidates(options, strict) == 0);
  CHECK(server_side(loose)["plaintext_sha256"] == server_side(strict)["plaintext_sha256"]);
  CHECK(loose.summary["counters"]["rx_tls_resync_req_start"].get<int>() >
        loose.summary["counters"]["rx_tls_resync_res_ok"].get<int>());
}
