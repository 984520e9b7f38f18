// TLS sessions of every kind that is supported, made to measure by OpenSSL, through the whole
// machine: the plaintext is what OpenSSL's ends have read.
#include <catch2/catch.hpp>
#include <random>

#include "protocol/record_aead.h"
#include "tests/scenarios/made_capture.h"
#include "traces/tls/handshake_follower.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

const std::vector<std::size_t> mixed_sizes{1, 16384, 100, 1448, 3000, 16384, 16384, 7, 5000};

void talk_both_ways(TlsConversation& tls) {
  tls.send_records(Side::client, {40, 16384});
  tls.send_records(Side::server, mixed_sizes);
  tls.send_records(Side::client, {1, 2, 3});
}

// What a server with these keys would send: records of sizes that OpenSSL's never have.
Buffer sealed(const traces::EncryptionStart& start, const std::vector<std::size_t>& sizes,
              std::size_t padding, Buffer& plaintext) {
  RecordAead aead(start.keys);
  const RecordFormat& format = aead.format();
  Buffer wire;
  std::uint64_t number = start.record_number;
  for (const std::size_t size : sizes) {
    const std::size_t pad = format.is_tls13 ? std::min(padding, max_record_plaintext - size) : 0;
    Buffer record(size + pad + format.overhead());
    record[0] = record_application_data;
    store_be16(&record[1], record_header_version);
    store_be16(&record[3], static_cast<std::uint16_t>(record.size() - record_header_size));
    if (format.explicit_nonce != 0) store_be64(&record[5], number);
    for (std::size_t i = 0; i < size; ++i) {
      record[format.prepend() + i] = static_cast<std::uint8_t>('a' + i % 26);
      plaintext.push_back(record[format.prepend() + i]);
    }
    if (format.is_tls13) record[format.prepend() + size] = record_application_data;
    aead.seal(record, number++);
    wire.insert(wire.end(), record.begin(), record.end());
  }
  return wire;
}

traces::EncryptionStart server_keys(const OpensslSession& session) {
  std::vector<std::string> warnings;
  const auto keys = traces::parse_key_log(session.key_log(), "keys", warnings);
  traces::HandshakeFollower follower(keys);
  const auto to_server = traces::Direction::client_to_server;
  const auto to_client = traces::Direction::server_to_client;
  follower.set_initial_sequence(to_server, 0);
  follower.set_initial_sequence(to_client, 0);
  follower.segment(to_server, 1, session.stream(Side::client));
  follower.segment(to_client, 1, session.stream(Side::server));
  return *follower.encryption_start(to_client);
}

}  // namespace

TEST_CASE("AES-GCM, TLS 1.2 and 1.3: every packet behind the handshake is decrypted") {
  const OpensslOptions options =
      GENERATE(tls12("ECDHE-ECDSA-AES128-GCM-SHA256"), tls12("ECDHE-ECDSA-AES256-GCM-SHA384"),
               tls13("TLS_AES_128_GCM_SHA256"), tls13("TLS_AES_256_GCM_SHA384"));
  INFO(options.cipher);
  MadeCapture made;
  std::size_t first = 0;
  const auto tls = talk_tls(made, options, [&](TlsConversation& conversation) {
    first = made.capture.frames.size() + 1;
    talk_both_ways(conversation);
  });
  const auto result = replay_made(made.write());
  const auto& flow = result.summary["flows"][0];
  check_plaintext(flow, tls->session());
  check_all_decrypted(result, first);
  CHECK(flow["version"] == (options.version == 0x0304 ? "TLS 1.3" : "TLS 1.2"));
  CHECK(flow["client"] == "10.0.0.2:50000");
  CHECK(flow["server"] == "10.0.0.1:443");
  CHECK(flow["offloaded"] == true);
  CHECK(flow["reason"] == "");
  for (const char* name : direction_names) check_all_in_hardware(flow[name]);
  // Application data and close_notify; in TLS 1.3 the server's two tickets, too.
  CHECK(flow["client_to_server"]["records"]["total"] == 5 + 1);
  CHECK(flow["server_to_client"]["records"]["total"] ==
        mixed_sizes.size() + 1 + (options.version == 0x0304 ? 2 : 0));
  CHECK(result.summary["counters"]["rx_tls_resync_req_pkt"] == 0);
}

TEST_CASE("ChaCha20-Poly1305 is decrypted in software, and the reason is told") {
  const OpensslOptions options =
      GENERATE(tls12("ECDHE-ECDSA-CHACHA20-POLY1305"), tls13("TLS_CHACHA20_POLY1305_SHA256"));
  MadeCapture made;
  const auto tls = talk_tls(made, options, talk_both_ways);
  const auto result = replay_made(made.write());
  const auto& flow = result.summary["flows"][0];
  check_plaintext(flow, tls->session());
  CHECK(flow["offloaded"] == false);
  CHECK(flow["reason"] == "cipher not offloadable: AES-GCM only");
  for (const char* name : direction_names) {
    CHECK(flow[name]["in_hardware"] == false);
    CHECK(flow[name]["reason"] == "cipher not offloadable: AES-GCM only");
    CHECK(flow[name]["records"]["not"] == flow[name]["records"]["total"]);
    CHECK(flow[name]["packets"]["decrypted"] == 0);
  }
  CHECK(result.summary["tls_stat"]["TlsRxSw"] == 2);
}

TEST_CASE("a suite that is not followed is named; nothing is decrypted") {
  MadeCapture made;
  talk_tls(made, tls12("ECDHE-ECDSA-AES128-SHA"), talk_both_ways);
  const auto result = replay_made(made.write(), R1::unchecked);
  const auto& flow = result.summary["flows"][0];
  CHECK(flow["cipher"] == "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA");
  CHECK(flow["offloaded"] == false);
  CHECK(flow["reason"] ==
        "cipher suite TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA is not supported: AES-CBC suite");
  for (const char* name : direction_names) {
    CHECK(flow[name]["plaintext_bytes"] == 0);
    CHECK(flow[name]["plaintext_sha256"] == "");
    CHECK(flow[name]["packets"]["decrypted"] == 0);
    CHECK(flow[name]["packets"]["passed"].get<int>() > 0);
  }
}

TEST_CASE("KeyUpdate, both directions and several times: back in the chip after each") {
  MadeCapture made;
  const auto tls = talk_tls(made, tls13(), [&](TlsConversation& conversation) {
    for (int round = 0; round < 5; ++round) {
      conversation.send_records(Side::server, {16384, 300, 16384});
      conversation.send_records(Side::client, {500, 16384});
      made.capture.advance(calm_ns);
      const Side from = round % 2 == 0 ? Side::server : Side::client;
      conversation.session().update_key(from, false);
      conversation.send_flights(calm_ns);
    }
    conversation.send_records(Side::server, {16384, 1});
    conversation.send_records(Side::client, {16384, 1});
  });
  const auto result = replay_made(made.write());
  const auto& flow = result.summary["flows"][0];
  check_plaintext(flow, tls->session());
  for (const char* name : direction_names) check_all_in_hardware(flow[name]);
  const auto& stat = result.summary["tls_stat"];
  CHECK(stat["TlsRxRekeyReceived"] == 5);
  CHECK(stat["TlsRxRekeyOk"] == 5);
  CHECK(result.summary["counters"]["rx_tls_ctx"] == 2 + 5);
}

TEST_CASE("KeyUpdate in the middle of everything, in any order of arrival") {
  MadeCapture made;
  const auto tls = talk_tls(made, tls13(), [&](TlsConversation& conversation) {
    for (int round = 0; round < 8; ++round) {
      // In one go: KeyUpdate and data under both keys share segments.
      auto wire = conversation.records(Side::server, {5000, 100, 16384});
      const std::size_t before = conversation.session().flights().size();
      conversation.session().update_key(Side::server, false);
      const auto& update = conversation.session().flights().at(before).bytes;
      wire.insert(wire.end(), update.begin(), update.end());
      const auto behind = conversation.records(Side::server, {1, 16384, 9000});
      wire.insert(wire.end(), behind.begin(), behind.end());
      conversation.tcp().send(Side::server, wire, 2'000);
      conversation.tcp().acknowledge(Side::client);
    }
  });
  auto options = made.write();
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    INFO("seed " << seed);
    options.what_if.seed = seed;
    options.what_if.random_late_probability = seed == 0 ? 0 : 0.03;
    options.what_if.random_late_by = 1 + seed * 2;
    options.parameters.reader.pause_ns = seed % 3 == 2 ? 30'000 : 0;
    // Until the host tells it, the chip decrypts with the old key: what is marked then is garbage
    // that the host turns back.
    const auto result = replay_made(options, R1::unchecked);
    check_plaintext(result.summary["flows"][0], tls->session());
    CHECK(result.summary["tls_stat"]["TlsRxRekeyOk"] == 8);
  }
}

TEST_CASE("KeyUpdate that asks for the peer's: the peer's comes together with its next data") {
  MadeCapture made;
  const auto tls = talk_tls(made, tls13(), [&](TlsConversation& conversation) {
    for (int round = 0; round < 4; ++round) {
      const Side from = round % 2 == 0 ? Side::server : Side::client;
      conversation.session().update_key(from, true);
      conversation.send_flights(calm_ns);
      conversation.send_records(Side::server, {16384, 300, 16384});
      conversation.send_records(Side::client, {500, 16384});
      made.capture.advance(calm_ns);
    }
  });
  const auto result = replay_made(made.write(), R1::unchecked);
  check_plaintext(result.summary["flows"][0], tls->session());
  CHECK(result.summary["tls_stat"]["TlsRxRekeyOk"] == 8);
  CHECK(result.summary["flows"][0]["server_to_client"]["packets"]["decrypted"].get<int>() > 50);
}

TEST_CASE("resumption: the second connection is decrypted as the first") {
  const OpensslOptions options = GENERATE(tls12(), tls13());
  MadeCapture made;
  OpensslSession first(options);
  first.handshake();
  first.write(Side::server, Buffer(20'000, 'x'));
  auto second = first.resumption();
  second->handshake();
  REQUIRE(second->is_resumed());
  second->write(Side::client, Buffer(20'000, 'y'));
  second->write(Side::server, Buffer(30'000, 'z'));
  std::uint16_t port = 50000;
  for (const OpensslSession* session : {&first, second.get()}) {
    ConversationOptions tcp_options;
    tcp_options.client.port = port++;
    Conversation tcp(made.capture, tcp_options);
    tcp.open();
    send_session(tcp, *session);
    tcp.close(Side::client);
    made.key_log += session->key_log();
  }
  const auto result = replay_made(made.write());
  REQUIRE(result.summary["flows"].size() == 2);
  check_plaintext(result.summary["flows"][0], first);
  check_plaintext(result.summary["flows"][1], *second);
  CHECK(result.summary["flows"][1]["offloaded"] == true);
  check_all_in_hardware(result.summary["flows"][1]["server_to_client"]);
}

TEST_CASE("HelloRetryRequest, client certificates, large hellos, small records") {
  OpensslOptions options = GENERATE(tls12(), tls13());
  options.retry_request = options.version == 0x0304;
  options.client_certificate = true;
  options.large_hello = true;
  // Not in TLS 1.3: a piece of a ticket that begins with 24 is a KeyUpdate to the stack
  // (facts 2.10).
  if (options.version == 0x0303) options.max_fragment = 512;
  MadeCapture made;
  const auto tls = talk_tls(made, options, [](TlsConversation& conversation) {
    conversation.send_records(Side::server, {512, 512, 1, 300});
    conversation.send_records(Side::client, {512, 100});
  });
  const auto result = replay_made(made.write());
  check_plaintext(result.summary["flows"][0], tls->session());
  for (const char* name : direction_names) check_all_in_hardware(result.summary["flows"][0][name]);
}

TEST_CASE("fifty connections at once, and ports that are used again") {
  MadeCapture made;
  std::vector<std::unique_ptr<TlsConversation>> all;
  const auto open = [&](std::size_t index, std::uint32_t isn) {
    ConversationOptions tcp;
    tcp.client =
        endpoint("10.0.1." + std::to_string(index % 7), static_cast<std::uint16_t>(50'000 + index));
    tcp.client_isn = isn;
    tcp.server_isn = isn * 3;
    all.push_back(
        std::make_unique<TlsConversation>(made.capture, index % 2 == 0 ? tls12() : tls13(), tcp));
    all.back()->open();
    made.key_log += all.back()->key_log();
  };
  for (std::size_t i = 0; i < 40; ++i) open(i, static_cast<std::uint32_t>(1000 + i));
  for (std::size_t round = 0; round < 3; ++round)
    for (std::size_t i = 0; i < 40; ++i)
      all[i]->send_records(i % 3 == 0 ? Side::client : Side::server, {100 + i, 4000});
  for (std::size_t i = 0; i < 10; ++i) all[i]->close(Side::client);
  for (std::size_t i = 0; i < 10; ++i) open(i, static_cast<std::uint32_t>(900'000 + i));
  for (std::size_t i = 10; i < 50; ++i) {
    all[i]->send_records(Side::server, {10'000, i});
    all[i]->close(Side::server);
  }
  const auto result = replay_made(made.write());
  REQUIRE(result.summary["flows"].size() == 50);
  for (std::size_t i = 0; i < 50; ++i) {
    INFO("stream " << i);
    CHECK(result.summary["flows"][i]["stream"] == i);
    CHECK(result.summary["flows"][i]["offloaded"] == true);
    check_plaintext(result.summary["flows"][i], all[i]->session());
  }
  CHECK(result.summary["counters"]["rx_tls_ctx"] == 100);
  CHECK(result.summary["counters"]["rx_tls_del"] == 100);
}

TEST_CASE("IPv6, and sequence numbers that wrap in the middle") {
  ConversationOptions tcp;
  SECTION("IPv6") {
    tcp.client = endpoint("2001:db8::2", 50000);
    tcp.server = endpoint("2001:db8::1", 443);
  }
  // The last one wraps inside a record header.
  tcp.server_isn = GENERATE(2'000'000u, 0xffffffffu - 20'000, 0xffffffffu - 8'000, 0xffffffffu);
  tcp.client_isn = tcp.server_isn - 100;
  MadeCapture made;
  std::size_t first = 0;
  const auto tls = talk_tls(
      made, tls12(),
      [&](TlsConversation& conversation) {
        first = made.capture.frames.size() + 1;
        talk_both_ways(conversation);
      },
      tcp);
  auto options = made.write();
  const auto result = replay_made(options);
  check_plaintext(result.summary["flows"][0], tls->session());
  check_all_decrypted(result, first);
  if (tcp.client.address.is_ipv6)
    CHECK(result.summary["flows"][0]["client"] == "[2001:db8::2]:50000");
  options.what_if.random_late_probability = 0.1;
  options.what_if.random_late_by = 4;
  check_plaintext(replay_made(options).summary["flows"][0], tls->session());
}

TEST_CASE("segments of 1 to 7 bytes, and segments far above the MTU") {
  const OpensslOptions options = GENERATE(tls12(), tls13());
  MadeCapture made;
  std::size_t first = 0;
  const auto tls = talk_tls(made, options, [&](TlsConversation& conversation) {
    first = made.capture.frames.size() + 1;
    conversation.tcp().send_cut(Side::server,
                                conversation.records(Side::server, {1, 2, 20, 3, 50, 1, 400}),
                                {1, 2, 3, 4, 5, 6, 7}, 500);
    conversation.tcp().send_cut(Side::client, conversation.records(Side::client, {1, 1, 1, 30}),
                                {1}, 500);
    // As captured above segmentation offload: up to more than the IP length field can say.
    const std::vector<std::size_t> sizes(20, 16384);
    conversation.tcp().send_cut(Side::server, conversation.records(Side::server, sizes),
                                {65'483, 30'000, 65'536, 2, 65'484}, 20'000);
  });
  const auto result = replay_made(made.write());
  check_plaintext(result.summary["flows"][0], tls->session());
  check_all_decrypted(result, first);
  for (const char* name : direction_names) check_all_in_hardware(result.summary["flows"][0][name]);
}

TEST_CASE("records of no bytes and of 16384, and padded ones") {
  const OpensslOptions options = GENERATE(tls12(), tls13());
  const std::size_t padding = GENERATE(0u, 100u, 16384u);
  MadeCapture made;
  TlsConversation tls(made.capture, options);
  tls.open(calm_ns);
  made.key_log = tls.key_log();
  auto start = server_keys(tls.session());
  if (options.version == 0x0304) start.record_number = 2;  // behind the tickets
  Buffer plaintext;
  const auto wire = sealed(start, {0, 1, 0, 0, 16384, 0, 5, 16384, 0}, padding, plaintext);
  tls.tcp().send(Side::server, wire, 2'000);
  tls.tcp().close(Side::server);
  const auto result = replay_made(made.write());
  const auto& direction = result.summary["flows"][0]["server_to_client"];
  check_all_in_hardware(direction);
  CHECK(direction["plaintext_bytes"] == 16384 * 2 + 6);
  CHECK(direction["plaintext_sha256"] == sha256_hex(plaintext));
  CHECK(direction["records"]["total"] ==
        9 + start.record_number - (options.version == 0x0304 ? 0 : 1));
}
