// Sessions made with OpenSSL through the senders' chips: versions, ciphers, changes of keys, and
// segments that the corpus does not have.
#include <catch2/catch.hpp>

#include "protocol/checksum.h"
#include "tests/scenarios/made_capture.h"
#include "tests/scenarios/transmit_in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

using nlohmann::json;

// Both directions; nothing differs, is dropped or unexplained.
json transmit_made(const MadeCapture& made,
                   driver::Personality personality = driver::Personality::mlx5) {
  const auto result = transmit_in_child(made.write(), personality);
  REQUIRE(result.error == "");
  INFO(result.summary.dump());
  CHECK(result.summary["same_wire"] == true);
  for (const json& flow : result.summary["flows"]) {
    for (const char* name : direction_names) {
      CHECK(flow[name]["packets"]["dropped"] == 0);
      CHECK(flow[name]["not_compared"]["record_incomplete"] == 0);
      CHECK(flow[name]["not_compared"]["acknowledged"] == 0);
      CHECK(flow[name]["unfinished"] == 0);
      CHECK(flow[name]["records"]["failed"] == 0);
      CHECK(flow[name]["cut"] == "");
    }
  }
  return result.summary;
}

const json& side(const json& summary, Side sender) {
  return summary["flows"][0][direction_names[sender == Side::client ? 0 : 1]];
}

}  // namespace

TEST_CASE("every version and cipher that the chip has, in either direction") {
  for (const OpensslOptions& tls : {tls12(), tls12("ECDHE-ECDSA-AES256-GCM-SHA384"), tls13(),
                                    tls13("TLS_AES_256_GCM_SHA384")}) {
    for (const char* client : {"10.0.0.2", "2001:db8::2"}) {
      ConversationOptions tcp;
      if (client[0] == '2') tcp.server = endpoint("2001:db8::1", 443);
      tcp.client = endpoint(client, 50000);
      tcp.server_isn = 0xffff'fff0;  // sequence numbers wrap
      MadeCapture made;
      talk_tls(
          made, tls,
          [&](TlsConversation& conversation) {
            conversation.send_records(Side::client, {1, 300, 16384});
            conversation.send_records(Side::server, {16384, 1, 5000, 16384, 16384});
          },
          tcp);
      for (const driver::Personality personality : driver::personalities) {
        INFO(tls.cipher << " " << client << " " << driver::to_string(personality));
        const bool is_taken =
            personality == driver::Personality::mlx5 ||
            (tls.version == 0x0303 && std::string(tls.cipher).find("128") != std::string::npos);
        const json summary = transmit_made(made, personality);
        for (const Side sender : {Side::client, Side::server}) {
          const json& direction = side(summary, sender);
          CHECK(direction["in_hardware"] == is_taken);
          CHECK((direction["packets"]["encrypted"] > 0) == is_taken);
          CHECK((direction["not_compared"]["not_offloaded"] > 0) == !is_taken);
          CHECK((direction["reason"] == "") == is_taken);
        }
      }
    }
  }
}

TEST_CASE("ChaCha20-Poly1305 is not offloaded, and a parameter keeps TLS 1.3 out") {
  MadeCapture chacha;
  talk_tls(chacha, tls13("TLS_CHACHA20_POLY1305_SHA256"),
           [&](TlsConversation& conversation) { conversation.send_records(Side::server, {1000}); });
  const json summary = transmit_made(chacha);
  CHECK(side(summary, Side::server)["in_hardware"] == false);
  CHECK(side(summary, Side::server)["reason"] == "cipher not offloadable: AES-GCM only");

  MadeCapture made;
  talk_tls(made, tls13(),
           [&](TlsConversation& conversation) { conversation.send_records(Side::server, {1000}); });
  auto options = made.write();
  options.parameters.host.tls13_offload = false;
  const auto result = transmit_in_child(options);
  REQUIRE(result.error == "");
  CHECK(side(result.summary, Side::server)["reason"] == "TLS 1.3 not offered to the device");
}

TEST_CASE("after a KeyUpdate software encrypts until the old keys are done with") {
  MadeCapture made;
  talk_tls(made, tls13(), [&](TlsConversation& conversation) {
    conversation.send_records(Side::server, {5000, 5000});
    for (int i = 0; i < 3; ++i) {
      conversation.session().update_key(Side::server, i == 1);
      conversation.send_flights();
      made.capture.advance(calm_ns);
      conversation.send_records(Side::server, {5000, 16384});
      conversation.send_records(Side::client, {200});
    }
  });
  const json summary = transmit_made(made);
  CHECK(summary["counters"]["tx_tls_ctx"] == 2 + 3 + 1);
  CHECK(side(summary, Side::server)["packets"]["encrypted"] > 40);
}

TEST_CASE("records under new keys before the KeyUpdate is acknowledged are software's") {
  MadeCapture made;
  auto conversation = std::make_unique<TlsConversation>(made.capture, tls13());
  conversation->open(calm_ns);
  conversation->send_records(Side::server, {3000});
  made.capture.advance(calm_ns);
  const std::size_t before = made.capture.frames.size();
  conversation->session().update_key(Side::server, false);
  conversation->send_flights();
  conversation->send_records(Side::server, {3000});
  // No acknowledgement in between.
  auto& frames = made.capture.frames;
  for (std::size_t i = before; i < frames.size();) {
    if (frames[i].sender == Side::client)
      frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(i));
    else
      ++i;
  }
  const std::size_t unacknowledged = frames.size() - before;
  made.capture.advance(calm_ns);
  conversation->send_records(Side::server, {3000});
  made.key_log = conversation->key_log();
  const json summary = transmit_made(made);
  // All but the KeyUpdate itself, and the record that comes before the acknowledgement.
  CHECK(side(summary, Side::server)["packets"]["plain"] >= unacknowledged - 1);
  CHECK(side(summary, Side::server)["packets"]["encrypted"] > 3);
}

TEST_CASE("a segment on both sides of the offload's start goes down in two") {
  MadeCapture made;
  OpensslSession session(tls12());
  Conversation tcp(made.capture);
  tcp.open(calm_ns);
  const std::vector<std::uint8_t> request(500, 'x');
  session.write(Side::client, request);
  session.write(Side::server, request);
  made.key_log = session.key_log();
  // The client's last handshake flight and its first record in one segment.
  std::vector<Flight> flights(session.flights().begin(), session.flights().end());
  for (const Flight& flight : flights) {
    tcp.send(flight.from, flight.bytes);
    made.capture.advance(calm_ns);
    tcp.acknowledge(other(flight.from));
  }
  auto& frames = made.capture.frames;
  // Join the last two data frames of the server: Finished and its record.
  std::vector<std::size_t> data;
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (frames[i].sender == Side::server && parse_frame(frames[i].bytes).payload_length > 0)
      data.push_back(i);
  REQUIRE(data.size() >= 2);
  BuiltFrame& first = frames[data[data.size() - 2]];
  const BuiltFrame last = frames[data.back()];
  const ParsedFrame last_parsed = parse_frame(last.bytes);
  const Bytes more = last_parsed.payload(last.bytes);
  first.bytes.insert(first.bytes.end(), more.begin(), more.end());
  const ParsedFrame header = parse_frame(last.bytes);
  store_be16(&first.bytes[header.l3_offset + 2],
             static_cast<std::uint16_t>(first.bytes.size() - header.l3_offset));
  repair_checksums(first.bytes, parse_frame(first.bytes));
  frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(data.back()));
  for (const driver::Personality personality : driver::personalities) {
    INFO(driver::to_string(personality));
    const auto result = transmit_in_child(made.write(), personality);
    REQUIRE(result.error == "");
    const json& server = side(result.summary, Side::server);
    INFO(server.dump());
    CHECK(result.summary["same_wire"] == true);
    CHECK(server["packets"]["encrypted"] == 1);
    CHECK(server["packets"]["plain"] == data.size() - 1);
    CHECK(server["packets"]["dropped"] == 0);
    CHECK(server["rebuilds"] == 0);
  }
}

TEST_CASE("damaged frames are not what a sender sent") {
  MadeCapture made;
  talk_tls(made, tls12(), [&](TlsConversation& conversation) {
    conversation.send_records(Side::server, {1000, 1000, 1000});
  });
  auto& frames = made.capture.frames;
  std::size_t last = 0;
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (parse_frame(frames[i].bytes).payload_length > 900 && frames[i].sender == Side::server)
      last = i;
  BuiltFrame damaged = frames[last];
  damaged.bytes.back() ^= 0x40;
  frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(last), damaged);
  const auto result = transmit_in_child(made.write());
  REQUIRE(result.error == "");
  CHECK(result.summary["same_wire"] == true);
  CHECK(side(result.summary, Side::server)["not_compared"]["bad_checksum"] == 1);
  // Taken for sent, the first copy counts and the second differs from it.
  auto options = made.write();
  options.repair_checksums = true;
  const auto taken = transmit_in_child(options);
  CHECK(taken.summary["same_wire"] == false);
  CHECK(side(taken.summary, Side::server)["first_difference"]["frame"] >= last);
}

TEST_CASE("what cannot be replayed is an error or a reason") {
  MadeCapture made;
  Conversation tcp(made.capture);
  tcp.open(calm_ns);
  const std::vector<std::uint8_t> text{'h', 'e', 'l', 'l', 'o'};
  tcp.send(Side::client, text);
  const auto plain = transmit_in_child(made.write());
  CHECK(plain.error.find("no TLS connection") != std::string::npos);

  MadeCapture tls;
  talk_tls(tls, tls12(),
           [&](TlsConversation& conversation) { conversation.send_records(Side::server, {1000}); });
  tls.key_log.clear();
  const auto unknown = transmit_in_child(tls.write());
  REQUIRE(unknown.error == "");
  CHECK(side(unknown.summary, Side::server)["in_hardware"] == false);
  CHECK(side(unknown.summary, Side::server)["reason"].get<std::string>().find("key log") !=
        std::string::npos);
}
