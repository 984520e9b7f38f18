#include "host_stack/ktls/rx_resync.h"

#include <catch2/catch.hpp>

#include "tests/host_stack/fake_nic.h"

namespace tlsnic::host {
namespace {

using netdev::TlsRxResyncType;

struct Resync {
  explicit Resync(TlsRxResyncType type) { rx.set_resync_type(type); }

  // A header at `sequence`, record of 100 bytes that is all there is to read.
  std::optional<ResyncAnswer> header(std::uint32_t sequence, std::uint64_t number) {
    return rx.new_record(sequence, 100, number, 100);
  }

  netdev::TlsConnection connection;
  ProbeSlot probes;
  RxResync rx{connection, probes};
};

bool is(const std::optional<ResyncAnswer>& answer, std::uint32_t sequence, std::uint64_t number) {
  return answer && answer->sequence == sequence && answer->record_number == number;
}

TEST_CASE("DRIVER_REQ is matched and answered at the last header byte") {
  Resync resync(TlsRxResyncType::driver_req);
  REQUIRE_FALSE(resync.header(1000, 7));
  resync.rx.resync_request(1000);
  REQUIRE_FALSE(resync.header(1000, 7));
  resync.rx.resync_request(1104);
  resync.rx.resync_request(1204);
  REQUIRE_FALSE(resync.header(1100, 8));
  REQUIRE(is(resync.header(1200, 9), 1204, 9));
  REQUIRE_FALSE(resync.header(1200, 9));
  resync.rx.resync_request(2);
  REQUIRE(is(resync.header(0xffff'fffe, 10), 2, 10));
}

TEST_CASE("DRIVER_REQ_ASYNC: guess known before its header is parsed") {
  Resync resync(TlsRxResyncType::driver_req_async);
  resync.rx.resync_async_request_start(1000, 500);
  resync.rx.resync_async_request_end(1200);
  REQUIRE_FALSE(resync.header(1000, 5));
  REQUIRE_FALSE(resync.header(1100, 6));
  REQUIRE(is(resync.header(1200, 7), 1200, 7));
  REQUIRE_FALSE(resync.header(1200, 7));
}

TEST_CASE("DRIVER_REQ_ASYNC: guess known after its header was parsed") {
  Resync resync(TlsRxResyncType::driver_req_async);
  resync.rx.resync_async_request_start(1000, 250);
  REQUIRE_FALSE(resync.header(900, 4));  // before the range: not counted
  REQUIRE_FALSE(resync.header(1000, 5));
  REQUIRE_FALSE(resync.header(1100, 6));
  REQUIRE_FALSE(resync.header(1250, 7));  // the range's last byte
  REQUIRE_FALSE(resync.header(1300, 8));  // beyond: counted, not logged
  SECTION("the answer comes with the next header, with the number it had") {
    resync.rx.resync_async_request_end(1100);
    REQUIRE(is(resync.header(1400, 9), 1100, 6));
  }
  SECTION("the last byte of the range is in the log") {
    resync.rx.resync_async_request_end(1250);
    REQUIRE(is(resync.header(1400, 9), 1250, 7));
  }
  SECTION("a header beyond the range is not in the log") {
    resync.rx.resync_async_request_end(1300);
    REQUIRE_FALSE(resync.header(1400, 9));
  }
  SECTION("the log lives for one header only") {
    resync.rx.resync_async_request_end(1111);
    REQUIRE_FALSE(resync.header(1400, 9));
    resync.rx.resync_async_request_end(1100);
    REQUIRE_FALSE(resync.header(1500, 10));
    resync.rx.resync_async_request_end(1600);
    REQUIRE(is(resync.header(1600, 11), 1600, 11));
  }
  SECTION("cancel forgets") {
    resync.rx.resync_async_request_cancel();
    REQUIRE_FALSE(resync.header(1400, 9));
  }
  SECTION("a new start clears the log") {
    resync.rx.resync_async_request_end(1100);
    resync.rx.resync_async_request_start(1400, 100);
    resync.rx.resync_async_request_end(1100);
    REQUIRE_FALSE(resync.header(1400, 9));
  }
}

TEST_CASE("DRIVER_REQ_ASYNC logs 13 headers") {
  Resync resync(TlsRxResyncType::driver_req_async);
  resync.rx.resync_async_request_start(0xffff'ff00, 60000);
  for (std::uint32_t i = 0; i < 20; ++i) REQUIRE_FALSE(resync.header(0xffff'ff00 + i * 100, i));
  SECTION("the 13th") {
    resync.rx.resync_async_request_end(0xffff'ff00 + 1200);
    REQUIRE(is(resync.header(5000, 20), 0xffff'ff00 + 1200, 12));
  }
  SECTION("the 14th is lost") {
    resync.rx.resync_async_request_end(0xffff'ff00 + 1300);
    REQUIRE_FALSE(resync.header(5000, 20));
  }
}

TEST_CASE("DRIVER_REQ_ASYNC gives up after 65535 headers") {
  for (const std::uint32_t headers : {65535u, 65536u}) {
    Resync resync(TlsRxResyncType::driver_req_async);
    resync.rx.resync_async_request_start(1000, 10);
    for (std::uint32_t i = 0; i < headers; ++i) REQUIRE_FALSE(resync.header(1000 + i * 100, i));
    resync.rx.resync_async_request_end(1000);
    const auto answer = resync.header(1000 + headers * 100, headers);
    // The cancelled request left its log behind, with the count that it had reached: an end after a
    // cancel is the driver's mistake, and is answered from it as in the kernel.
    REQUIRE(is(answer, 1000, headers - 65535));
  }
}

TEST_CASE("CORE_NEXT_HINT attempts at the 3rd, 5th, 9th, ... undecrypted record") {
  Resync resync(TlsRxResyncType::core_next_hint);
  std::vector<int> attempts;
  for (int i = 1; i <= 520; ++i) {
    const auto answer = resync.rx.record_not_decrypted(static_cast<std::uint32_t>(i * 100), 100,
                                                       static_cast<std::uint64_t>(i), 100);
    if (!answer) continue;
    attempts.push_back(i);
    REQUIRE(
        is(answer, static_cast<std::uint32_t>(i * 100 + 100), static_cast<std::uint64_t>(i + 1)));
  }
  REQUIRE(attempts == std::vector<int>{3, 5, 9, 17, 33, 65, 129, 257, 385, 513});
}

TEST_CASE("CORE_NEXT_HINT waits for the queue to drain") {
  Resync resync(TlsRxResyncType::core_next_hint);
  for (std::uint32_t i = 1; i <= 3; ++i)
    REQUIRE_FALSE(resync.rx.record_not_decrypted(i * 100, 100, i, 350));
  REQUIRE_FALSE(resync.rx.new_record(400, 100, 4, 101));
  // Not counted while it waits.
  REQUIRE_FALSE(resync.rx.record_not_decrypted(400, 100, 4, 100));
  REQUIRE(is(resync.rx.new_record(500, 100, 5, 60), 600, 6));
  REQUIRE_FALSE(resync.rx.new_record(600, 100, 6, 100));
  REQUIRE_FALSE(resync.rx.record_not_decrypted(600, 100, 6, 100));  // 4th counted
  REQUIRE(is(resync.rx.record_not_decrypted(700, 100, 7, 100), 800, 8));
}

TEST_CASE("CORE_NEXT_HINT starts again after a record that the device decrypted") {
  Resync resync(TlsRxResyncType::core_next_hint);
  for (std::uint32_t i = 1; i <= 4; ++i) resync.rx.record_not_decrypted(i, 1, i, 1);
  resync.rx.record_decrypted();
  REQUIRE_FALSE(resync.rx.record_not_decrypted(10, 1, 10, 1));
  REQUIRE_FALSE(resync.rx.record_not_decrypted(11, 1, 11, 1));
  REQUIRE(resync.rx.record_not_decrypted(12, 1, 12, 1));
}

TEST_CASE("An answer waits for the reader and is counted") {
  test::World world;
  world.driver.resync_type = TlsRxResyncType::driver_req;
  const TrafficKeys keys = test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  test::Peer peer(keys, 40);
  peer.send_data(100);
  const std::size_t second = peer.send_data(100);
  REQUIRE(world.socket.set_tls_rx({keys, 40}) == 0);
  const auto header_end = world.first_sequence + static_cast<std::uint32_t>(second) + 4;
  world.driver.connection->rx->resync_request(header_end);
  world.arrive(peer, 0, peer.wire.size(), false);
  // One record look-ahead: the second header has not been looked at.
  REQUIRE(world.driver.answers.empty());
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.driver.answers.size() == 1);
  REQUIRE(world.driver.answers[0].sequence == header_end);
  REQUIRE(world.driver.answers[0].record_number == 41);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_device_resync] == 1);
}

}  // namespace
}  // namespace tlsnic::host
