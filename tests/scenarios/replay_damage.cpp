// Captures with something missing, damaged or unknown in them: what can be read is read, and what
// cannot is named with its place.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "protocol/checksum.h"
#include "tests/scenarios/made_capture.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

constexpr std::size_t payload_at = 14 + 20 + 32;  // in a data segment over IPv4

// A server that sends ten records of 1000 bytes, each in a segment of its own.
struct TenRecords {
  explicit TenRecords(const OpensslOptions& options = tls12()) {
    tls = talk_tls(made, options, [&](TlsConversation& conversation) {
      conversation.send_records(Side::client, {100});
      made.capture.advance(calm_ns);
      for (std::size_t& frame : frames) {
        offsets.push_back(conversation.tcp().next_sequence(Side::server) - 2'000'001);
        frame = made.capture.frames.size() + 1;
        conversation.send_records(Side::server, {1000});
        made.capture.advance(100'000);
      }
    });
  }
  Buffer first(std::size_t bytes) const {
    const Buffer& all = tls->session().received(Side::client);
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(bytes)};
  }

  MadeCapture made;
  std::vector<std::size_t> frames = std::vector<std::size_t>(10);  // number of each record's frame
  std::vector<std::size_t> offsets;  // of each record in the server's stream
  std::unique_ptr<TlsConversation> tls;
};

const nlohmann::json& server_side(const ReplayResult& result) {
  return result.summary["flows"][0]["server_to_client"];
}

void append_reset(Capture& capture, std::size_t like) {
  BuiltFrame frame = capture.frames.at(like);
  frame.time_ns = capture.now_ns;
  ParsedFrame parsed = parse_frame(frame.bytes);
  frame.bytes[parsed.l4_offset + 13] = tcp_rst | tcp_ack;
  frame.bytes.resize(parsed.payload_offset);
  store_be16(&frame.bytes[16], static_cast<std::uint16_t>(parsed.payload_offset - 14));
  repair_checksums(frame.bytes, parse_frame(frame.bytes));
  capture.frames.push_back(frame);
}

}  // namespace

TEST_CASE("a hole that never fills: cut at that byte, and nothing behind it is read") {
  const TenRecords ten;
  auto options = ten.made.write();
  options.what_if.drop = {ten.frames[6]};
  const auto result = replay_made(options);
  CHECK(server_side(result)["cut"] ==
        fmt::format("cut at byte {}: the hole there is never filled", ten.offsets[6]));
  CHECK(server_side(result)["plaintext_bytes"] == 6000);
  CHECK(server_side(result)["plaintext_sha256"] == sha256_hex(ten.first(6000)));
  CHECK(result.summary["flows"][0]["client_to_server"]["cut"] == "");
}

TEST_CASE("a hole is reported, too, when the connection is reset or its ports are used again") {
  TenRecords ten;
  SECTION("reset") {
    append_reset(ten.made.capture, ten.frames[9] - 1);
  }
  SECTION("the same ports") {
    ConversationOptions tcp;
    tcp.client_isn = 77'000'000;
    tcp.server_isn = 88'000'000;
    TlsConversation second(ten.made.capture, tls12(), tcp);
    second.open();
    second.close(Side::client);
    ten.made.key_log += second.key_log();
  }
  auto options = ten.made.write();
  options.what_if.drop = {ten.frames[3]};
  const auto result = replay_made(options);
  CHECK(server_side(result)["cut"] ==
        fmt::format("cut at byte {}: the hole there is never filled", ten.offsets[3]));
  CHECK(server_side(result)["plaintext_bytes"] == 3000);
}

TEST_CASE("a capture that ends within a record says so, with FIN and without") {
  MadeCapture made;
  TlsConversation tls(made.capture, tls12());
  tls.open(calm_ns);
  auto wire = tls.records(Side::server, {1000, 1000});
  wire.resize(wire.size() - 10);
  const std::uint32_t start = tls.tcp().next_sequence(Side::server) - 2'000'001;
  tls.tcp().send(Side::server, wire);
  if (GENERATE(false, true)) tls.tcp().close(Side::server);
  made.key_log = tls.key_log();
  // OpenSSL says nothing about the part of a record that the chip decrypts.
  const auto result = replay_made(made.write(), R1::unchecked);
  CHECK(server_side(result)["cut"] ==
        fmt::format("ends within the record at byte {}", start + 1029));
  CHECK(server_side(result)["plaintext_bytes"] == 1000);
}

TEST_CASE("ports used again before the application has read: the rest is reported as cut") {
  TenRecords ten;
  ConversationOptions tcp;
  tcp.client_isn = 77'000'000;
  tcp.server_isn = 88'000'000;
  TlsConversation second(ten.made.capture, tls12(), tcp);
  second.open();
  ten.made.key_log += second.key_log();
  auto options = ten.made.write();
  options.parameters.reader.pause_ns = 100'000'000;
  const auto result = replay_made(options);
  CHECK(server_side(result)["cut"] ==
        fmt::format("cut at byte {}: not read before the ports were used again", ten.offsets[1]));
}

TEST_CASE("frames of the handshake are lost: no keys are handed over, nothing is decrypted") {
  const TenRecords ten(GENERATE(tls12(), tls13()));
  // The server's first data frame.
  std::size_t lost = 0;
  while (ten.made.capture.frames[lost].sender != Side::server ||
         parse_frame(ten.made.capture.frames[lost].bytes).payload_length == 0)
    ++lost;
  auto options = ten.made.write();
  options.what_if.drop = {lost + 1};
  const auto result = replay_made(options);
  CHECK(server_side(result)["cut"] == "cut at byte 0: the hole there is never filled");
  CHECK(server_side(result)["reason"] == "the handshake was not read to its end");
  CHECK(server_side(result)["in_hardware"] == false);
  CHECK(server_side(result)["plaintext_bytes"] == 0);
  CHECK(result.summary["flows"][0]["client_to_server"]["plaintext_bytes"] == 100);
}

TEST_CASE("handshake frames that the capture itself lacks are named") {
  TenRecords ten;
  // The server's second data frame: its Certificate goes on there.
  std::size_t data = 0;
  auto& frames = ten.made.capture.frames;
  for (auto frame = frames.begin(); frame != frames.end(); ++frame) {
    if (frame->sender != Side::server || parse_frame(frame->bytes).payload_length == 0) continue;
    if (++data < 2) continue;
    frames.erase(frame);
    break;
  }
  const auto result = replay_made(ten.made.write(), R1::unchecked);
  CHECK(server_side(result)["reason"] ==
        "no Finished of the server in the capture; of the server's stream, bytes from 1448 on are "
        "missing");
  CHECK(server_side(result)["packets"]["decrypted"] == 0);
  CHECK(server_side(result)["cut"] == "cut at byte 1448: the hole there is never filled");
}

TEST_CASE("a capture that starts in the middle of a connection") {
  TenRecords ten;
  auto& frames = ten.made.capture.frames;
  frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(ten.frames[2] - 1));
  const auto result = replay_made(ten.made.write(), R1::unchecked);
  const auto& flow = result.summary["flows"][0];
  CHECK(flow["offloaded"] == false);
  CHECK(flow["version"] == "");
  CHECK(flow["client"] == "10.0.0.2:50000");  // the higher port
  CHECK(flow["reason"] == "the capture has no SYN of the server before its data");
  CHECK(server_side(result)["packets"]["passed"] == 8 + 1);  // records and close_notify
}

TEST_CASE("no keys, the keys of another connection, wrong secrets") {
  TenRecords ten;
  std::string expected;
  SECTION("no key log") {
    ten.made.key_log.clear();
    expected = "the key log has no CLIENT_RANDOM line for client random ";
  }
  SECTION("of another connection") {
    ten.made.key_log = TenRecords().tls->key_log();
    expected = "the key log has no CLIENT_RANDOM line for client random ";
  }
  SECTION("a wrong secret") {
    char& last = ten.made.key_log.at(ten.made.key_log.find_last_not_of('\n'));
    last = last == '0' ? '1' : '0';
    expected = "the server's handshake record at stream byte ";
  }
  const auto result = replay_made(ten.made.write(), R1::unchecked);
  const auto& flow = result.summary["flows"][0];
  CHECK(flow["reason"].get<std::string>().rfind(expected, 0) == 0);
  CHECK(flow["version"] == "TLS 1.2");
  for (const char* name : direction_names) {
    CHECK(flow[name]["in_hardware"] == false);
    CHECK(flow[name]["plaintext_sha256"] == "");
    CHECK(flow[name]["packets"]["decrypted"] == 0);
  }
}

TEST_CASE("TCP that is not TLS beside a TLS connection") {
  TenRecords ten;
  ConversationOptions options;
  options.client.port = 40000;
  options.server.port = 80;
  Conversation plain(ten.made.capture, options);
  plain.open();
  const std::string request = "GET / HTTP/1.1\r\n\r\n";
  plain.send(Side::client, Bytes(reinterpret_cast<const std::uint8_t*>(request.data()),
                                 static_cast<std::size_t>(request.size())));
  plain.send(Side::server, Buffer(10'000, 'x'));
  plain.close(Side::client);
  const auto result = replay_made(ten.made.write(), R1::unchecked);
  check_plaintext(result.summary["flows"][0], ten.tls->session());
  const auto& flow = result.summary["flows"][1];
  CHECK(flow["reason"] ==
        "the client's payload begins with 474554202f20, not with a TLS handshake");
  CHECK(flow["client_to_server"]["packets"]["not_tls"] == 1);
  CHECK(flow["server_to_client"]["packets"]["not_tls"] == 7);
  CHECK(flow["server_to_client"]["packets"]["passed"] == 0);
  CHECK(flow["client_to_server"]["packets"]["control"] == 4);  // SYN, ACK, FIN, ACK
}

TEST_CASE("a payload or tag byte is tampered with: one record fails, the others are fine") {
  const TenRecords ten(GENERATE(tls12(), tls13()));
  const std::size_t record = 4;
  const std::size_t size = ten.made.capture.frames[ten.frames[record] - 1].bytes.size();
  const std::size_t byte = GENERATE_REF(payload_at + 100, size - 1, size - 16);
  auto options = ten.made.write();
  options.what_if.tamper = {{ten.frames[record], byte}};
  const auto result = replay_made(options);
  const auto& direction = server_side(result);
  const bool is_tls13 = result.summary["flows"][0]["version"] == "TLS 1.3";
  CHECK(direction["records"]["failed"] == 1);
  REQUIRE(direction["failed_records"].size() == 1);
  // TLS 1.2: the Finished is record 0. TLS 1.3: two tickets come first.
  CHECK(direction["failed_records"][0]["number"] == record + (is_tls13 ? 2 : 1));
  CHECK(direction["failed_records"][0]["stream_offset"] == ten.offsets[record]);
  Buffer others = ten.first(10'000);
  others.erase(others.begin() + 4000, others.begin() + 5000);
  CHECK(direction["plaintext_sha256"] == sha256_hex(others));
  CHECK(direction["cut"] == "");
  CHECK(direction["packets"]["passed"].get<int>() >= 1);
  // The chip keeps its place: all others are decrypted.
  CHECK(direction["records"]["entirely"] == direction["records"]["total"].get<int>() - 1);
  CHECK(result.summary["counters"]["rx_tls_err"] == 1);
}

TEST_CASE("a record header is tampered with: cut there, as a kernel would") {
  const TenRecords ten(GENERATE(tls12(), tls13()));
  auto options = ten.made.write();
  options.what_if.tamper = {{ten.frames[4], payload_at + 3}};  // high byte of the length
  const auto result = replay_made(options, R1::unchecked);
  const auto& direction = server_side(result);
  CHECK(direction["cut"] == fmt::format("unreadable at byte {}: Message too long", ten.offsets[4]));
  CHECK(direction["plaintext_sha256"] == sha256_hex(ten.first(4000)));

  // The low byte: a record of another length, whose end is in the middle of the next one.
  options.what_if.tamper = {{ten.frames[4], payload_at + 4}};
  const auto shifted = replay_made(options, R1::unchecked);
  CHECK(server_side(shifted)["failed_records"][0]["stream_offset"] == ten.offsets[4]);
  CHECK(server_side(shifted)["plaintext_bytes"] == 4000);
  CHECK(server_side(shifted)["cut"].get<std::string>().rfind("unreadable at byte ", 0) == 0);
}

TEST_CASE("a wrong checksum: passed as it came, dropped by the host") {
  const TenRecords ten;
  auto options = ten.made.write();
  options.what_if.corrupt = {{ten.frames[4], payload_at + 100}};
  const auto lost = replay_made(options);
  CHECK(server_side(lost)["packets"]["bad_checksum"] == 1);
  CHECK(server_side(lost)["cut"] ==
        fmt::format("cut at byte {}: the hole there is never filled", ten.offsets[4]));
  CHECK(server_side(lost)["plaintext_bytes"] == 4000);

  options.what_if.duplicate = {ten.frames[4]};  // and then it comes again, whole
  const auto result = replay_made(options);
  check_plaintext(result.summary["flows"][0], ten.tls->session());
  CHECK(server_side(result)["packets"]["bad_checksum"] == 1);
  check_all_in_hardware(server_side(result));
}

TEST_CASE("a capture of a sender whose device fills checksums in") {
  TenRecords ten;
  for (BuiltFrame& frame : ten.made.capture.frames)
    if (frame.sender == Side::server) frame.bytes[14 + 20 + 16] ^= 0x5a;
  auto options = ten.made.write();
  const auto as_captured = replay_made(options);
  CHECK(server_side(as_captured)["in_hardware"] == false);
  CHECK(server_side(as_captured)["packets"]["bad_checksum"].get<int>() > 10);
  options.repair_checksums = true;
  const auto repaired = replay_made(options);
  check_plaintext(repaired.summary["flows"][0], ten.tls->session());
  CHECK(server_side(repaired)["packets"]["bad_checksum"] == 0);
  check_all_in_hardware(server_side(repaired));
}
