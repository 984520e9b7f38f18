// Objects, parameters and queries, through the command ring.
#include <catch2/catch.hpp>

#include "tests/hw_model/nic/bench.h"
#include "tests/hw_model/nic/in_child.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

constexpr std::uint64_t outside = 0x1000;

bool is_same(const tlsnic_rx_context& a, const tlsnic_rx_context& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST_CASE("every status of every command") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.max_keys = 4;
    parameters.max_contexts = 8;
    Bench bench(parameters);
    bench.bring_up();
    TestConnection connection;
    const auto status = [&](const tlsnic_command& command) { return bench.command(command); };
    const auto on = [](std::uint32_t opcode, std::uint32_t object) {
      return make_command(opcode, object);
    };

    for (const std::uint32_t opcode : {0u, 100u, 128u, 255u})
      CHECK(status(on(opcode, 0)) == TLSNIC_STATUS_BAD_OPCODE);

    auto key = key_create(connection);
    for (const std::uint32_t length : {0u, 1u, 15u, 17u, 24u, 31u, 33u, 0xffffffffu}) {
      key.body.key.length = length;
      CHECK(status(key) == TLSNIC_STATUS_BAD_PARAMETER);
    }
    key = key_create(connection);
    CHECK(status(key) == TLSNIC_STATUS_OK);
    CHECK(status(key) == TLSNIC_STATUS_IN_USE);
    key.object = 3;
    CHECK(status(key) == TLSNIC_STATUS_OK);
    for (const std::uint32_t index : {4u, 0xffffffffu}) {
      key.object = index;
      CHECK(status(key) == TLSNIC_STATUS_BAD_OBJECT);
      CHECK(status(on(TLSNIC_CMD_KEY_DESTROY, index)) == TLSNIC_STATUS_BAD_OBJECT);
    }
    CHECK(status(on(TLSNIC_CMD_KEY_DESTROY, 3)) == TLSNIC_STATUS_OK);
    CHECK(status(on(TLSNIC_CMD_KEY_DESTROY, 3)) == TLSNIC_STATUS_BAD_OBJECT);

    CHECK(status(on(TLSNIC_CMD_RX_CONTEXT_CREATE, 8)) == TLSNIC_STATUS_BAD_OBJECT);
    CHECK(status(on(TLSNIC_CMD_RX_CONTEXT_CREATE, 7)) == TLSNIC_STATUS_OK);
    CHECK(status(on(TLSNIC_CMD_RX_CONTEXT_CREATE, 7)) == TLSNIC_STATUS_IN_USE);
    CHECK(status(on(TLSNIC_CMD_RX_CONTEXT_DESTROY, 7)) == TLSNIC_STATUS_OK);
    CHECK(status(on(TLSNIC_CMD_RX_CONTEXT_DESTROY, 7)) == TLSNIC_STATUS_BAD_OBJECT);

    // Nothing but creation works on a context that does not exist.
    for (std::uint32_t opcode = TLSNIC_CMD_RX_CONTEXT_DESTROY; opcode <= TLSNIC_CMD_FLOW_ADD;
         ++opcode)
      CHECK(status(on(opcode, 0)) == TLSNIC_STATUS_BAD_OBJECT);

    CHECK(status(on(TLSNIC_CMD_RX_CONTEXT_CREATE, 0)) == TLSNIC_STATUS_OK);
    CHECK(status(progress_params(connection)) == TLSNIC_STATUS_BAD_OBJECT);  // no static params
    CHECK(status(flow_command(TLSNIC_CMD_FLOW_ADD, connection)) == TLSNIC_STATUS_BAD_OBJECT);
    auto params = static_params(connection, 0);
    for (const int version : {0, 1, 4, 255}) {
      params.body.rx_static.tls_version = static_cast<std::uint8_t>(version);
      CHECK(status(params) == TLSNIC_STATUS_BAD_PARAMETER);
    }
    params = static_params(connection, 0);
    params.body.rx_static.key_index = 3;
    CHECK(status(params) == TLSNIC_STATUS_BAD_OBJECT);
    CHECK(status(static_params(connection, 0)) == TLSNIC_STATUS_OK);
    CHECK(status(progress_params(connection)) == TLSNIC_STATUS_OK);

    CHECK(status(flow_command(TLSNIC_CMD_FLOW_DELETE, connection)) == TLSNIC_STATUS_BAD_OBJECT);
    CHECK(status(flow_command(TLSNIC_CMD_FLOW_ADD, connection)) == TLSNIC_STATUS_OK);
    CHECK(status(flow_command(TLSNIC_CMD_FLOW_ADD, connection)) == TLSNIC_STATUS_IN_USE);
    CHECK(status(on(TLSNIC_CMD_RX_CONTEXT_DESTROY, 0)) == TLSNIC_STATUS_IN_USE);
    CHECK(status(flow_command(TLSNIC_CMD_FLOW_DELETE, connection)) == TLSNIC_STATUS_OK);

    for (const std::uint32_t opcode : {TLSNIC_CMD_RX_PROGRESS_QUERY, TLSNIC_CMD_RX_CONTEXT_DUMP}) {
      const std::uint64_t end = HostMemory::base + HostMemory::size;
      for (const std::uint64_t address :
           {std::uint64_t{0}, outside, end - 63, end, ~std::uint64_t{0}, ~std::uint64_t{40}})
        CHECK(status(dma_command(opcode, 0, address)) == TLSNIC_STATUS_BAD_ADDRESS);
    }
    CHECK(status(on(TLSNIC_CMD_RX_CONTEXT_DESTROY, 0)) == TLSNIC_STATUS_OK);
    CHECK(bench.memory.stray_writes == 0);
  });
}

TEST_CASE("commands are answered in order over many wraps, each with its own interrupt") {
  in_child([] {
    Bench bench;
    bench.bring_up({4, 8, 64, 64, 2048});
    for (std::uint32_t round = 0; round < 20; ++round) {
      bench.post(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 2 * round));
      bench.post(make_command(TLSNIC_CMD_RX_CONTEXT_DESTROY, 2 * round));
      bench.post(make_command(TLSNIC_CMD_RX_CONTEXT_DESTROY, 2 * round));
      bench.settle();
      CHECK(bench.poll_command().value().status == TLSNIC_STATUS_OK);
      CHECK(bench.poll_command().value().status == TLSNIC_STATUS_OK);
      CHECK(bench.poll_command().value().status == TLSNIC_STATUS_BAD_OBJECT);
      CHECK_FALSE(bench.poll_command());
    }
    CHECK(bench.memory.interrupts_of(TLSNIC_VECTOR_COMMAND) == 60);
  });
}

TEST_CASE("a connection takes effect step by step and goes step by step") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    TestConnection connection;
    const RecordStream stream(connection.keys, {700, 700, 700});
    const auto frame = [&](std::size_t i) { return connection.frame(stream, i * 100, 100); };
    const auto expect = [&](std::size_t i, std::uint8_t tls, std::uint32_t context) {
      const auto received = bench.pass(frame(i));
      CHECK(received.completion.tls == tls);
      CHECK(received.completion.context == context);
      const Bytes clear = Bytes(stream.clear).subspan(i * 100, 100);
      const Buffer expected =
          tls == TLSNIC_TLS_DECRYPTED ? with_payload(frame(i), clear) : frame(i);
      CHECK((received.bytes == expected));
    };
    expect(0, TLSNIC_TLS_NOT_DECRYPTED, TLSNIC_NO_CONTEXT);
    bench.install(connection);
    expect(0, TLSNIC_TLS_DECRYPTED, 0);
    expect(1, TLSNIC_TLS_DECRYPTED, 0);
    CHECK(bench.command(flow_command(TLSNIC_CMD_FLOW_DELETE, connection)) == TLSNIC_STATUS_OK);
    expect(2, TLSNIC_TLS_NOT_DECRYPTED, TLSNIC_NO_CONTEXT);
    CHECK(bench.seen.back().reason == hw::RxReason::no_context);
    CHECK(bench.command(flow_command(TLSNIC_CMD_FLOW_ADD, connection)) == TLSNIC_STATUS_OK);
    expect(2, TLSNIC_TLS_DECRYPTED, 0);
    CHECK(bench.command(make_command(TLSNIC_CMD_KEY_DESTROY, 0)) == TLSNIC_STATUS_OK);
    expect(3, TLSNIC_TLS_ERROR, 0);
    CHECK(bench.seen.back().reason == hw::RxReason::key_missing);
    CHECK(bench.command(key_create(connection)) == TLSNIC_STATUS_OK);
    expect(3, TLSNIC_TLS_DECRYPTED, 0);
  });
}

TEST_CASE("the dump says what was set and where in the record the stream stands") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    TestConnection connection;
    connection.index = 5;
    connection.keys = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_256);
    connection.record_number = 0x0102030405060708;
    const RecordStream stream(connection.keys, {300, 300}, connection.record_number);
    bench.install(connection);
    auto context = bench.dump_context(5);
    CHECK(context.record_number == connection.record_number);
    CHECK(context.key_index == 5);
    CHECK(context.key_is_256 == 1);
    CHECK(context.tls_version == TLSNIC_TLS_1_2);
    CHECK(context.sync == TLSNIC_SYNC_OFFLOAD);
    CHECK(context.expected_sequence == connection.start);
    CHECK(context.record_offset == 0);
    CHECK(std::equal(connection.keys.iv.begin(), connection.keys.iv.end(), context.iv));
    CHECK(context.gcm.text_length == 0);

    bench.pass(connection.frame(stream, 0, 100));
    context = bench.dump_context(5);
    CHECK(context.expected_sequence == connection.start + 100);
    CHECK(context.record_offset == 100);
    CHECK(context.record_length == 8 + 300 + 16);
    CHECK(std::equal(context.header, context.header + 5, stream.wire.begin()));
    CHECK(std::equal(context.explicit_nonce, context.explicit_nonce + 8, stream.wire.begin() + 5));
    CHECK(context.gcm.aad_length == 13);
    CHECK(context.gcm.text_length == 87);
    CHECK(context.gcm.partial_length == 87 % 16);

    // Ten bytes into the tag, then into the next record's header.
    bench.pass(connection.frame(stream, 100, 223));
    context = bench.dump_context(5);
    CHECK(context.record_offset == 323);
    CHECK(std::equal(context.tag, context.tag + 10, stream.wire.begin() + 313));
    bench.pass(connection.frame(stream, 323, 9));
    context = bench.dump_context(5);
    CHECK(context.record_number == connection.record_number + 1);
    CHECK(context.record_offset == 3);
    CHECK(std::equal(context.header, context.header + 3, stream.wire.begin() + 329));
  });
}

TEST_CASE("progress in every state, a wrong answer, and the right one") {
  in_child([] {
    Bench bench;
    bench.bring_up();
    TestConnection connection;
    connection.record_number = 40;
    // Records 40 to 45; after the loss the scan waits for a maximum-size record's distance.
    const RecordStream stream(connection.keys, {1000, 1000, 1000, 16384, 16384, 1000, 1000}, 40);
    const auto at = [&](std::size_t record) { return connection.start + stream.starts[record]; };
    const auto pass = [&](std::size_t begin, std::size_t end) {
      return bench.pass(connection.frame(stream, begin, end - begin)).completion.tls;
    };
    const auto expect = [&](std::uint8_t tracker, std::uint8_t auth, std::uint32_t next) {
      const auto progress = bench.progress(0);
      CHECK(progress.record_tracker_state == tracker);
      CHECK(progress.auth_state == auth);
      CHECK(progress.next_record_tcp_sn == next);
      for (const std::uint8_t byte : progress.reserved) CHECK(byte == 0);
      return progress;
    };
    REQUIRE(bench.command(make_command(TLSNIC_CMD_RX_CONTEXT_CREATE, 0)) == TLSNIC_STATUS_OK);
    expect(TLSNIC_TRACKER_START, TLSNIC_AUTH_NO_OFFLOAD, 0);
    REQUIRE(bench.command(make_command(TLSNIC_CMD_RX_CONTEXT_DESTROY, 0)) == TLSNIC_STATUS_OK);

    bench.install(connection);
    expect(TLSNIC_TRACKER_TRACKING, TLSNIC_AUTH_OFFLOAD, connection.start);
    CHECK(pass(0, 500) == TLSNIC_TLS_DECRYPTED);
    expect(TLSNIC_TRACKER_TRACKING, TLSNIC_AUTH_OFFLOAD, connection.start + 500);

    CHECK(pass(2544, 3044) == TLSNIC_TLS_NOT_DECRYPTED);
    CHECK(bench.seen.back().reason == hw::RxReason::sync_lost);
    expect(TLSNIC_TRACKER_SEARCHING, TLSNIC_AUTH_NO_OFFLOAD, connection.start + 500);
    CHECK(bench.dump_context(0).sync == TLSNIC_SYNC_WAITING);

    CHECK(pass(16000, 17000) == TLSNIC_TLS_NOT_DECRYPTED);
    CHECK(bench.seen.back().reason == hw::RxReason::searching);
    expect(TLSNIC_TRACKER_SEARCHING, TLSNIC_AUTH_NO_OFFLOAD, connection.start + 500);
    CHECK(bench.dump_context(0).sync == TLSNIC_SYNC_SEARCHING);

    CHECK(pass(19000, 20000) == TLSNIC_TLS_RESYNC);
    auto progress = expect(TLSNIC_TRACKER_TRACKING, TLSNIC_AUTH_NO_OFFLOAD, at(5));
    CHECK(progress.hw_resync_tcp_sn == at(4));
    CHECK(progress.hw_offset_record_number == 0);

    CHECK(pass(35500, 36500) == TLSNIC_TLS_NOT_DECRYPTED);
    CHECK(bench.seen.back().reason == hw::RxReason::tracking);
    progress = expect(TLSNIC_TRACKER_TRACKING, TLSNIC_AUTH_NO_OFFLOAD, at(6));
    CHECK(progress.hw_resync_tcp_sn == at(4));
    CHECK(progress.hw_offset_record_number == 1);

    // Answers for something that is not tracked now change nothing at all.
    const auto before = bench.dump_context(0);
    CHECK(bench.command(static_params(connection, 44, at(4) + 1)) == TLSNIC_STATUS_OK);
    CHECK(bench.command(static_params(connection, 45, at(5))) == TLSNIC_STATUS_OK);
    auto other_keys = connection;
    other_keys.keys = test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
    CHECK(bench.command(static_params(other_keys, 44, 0)) == TLSNIC_STATUS_OK);
    CHECK(bench.answers_seen == std::vector<bool>{false, false, false});
    CHECK(is_same(bench.dump_context(0), before));

    CHECK(bench.command(static_params(connection, 44, at(4))) == TLSNIC_STATUS_OK);
    CHECK(bench.answers_seen.back());
    CHECK(bench.dump_context(0).record_number == 45);
    expect(TLSNIC_TRACKER_TRACKING, TLSNIC_AUTH_OFFLOAD, at(5) + 5);
    // The rest of record 45 is not whole in the chip; from the next header on all is decrypted.
    CHECK(pass(36500, stream.starts[6]) == TLSNIC_TLS_NOT_DECRYPTED);
    CHECK(pass(stream.starts[6], stream.starts[6] + 1000) == TLSNIC_TLS_DECRYPTED);
    // In sync, an old answer changes nothing either.
    const auto in_sync = bench.dump_context(0);
    CHECK(bench.command(static_params(connection, 44, at(4))) == TLSNIC_STATUS_OK);
    CHECK(is_same(bench.dump_context(0), in_sync));
  });
}

TEST_CASE("a candidate that cannot be a record is never confirmed") {
  for (const int length : {0, 1, 15, 16402, 65535}) {
    hw::NicParameters parameters;
    parameters.rx.scan_start = hw::ScanStart::immediate;
    in_child([&] {
      Bench bench(parameters);
      bench.bring_up();
      TestConnection connection;
      const RecordStream stream(connection.keys, {1000, 1000});
      bench.install(connection);
      bench.pass(connection.frame(stream, 0, 100));
      Buffer noise(500, 0xee);
      noise[10] = 23;
      store_be16(&noise[11], 0x0303);
      store_be16(&noise[13], static_cast<std::uint16_t>(length));
      // A chain of one: what follows the short candidates is no header.
      const auto send = [&](std::size_t size) {
        return bench.pass(
            tcp_frame(connection.tuple, connection.start + 1500, Bytes(noise).first(size)));
      };
      CHECK(send(15).completion.tls == TLSNIC_TLS_RESYNC);
      bench.command(static_params(connection, 7, connection.start + 1510));
      CHECK(bench.answers_seen == std::vector<bool>{false});
      const auto next =
          bench.pass(tcp_frame(connection.tuple, connection.start + 1515, Bytes(noise).first(9)));
      CHECK(next.completion.tls != TLSNIC_TLS_DECRYPTED);
    });
  }
}

TEST_CASE("the flow table is bounded") {
  in_child([] {
    hw::NicParameters parameters;
    parameters.max_contexts = 4;
    parameters.firmware_command = 1000;
    Bench bench(parameters);
    bench.bring_up();
    TestConnection connection;
    bench.install(connection);
    std::uint32_t added = 1;
    for (std::uint16_t port = 1; port <= 400; ++port) {
      connection.tuple = ipv4_tuple(port);
      const auto status = bench.command(flow_command(TLSNIC_CMD_FLOW_ADD, connection));
      if (status == TLSNIC_STATUS_OK)
        ++added;
      else
        CHECK(status == TLSNIC_STATUS_IN_USE);
    }
    CHECK(added == 4);
    connection.tuple = ipv4_tuple();
    CHECK(bench.command(flow_command(TLSNIC_CMD_FLOW_DELETE, connection)) == TLSNIC_STATUS_OK);
    CHECK(bench.command(flow_command(TLSNIC_CMD_FLOW_ADD, connection)) == TLSNIC_STATUS_OK);
  });
}
