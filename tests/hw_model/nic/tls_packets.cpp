// The rules of the design as they show at the chip's interface: R1 whole or untouched, R3 same
// order, R6 bad checksum. What a packet should become comes from OpenSSL (record_stream.h).
#include <catch2/catch.hpp>
#include <random>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

std::vector<TestConnection> connections_of_every_kind() {
  std::vector<TestConnection> connections;
  for (const auto version : {TlsVersion::tls12, TlsVersion::tls13}) {
    for (const auto cipher : {TlsCipher::aes_gcm_128, TlsCipher::aes_gcm_256}) {
      TestConnection connection;
      connection.index = static_cast<std::uint32_t>(connections.size());
      const auto port = static_cast<std::uint16_t>(4000 + connection.index);
      connection.tuple = cipher == TlsCipher::aes_gcm_128 ? ipv4_tuple(port) : ipv6_tuple(port);
      connection.keys = test_keys(version, cipher);
      connection.keys.key[3] = static_cast<std::uint8_t>(connection.index);
      connection.record_number = 1000 * connection.index;
      connections.push_back(connection);
    }
  }
  return connections;
}

}  // namespace

TEST_CASE("interleaved connections, VLAN and IPv6, other frames and bad checksums in between") {
  in_child([] {
    Bench bench;
    bench.bring_up({16, 16, 512, 512, 2048});
    const auto connections = connections_of_every_kind();
    std::vector<RecordStream> streams;
    for (const auto& connection : connections) {
      bench.install(connection);
      streams.emplace_back(connection.keys, std::vector<std::size_t>{0, 1, 900, 4000, 33, 16384},
                           connection.record_number, connection.index + 1);
    }
    struct Expected {
      Buffer bytes;
      std::uint8_t tls;
      std::uint8_t l4;
    };
    std::mt19937 random(7);
    std::vector<std::size_t> offset(connections.size(), 0);
    std::size_t decrypted = 0;
    for (int round = 0; round < 30; ++round) {
      std::vector<Expected> expected;
      const auto send = [&](Buffer wire, Buffer delivered, std::uint8_t tls, std::uint8_t l4) {
        expected.push_back({std::move(delivered), tls, l4});
        bench.send(std::move(wire));
      };
      for (int i = 0; i < 12; ++i) {
        const std::size_t which = random() % connections.size();
        const TestConnection& connection = connections[which];
        const RecordStream& stream = streams[which];
        std::size_t& at = offset[which];
        const std::size_t size = std::min<std::size_t>(random() % 4 == 0 ? 1 + random() % 9 : 1300,
                                                       stream.wire.size() - at);
        if (size == 0) continue;
        const FrameOptions options{random() % 2 == 0, false};
        switch (random() % 5) {
          case 0: {
            const Buffer frame = arp_frame(static_cast<std::uint8_t>(random()));
            send(frame, frame, TLSNIC_TLS_NOT_DECRYPTED, TLSNIC_L4_UNKNOWN);
            break;
          }
          case 1: {
            const Buffer ack = tcp_frame(connection.tuple, connection.start + 1, {});
            send(ack, ack, TLSNIC_TLS_NOT_DECRYPTED, TLSNIC_L4_GOOD);
            break;
          }
          case 2: {
            const Buffer bad = connection.frame(stream, at, size, {options.vlan, true});
            send(bad, bad, TLSNIC_TLS_NOT_DECRYPTED, TLSNIC_L4_BAD);
            break;
          }
          default: {
            const Buffer wire = connection.frame(stream, at, size, options);
            send(wire, with_payload(wire, Bytes(stream.clear).subspan(at, size)),
                 TLSNIC_TLS_DECRYPTED, TLSNIC_L4_GOOD);
            at += size;
            ++decrypted;
            break;
          }
        }
      }
      bench.settle();
      const auto received = bench.receive_all();
      REQUIRE(received.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(received[i].completion.tls == expected[i].tls);
        CHECK(received[i].completion.l4_checksum == expected[i].l4);
        CHECK((received[i].bytes == expected[i].bytes));
      }
      bench.offer(512);
    }
    CHECK(decrypted > 80);
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("a bad checksum changes no state, in sync and out of it") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.rx.scan_start = hw::ScanStart::immediate;
    Bench bench(parameters);
    bench.bring_up();
    for (TestConnection connection : connections_of_every_kind()) {
      const std::vector<std::size_t> sizes(30, 700);
      const RecordStream stream(connection.keys, sizes, connection.record_number);
      bench.install(connection);
      const auto unchanged_by = [&](std::size_t begin, std::size_t size) {
        const auto before = bench.dump_context(connection.index);
        const Buffer bad = connection.frame(stream, begin, size, {false, true});
        const auto received = bench.pass(bad);
        CHECK(received.completion.tls == TLSNIC_TLS_NOT_DECRYPTED);
        CHECK(received.completion.context == TLSNIC_NO_CONTEXT);
        CHECK((received.bytes == bad));
        const auto after = bench.dump_context(connection.index);
        CHECK(std::memcmp(&before, &after, sizeof before) == 0);
      };
      unchanged_by(0, 400);  // the expected segment
      bench.pass(connection.frame(stream, 0, 400));
      unchanged_by(400, 400);   // the expected one, with a record's end in it
      unchanged_by(2500, 400);  // one that would lose sync
      unchanged_by(0, 400);     // one of the past
      bench.pass(connection.frame(stream, 5000, 300));
      CHECK(bench.dump_context(connection.index).sync != TLSNIC_SYNC_OFFLOAD);
      unchanged_by(5300, 1200);  // one that would be scanned
      bench.pass(connection.frame(stream, 5300, 1200));
      CHECK(bench.dump_context(connection.index).sync == TLSNIC_SYNC_TRACKING);
      unchanged_by(6500, 1200);  // one with the next header to track
    }
  });
}

TEST_CASE("a wrong tag: passed as it came with an error, the next record is decrypted again") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    for (const TestConnection& connection : connections_of_every_kind()) {
      RecordStream stream(connection.keys, {500, 500, 500}, connection.record_number);
      const std::size_t record = stream.starts[1];
      stream.wire[record + 100] ^= 1;
      bench.install(connection);
      const auto pass = [&](std::size_t begin, std::size_t end) {
        return bench.pass(connection.frame(stream, begin, end - begin));
      };
      CHECK(pass(0, record).completion.tls == TLSNIC_TLS_DECRYPTED);
      // Nothing is known about the tag yet.
      CHECK(pass(record, record + 200).completion.tls == TLSNIC_TLS_DECRYPTED);
      const auto failed = pass(record + 200, stream.starts[2] + 50);
      CHECK(failed.completion.tls == TLSNIC_TLS_ERROR);
      CHECK((failed.bytes ==
             connection.frame(stream, record + 200, stream.starts[2] + 50 - record - 200)));
      CHECK(pass(stream.starts[2] + 50, stream.wire.size()).completion.tls == TLSNIC_TLS_DECRYPTED);
    }
  });
}

TEST_CASE("property R1: any order, loss and cut leaves a packet decrypted whole or as it came") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.rx.scan_start = hw::ScanStart::immediate;
    parameters.rx.header_test = hw::HeaderTest::type_version_length;
    parameters.firmware_command = 1000;
    Bench bench(parameters);
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
      INFO("seed " << seed);
      std::mt19937 random(seed);
      TestConnection connection = connections_of_every_kind()[random() % 4];
      std::vector<std::size_t> sizes;
      for (int i = 0; i < 60; ++i) sizes.push_back(random() % (random() % 3 == 0 ? 3000 : 100));
      const RecordStream stream(connection.keys, sizes, connection.record_number, seed);
      bench.write32(TLSNIC_DB_CONTROL, 0);
      bench.bring_up();
      bench.install(connection);
      std::size_t decrypted = 0;
      for (std::size_t at = 0, size; at < stream.wire.size(); at += size) {
        size = std::min<std::size_t>(1 + random() % 1400, stream.wire.size() - at);
        if (random() % 12 == 0) continue;
        std::size_t from = at;
        if (random() % 12 == 0) from -= std::min<std::size_t>(from, random() % 3000);
        const Buffer wire = connection.frame(stream, from, size);
        const auto received = bench.pass(wire);
        const bool marked = received.completion.tls == TLSNIC_TLS_DECRYPTED;
        decrypted += marked ? 1 : 0;
        const Bytes clear = Bytes(stream.clear).subspan(from, size);
        const Buffer expected = marked ? with_payload(wire, clear) : wire;
        CHECK((received.bytes == expected));
        if (received.completion.tls != TLSNIC_TLS_RESYNC) continue;
        // A stack that answers at once, and knows every record.
        const std::uint32_t candidate = bench.progress(connection.index).hw_resync_tcp_sn;
        const auto start =
            std::find(stream.starts.begin(), stream.starts.end(), candidate - connection.start);
        if (start == stream.starts.end()) continue;
        const auto number = static_cast<std::uint64_t>(start - stream.starts.begin());
        bench.command(static_params(connection, connection.record_number + number, candidate));
      }
      CHECK(decrypted > 0);
    }
    CHECK(bench.answers_seen.size() > 20);
  });
}
