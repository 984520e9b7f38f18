#include "host_stack/ktls/rx_rekey.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/fake_nic.h"

namespace tlsnic::host {
namespace {

const TrafficKeys old_keys = test::test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128, 1);
const TrafficKeys new_keys = test::test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128, 2);
const std::vector<std::uint8_t> key_update = {24, 0, 0, 1, 0};

// `before` and `after` data records around a KeyUpdate.
test::Peer peer_with_key_update(int before, int after) {
  test::Peer peer(old_keys);
  for (int i = 0; i < before; ++i) peer.send_data(200);
  peer.send_record(record_handshake, key_update);
  peer.change_keys(new_keys);
  for (int i = 0; i < after; ++i) peer.send_data(200);
  return peer;
}

TEST_CASE("KeyUpdate pauses the reader until new keys are set") {
  const bool hardware = GENERATE(false, true);
  test::World world;
  world.host.netdev().hw_tls_rx = hardware;
  const test::Peer peer = peer_with_key_update(1, 1);
  REQUIRE(world.socket.set_tls_rx({old_keys, 0}) == 0);
  world.arrive(peer, 0, peer.wire.size(), false);
  REQUIRE(world.socket.read_record().record);
  const ReadResult update = world.socket.read_record();
  REQUIRE(update.record);
  REQUIRE(update.record->info.type == record_handshake);
  REQUIRE(update.record->plaintext[0][0] == 24);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_rekey_received] == 1);
  REQUIRE(world.driver.deleted == (hardware ? 1 : 0));

  REQUIRE_FALSE(world.socket.readable());
  world.host.netif_receive_skb(test::frame(
      test::test_tuple(), world.first_sequence + static_cast<std::uint32_t>(peer.wire.size()), {},
      tcp_fin | tcp_ack));
  REQUIRE_FALSE(world.socket.at_end());
  REQUIRE(world.socket.read_record().error == EKEYEXPIRED);
  REQUIRE(world.socket.read_record().error == EKEYEXPIRED);
  REQUIRE_FALSE(world.socket.skip_record());

  TrafficKeys other = new_keys;
  other.cipher = TlsCipher::aes_gcm_256;
  REQUIRE(world.socket.set_tls_rx({other, 0}) == EINVAL);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_rekey_error] == 1);
  REQUIRE(world.socket.set_tls_rx({new_keys, 0}) == 0);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_rekey_ok] == 1);
  REQUIRE(world.socket.readable());
  const ReadResult after = world.socket.read_record();
  REQUIRE(after.record);
  REQUIRE(after.record->info.number == 0);
}

TEST_CASE("The device comes back when all that the old key touched is read") {
  test::World world;
  const test::Peer peer = peer_with_key_update(1, 4);
  REQUIRE(world.socket.set_tls_rx({old_keys, 0}) == 0);
  // The device went on with the old key up to the middle of the second record under the new one.
  const std::size_t touched = peer.starts[3] + 100;
  world.arrive(peer, 0, touched, true);
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.driver.deleted == 1);
  REQUIRE(world.host.find_tls_connection(test::test_tuple()) == nullptr);
  REQUIRE(world.socket.set_tls_rx({new_keys, 0}) == 0);
  REQUIRE(world.driver.added.size() == 1);

  std::vector<std::uint8_t> got;
  REQUIRE(world.read_all(got).size() == 1);
  REQUIRE(world.driver.added.size() == 1);
  world.arrive(peer, touched, peer.starts[4], false);
  const auto second = world.read_all(got);
  REQUIRE(second.size() == 1);
  REQUIRE(second[0].offload == RecordOffload::partially);
  REQUIRE(world.driver.added.size() == 2);
  REQUIRE(world.driver.added[1].start_sequence == world.first_sequence + peer.starts[4]);
  REQUIRE(world.driver.added[1].crypto_info.record_number == 2);
  REQUIRE(world.driver.added[1].crypto_info.keys.key == new_keys.key);
  REQUIRE(world.host.tls_stat()[TlsCounter::rx_device] == 1);

  // From here on it has the new key, and wholly marked is trusted again.
  test::Peer follower(new_keys, 2);
  follower.send_data(200);
  follower.send_data(200);
  const std::vector<std::uint8_t>& image = follower.device;
  world.host.netif_receive_skb(test::frame(
      test::test_tuple(), world.first_sequence + static_cast<std::uint32_t>(peer.starts[4]), image,
      tcp_ack, true));
  const auto last = world.read_all(got);
  REQUIRE(last.size() == 2);
  REQUIRE(last[1].offload == RecordOffload::entirely);
  REQUIRE(world.host.tls_stat()[TlsCounter::decrypt_error] == 0);
  REQUIRE(world.host.tls_stat()[TlsCounter::curr_rx_device] == 1);
}

TEST_CASE("With nothing beyond the KeyUpdate the device gets the new key at once") {
  test::World world;
  const test::Peer peer = peer_with_key_update(1, 0);
  REQUIRE(world.socket.set_tls_rx({old_keys, 0}) == 0);
  world.arrive(peer, 0, peer.wire.size(), true);
  std::vector<std::uint8_t> got;
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.socket.set_tls_rx({new_keys, 0}) == 0);
  REQUIRE(world.driver.added.size() == 2);
  REQUIRE(world.driver.added[1].start_sequence == world.first_sequence + peer.wire.size());
  REQUIRE(world.driver.added[1].crypto_info.record_number == 0);
}

TEST_CASE("The device stays out after a KeyUpdate when it goes down meanwhile") {
  test::World world;
  const test::Peer peer = peer_with_key_update(1, 2);
  REQUIRE(world.socket.set_tls_rx({old_keys, 0}) == 0);
  world.arrive(peer, 0, peer.wire.size(), true);
  world.host.device_down();
  world.host.netdev().is_up = true;
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.socket.set_tls_rx({new_keys, 0}) == 0);
  std::vector<std::uint8_t> got;
  REQUIRE(world.read_all(got).size() == 2);
  REQUIRE(world.driver.added.size() == 1);
  REQUIRE(world.driver.deleted == 1);
}

TEST_CASE("Whatever a late device marked, a rekey delivers what the peer wrote") {
  REQUIRE(rc::check([] {
    test::Peer peer(old_keys);
    const int updates = *rc::gen::inRange(1, 4);
    std::vector<TrafficKeys> keys = {old_keys};
    for (int i = 0; i <= updates; ++i) {
      for (int n = *rc::gen::inRange(0, 4); n > 0; --n)
        peer.send_data(*rc::gen::inRange<std::size_t>(0, 300));
      if (i == updates) break;
      peer.send_record(record_handshake, key_update);
      keys.push_back(test::test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128,
                                     static_cast<std::uint8_t>(i + 2)));
      peer.change_keys(keys.back());
    }
    test::World world(*rc::gen::arbitrary<std::uint32_t>());
    RC_ASSERT(world.socket.set_tls_rx({old_keys, 0}) == 0);
    std::size_t next_key = 1;
    std::vector<std::uint8_t> got;
    const auto read = [&] {
      for (;;) {
        const ReadResult result = world.socket.read_record();
        if (result.error == EKEYEXPIRED) {
          RC_ASSERT(world.socket.set_tls_rx({keys.at(next_key++), 0}) == 0);
          continue;
        }
        RC_ASSERT(result.error == 0);
        if (!result.record) return;
        for (const Bytes& piece : result.record->plaintext)
          got.insert(got.end(), piece.begin(), piece.end());
      }
    };
    // The device has the first key only, and marks until it is given the second.
    const bool reads_early = *rc::gen::arbitrary<bool>();
    std::vector<std::size_t> ends;
    for (std::size_t end = 0; end < peer.wire.size();) {
      end = std::min(peer.wire.size(), end + *rc::gen::inRange<std::size_t>(1, 250));
      ends.push_back(end);
    }
    std::vector<std::size_t> order(ends.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = 1; i < order.size(); ++i)
      if (*rc::gen::inRange(0, 4) == 0) std::swap(order[i - 1], order[i]);
    for (const std::size_t i : order) {
      const bool marked = world.driver.added.size() == 1 && *rc::gen::arbitrary<bool>();
      world.arrive(peer, i == 0 ? 0 : ends[i - 1], ends[i], marked);
      if (reads_early && *rc::gen::inRange(0, 3) == 0) read();
    }
    read();
    RC_ASSERT(got == peer.plaintext);
    RC_ASSERT(world.host.tls_stat()[TlsCounter::decrypt_error] == 0u);
  }));
}

}  // namespace
}  // namespace tlsnic::host
