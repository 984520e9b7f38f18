#include "host_stack/ktls/rx.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/fake_nic.h"

namespace tlsnic::host {
namespace {

const TrafficKeys keys12 = test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
const TrafficKeys keys13 = test::test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_256);

TEST_CASE("The device gets the connection from the first unread byte on") {
  test::World world(0xffff'fffa);
  world.host.netif_receive_skb(
      test::frame(test::test_tuple(), 0xffff'fffa, std::vector<std::uint8_t>(20, 1)));
  std::vector<std::uint8_t> handshake(8);
  REQUIRE(world.socket.read(handshake) == 8);
  REQUIRE(world.socket.set_tls_rx({keys12, 5}) == 0);
  REQUIRE(world.driver.added.size() == 1);
  REQUIRE(world.driver.added[0].start_sequence == 2);
  REQUIRE(world.driver.added[0].crypto_info.record_number == 5);
  REQUIRE(world.socket.tls_rx()->is_hardware());
  REQUIRE(world.host.find_tls_connection(test::test_tuple()) == world.driver.connection);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_device] == 1);
  REQUIRE(world.host.tls_stat()[TlsCounter::curr_rx_device] == 1);
  REQUIRE(world.socket.read(handshake) == 0);

  world.host.close(test::test_tuple());
  REQUIRE(world.driver.deleted == 1);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_device] == 1);
  REQUIRE(world.host.tls_stat()[TlsCounter::curr_rx_device] == 0);
  REQUIRE(world.host.find_tls_connection(test::test_tuple()) == nullptr);
}

TEST_CASE("Software takes what the device does not") {
  const std::string reason = GENERATE("no feature flag", "driver refuses", "TLS 1.3 switched off");
  CAPTURE(reason);
  const bool asked = reason == "driver refuses";
  HostSettings settings;
  settings.tls13_offload = false;
  const TrafficKeys keys = reason == "TLS 1.3 switched off" ? keys13 : keys12;
  test::World world(1000, settings);
  if (asked) world.driver.add_result = -EOPNOTSUPP;
  if (reason == "no feature flag") world.host.netdev().hw_tls_rx = false;

  test::Peer peer(keys);
  peer.send_data(3000);
  world.arrive(peer, 0, 1500, false);
  REQUIRE(world.socket.set_tls_rx({keys, 0}) == 0);
  REQUIRE(world.driver.added.size() == (asked ? 1 : 0));
  REQUIRE_FALSE(world.socket.tls_rx()->is_hardware());
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_sw] == 1);
  REQUIRE(world.host.tls_stat()[TlsCounter::curr_rx_sw] == 1);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_device] == 0);
  world.arrive(peer, 1500, peer.wire.size(), false);
  std::vector<std::uint8_t> got;
  REQUIRE(world.read_all(got).size() == 1);
  REQUIRE(got == peer.plaintext);
  world.host.close(test::test_tuple());
  REQUIRE(world.driver.deleted == 0);
  REQUIRE(world.host.tls_stat()[TlsCounter::curr_rx_sw] == 0);
}

TEST_CASE("A device that is down is not asked") {
  test::World world;
  world.host.netdev().is_up = false;
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  REQUIRE(world.driver.added.empty());
  REQUIRE_FALSE(world.socket.tls_rx()->is_hardware());
}

TEST_CASE("Unknown versions and ciphers are refused") {
  test::World world;
  TrafficKeys keys = keys12;
  keys.version = static_cast<TlsVersion>(0x0302);
  REQUIRE(world.socket.set_tls_rx({keys, 0}) == EINVAL);
  keys = keys12;
  keys.cipher = static_cast<TlsCipher>(59);
  REQUIRE(world.socket.set_tls_rx({keys, 0}) == EINVAL);
  REQUIRE(world.socket.tls_rx() == nullptr);
  REQUIRE(world.socket.read_record().error == EINVAL);
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == EBUSY);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_rekey_error] == 1);
}

TEST_CASE("A record that fails authentication fails again and again") {
  const bool hardware = GENERATE(false, true);
  const bool partly_marked = hardware && GENERATE(false, true);
  test::World world;
  world.host.netdev().hw_tls_rx = hardware;
  test::Peer peer(keys12);
  peer.send_data(100);
  const std::size_t bad = peer.send_data(200);
  const std::size_t next = peer.send_data(300);
  peer.wire[bad + 150] ^= 1;
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  world.arrive(peer, 0, bad + 50, partly_marked);
  world.arrive(peer, bad + 50, peer.wire.size(), false);
  REQUIRE(world.socket.read_record().record);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    REQUIRE(world.socket.readable());
    REQUIRE(world.socket.read_record().error == EBADMSG);
    REQUIRE(world.host.tls_stat()[TlsCounter::decrypt_error] == i);
    REQUIRE(world.socket.receive_queue().copied_offset() == bad);
  }
  REQUIRE(world.socket.skip_record());
  REQUIRE(world.socket.receive_queue().copied_offset() == next);
  const ReadResult after = world.socket.read_record();
  REQUIRE(after.record);
  REQUIRE(after.record->length == 300);
  REQUIRE(after.record->info.number == 2);
  REQUIRE_FALSE(world.socket.skip_record());
}

TEST_CASE("A wholly marked record is trusted; a wrong key shows only when it is mixed") {
  test::World world;
  test::Peer peer(keys12);
  const std::size_t first = peer.send_data(100);
  const std::size_t second = peer.send_data(100);
  peer.device[first + 50] ^= 1;
  peer.device[second + 50] ^= 1;
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  world.arrive(peer, 0, second + 60, true);
  world.arrive(peer, second + 60, peer.wire.size(), false);
  const ReadResult result = world.socket.read_record();
  REQUIRE(result.record);
  REQUIRE(result.record->plaintext[0][37] == (peer.plaintext[37] ^ 1));
  REQUIRE(world.socket.read_record().error == EBADMSG);
}

TEST_CASE("Plaintext of a wholly marked record is not copied") {
  test::World world;
  test::Peer peer(keys13);
  peer.send_data(1000);
  REQUIRE(world.socket.set_tls_rx({keys13, 0}) == 0);
  for (std::size_t at = 0; at < peer.wire.size(); at += 400)
    world.arrive(peer, at, std::min(at + 400, peer.wire.size()), true);
  const ReadResult result = world.socket.read_record();
  REQUIRE(result.record);
  REQUIRE(result.record->plaintext.size() == 3);
  REQUIRE(result.record->info.type == record_application_data);
  REQUIRE(result.record->length == 1000);
}

TEST_CASE("TLS 1.3 without a content type is a bad record, marked or not") {
  const bool marked = GENERATE(false, true);
  test::World world;
  test::Peer peer(keys13);
  peer.send_record(0, std::vector<std::uint8_t>(5, 0), 10);
  REQUIRE(world.socket.set_tls_rx({keys13, 0}) == 0);
  world.arrive(peer, 0, peer.wire.size(), marked);
  REQUIRE(world.socket.read_record().error == EBADMSG);
  REQUIRE(world.socket.read_record().error == EBADMSG);
  // Authentication itself succeeded.
  REQUIRE(world.host.tls_stat()[TlsCounter::decrypt_error] == 0);
}

TEST_CASE("Record numbers do not wrap") {
  test::World world;
  test::Peer peer(keys12, UINT64_MAX);
  peer.send_data(10);
  peer.send_data(10);
  REQUIRE(world.socket.set_tls_rx({keys12, UINT64_MAX}) == 0);
  world.arrive(peer, 0, peer.wire.size(), false);
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.socket.read_record().error == EBADMSG);
  REQUIRE_FALSE(world.socket.readable());
  REQUIRE(world.host.tls_stat()[TlsCounter::decrypt_error] == 0);
}

TEST_CASE("After device down the connection is software, but counted as before") {
  test::World world;
  test::Peer peer(keys12);
  peer.send_data(1000);
  const std::size_t second = peer.send_data(1000);
  const std::size_t third = peer.send_data(1000);
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  world.arrive(peer, 0, second + 500, true);
  world.host.device_down();
  REQUIRE(world.driver.deleted == 1);
  REQUIRE(world.host.find_tls_connection(test::test_tuple()) == nullptr);
  REQUIRE(world.socket.tls_rx()->is_hardware());
  world.host.netdev().is_up = true;
  world.arrive(peer, second + 500, peer.wire.size(), false);
  std::vector<std::uint8_t> got;
  const auto records = world.read_all(got);
  REQUIRE(got == peer.plaintext);
  REQUIRE(records[0].offload == RecordOffload::entirely);
  REQUIRE(records[1].offload == RecordOffload::partially);
  REQUIRE(records[2].offload == RecordOffload::not_offloaded);
  REQUIRE(records[2].stream_offset == third);
  REQUIRE(world.driver.added.size() == 1);
  REQUIRE(world.host.tls_stat()[TlsCounter::curr_rx_device] == 1);
  world.host.close(test::test_tuple());
  REQUIRE(world.driver.deleted == 1);
  REQUIRE(world.host.tls_stat()[TlsCounter::curr_rx_device] == 0);
}

TEST_CASE("Next hint is sent as its conditions say") {
  test::World world;
  world.driver.resync_type = netdev::TlsRxResyncType::core_next_hint;
  test::Peer peer(keys12);
  for (int i = 0; i < 6; ++i) peer.send_data(100);
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  std::vector<std::uint8_t> got;
  SECTION("at once, when the third record is the last that is queued") {
    for (std::size_t i = 0; i < 3; ++i) {
      world.arrive(peer, peer.starts[i], peer.starts[i + 1], false);
      world.read_all(got);
    }
    REQUIRE(world.driver.answers.size() == 1);
    REQUIRE(world.driver.answers[0].sequence == world.first_sequence + peer.starts[3]);
    REQUIRE(world.driver.answers[0].record_number == 3);
  }
  SECTION("counted from the last record with a marked segment") {
    const bool mixed = GENERATE(false, true);
    for (std::size_t i = 0; i < 5; ++i) {
      const std::size_t middle = peer.starts[i] + 50;
      world.arrive(peer, peer.starts[i], middle, i == 1);
      world.arrive(peer, middle, peer.starts[i + 1], i == 1 && !mixed);
      REQUIRE(world.driver.answers.empty());
      world.read_all(got);
    }
    REQUIRE(world.driver.answers.size() == 1);
    REQUIRE(world.driver.answers[0].record_number == 5);
  }
  SECTION("when the header of the last queued record is parsed") {
    world.arrive(peer, 0, peer.starts[4] + 20, false);
    world.read_all(got);
    REQUIRE(world.driver.answers.size() == 1);
    REQUIRE(world.driver.answers[0].sequence == world.first_sequence + peer.starts[5]);
    REQUIRE(world.driver.answers[0].record_number == 5);
  }
}

}  // namespace
}  // namespace tlsnic::host
