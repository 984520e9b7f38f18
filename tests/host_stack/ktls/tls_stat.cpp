#include "host_stack/ktls/tls_stat.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <map>
#include <sstream>

#include "tests/host_stack/fake_nic.h"
#include "tests/host_stack/ktls/tx_world.h"

namespace tlsnic::host {
namespace {

using Counted = std::map<std::string, std::uint64_t>;

// What is not 0, as an application reads it.
Counted counted(const TlsStat& stat) {
  std::istringstream file(stat.proc_net_tls_stat());
  Counted out;
  std::string name;
  for (std::uint64_t value = 0; file >> name >> value;)
    if (value != 0) out[name] = value;
  return out;
}

const TrafficKeys keys12 = test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
const TrafficKeys keys13 = test::test_keys(TlsVersion::tls13, TlsCipher::aes_gcm_128);
const std::vector<std::uint8_t> key_update = {24, 0, 0, 1, 0};

TEST_CASE("tls_stat prints as /proc/net/tls_stat does") {
  TlsStat stat;
  stat.increment(TlsCounter::curr_tx_sw);
  for (int i = 0; i < 12; ++i) stat.increment(TlsCounter::rx_rekey_received);
  stat.increment(TlsCounter::rx_device);
  stat.increment(TlsCounter::rx_device);
  stat.decrement(TlsCounter::rx_device);
  REQUIRE(stat.proc_net_tls_stat() ==
          "TlsCurrTxSw                     \t1\n"
          "TlsCurrRxSw                     \t0\n"
          "TlsCurrTxDevice                 \t0\n"
          "TlsCurrRxDevice                 \t0\n"
          "TlsTxSw                         \t0\n"
          "TlsRxSw                         \t0\n"
          "TlsTxDevice                     \t0\n"
          "TlsRxDevice                     \t1\n"
          "TlsDecryptError                 \t0\n"
          "TlsRxDeviceResync               \t0\n"
          "TlsDecryptRetry                 \t0\n"
          "TlsRxNoPadViolation             \t0\n"
          "TlsRxRekeyOk                    \t0\n"
          "TlsRxRekeyError                 \t0\n"
          "TlsTxRekeyOk                    \t0\n"
          "TlsTxRekeyError                 \t0\n"
          "TlsRxRekeyReceived              \t12\n");
  REQUIRE(tls_counter_name(TlsCounter::rx_device_resync) == "TlsRxDeviceResync");
}

TEST_CASE("tls_stat: a receiving side, from its first keys to close") {
  const bool hardware = GENERATE(false, true);
  const std::string curr = hardware ? "TlsCurrRxDevice" : "TlsCurrRxSw";
  const std::string total = hardware ? "TlsRxDevice" : "TlsRxSw";
  test::World world;
  world.host.netdev().hw_tls_rx = hardware;
  TrafficKeys unknown = keys13;
  unknown.version = static_cast<TlsVersion>(0x0302);
  REQUIRE(world.socket.set_tls_rx({unknown, 0}) == EINVAL);
  CHECK(counted(world.host.tls_stat()).empty());
  REQUIRE(world.socket.set_tls_rx({keys13, 0}) == 0);
  CHECK(counted(world.host.tls_stat()) == Counted{{curr, 1}, {total, 1}});

  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == EINVAL);
  CHECK(counted(world.host.tls_stat()) == Counted{{curr, 1}, {total, 1}, {"TlsRxRekeyError", 1}});
  test::Peer peer(keys13);
  peer.send_record(record_handshake, key_update);
  world.arrive(peer, 0, peer.wire.size(), false);
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.socket.set_tls_rx({keys13, 0}) == 0);
  const Counted rekeyed = {{curr, 1},
                           {total, 1},
                           {"TlsRxRekeyError", 1},
                           {"TlsRxRekeyOk", 1},
                           {"TlsRxRekeyReceived", 1}};
  CHECK(counted(world.host.tls_stat()) == rekeyed);

  world.host.device_down();
  CHECK(counted(world.host.tls_stat()) == rekeyed);
  world.host.close(test::test_tuple());
  Counted closed = rekeyed;
  closed.erase(curr);
  CHECK(counted(world.host.tls_stat()) == closed);
}

TEST_CASE("tls_stat: TLS 1.2 has no rekey, but what looks like a KeyUpdate counts") {
  test::World world;
  world.host.netdev().hw_tls_rx = false;
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == EBUSY);
  test::Peer peer(keys12);
  peer.send_record(record_handshake, key_update);
  world.arrive(peer, 0, peer.wire.size(), false);
  REQUIRE(world.socket.read_record().record);
  CHECK(counted(world.host.tls_stat()) ==
        Counted{
            {"TlsCurrRxSw", 1}, {"TlsRxSw", 1}, {"TlsRxRekeyError", 1}, {"TlsRxRekeyReceived", 1}});
}

TEST_CASE("tls_stat: a bad record counts at every read, its trial decryption does not") {
  test::World world;
  test::Peer peer(keys12);
  peer.send_data(300);
  peer.send_data(300);
  peer.wire.back() ^= 1;
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  // The first is mixed and good, the second mixed and bad.
  world.arrive(peer, 0, 100, true);
  world.arrive(peer, 100, peer.starts[1] + 100, false);
  world.arrive(peer, peer.starts[1] + 100, peer.starts[1] + 200, true);
  world.arrive(peer, peer.starts[1] + 200, peer.wire.size(), false);
  REQUIRE(world.socket.read_record().record);
  for (int i = 0; i < 3; ++i) REQUIRE(world.socket.read_record().error == EBADMSG);
  CHECK(counted(world.host.tls_stat()) ==
        Counted{{"TlsCurrRxDevice", 1}, {"TlsRxDevice", 1}, {"TlsDecryptError", 3}});
}

TEST_CASE("tls_stat: resyncs that were sent to the device") {
  test::World world;
  world.driver.resync_type = netdev::TlsRxResyncType::core_next_hint;
  test::Peer peer(keys12);
  for (int i = 0; i < 5; ++i) peer.send_data(100);
  REQUIRE(world.socket.set_tls_rx({keys12, 0}) == 0);
  std::vector<std::uint8_t> got;
  for (std::size_t i = 0; i < 4; ++i) {
    world.arrive(peer, peer.starts[i], peer.starts[i + 1], false);
    world.read_all(got);
  }
  REQUIRE(world.driver.answers.size() == 1);
  CHECK(counted(world.host.tls_stat()) ==
        Counted{{"TlsCurrRxDevice", 1}, {"TlsRxDevice", 1}, {"TlsRxDeviceResync", 1}});
}

TEST_CASE("tls_stat: guesses that records are not padded") {
  const std::string kind =
      GENERATE("data", "padded", "alert", "not expected", "no room", "TLS 1.2");
  CAPTURE(kind);
  const TrafficKeys& keys = kind == "TLS 1.2" ? keys12 : keys13;
  test::World world;
  world.host.netdev().hw_tls_rx = false;
  REQUIRE(world.socket.set_tls_rx({keys, 0}) == 0);
  world.socket.tls_rx()->set_expect_no_pad(kind != "not expected");
  test::Peer peer(keys);
  const std::vector<std::uint8_t> text(50, 0);
  peer.send_record(kind == "alert" ? record_alert : record_application_data, text,
                   kind == "data" || kind == "alert" || kind == "TLS 1.2" ? 0 : 3);
  world.arrive(peer, 0, peer.wire.size(), false);
  const ReadResult result = world.socket.tls_rx()->read(kind == "no room" ? 0 : 1000);
  REQUIRE(result.record);
  REQUIRE(result.record->length == text.size());
  Counted expected = {{"TlsCurrRxSw", 1}, {"TlsRxSw", 1}};
  if (kind == "padded" || kind == "alert") expected["TlsDecryptRetry"] = 1;
  if (kind == "padded") expected["TlsRxNoPadViolation"] = 1;
  CHECK(counted(world.host.tls_stat()) == expected);
}

TEST_CASE("tls_stat: a sending side, from its first keys to close") {
  const bool hardware = GENERATE(false, true);
  const std::string curr = hardware ? "TlsCurrTxDevice" : "TlsCurrTxSw";
  const std::string total = hardware ? "TlsTxDevice" : "TlsTxSw";
  test::TxWorld world(hardware);
  TxCryptoInfo unknown = test::crypto_info(TlsVersion::tls13, TlsCipher::aes_gcm_128);
  const TxCryptoInfo known = unknown;
  unknown.base.keys.version = static_cast<TlsVersion>(0x0302);
  REQUIRE(world.tx->install(unknown) == EINVAL);
  CHECK(counted(world.stat).empty());
  REQUIRE(world.tx->install(known) == 0);
  CHECK(counted(world.stat) == Counted{{curr, 1}, {total, 1}});
  REQUIRE(world.tx->rekey(known) == 0);
  REQUIRE(world.tx->rekey(test::crypto_info(TlsVersion::tls12, TlsCipher::aes_gcm_128)) == EINVAL);
  const Counted rekeyed = {{curr, 1}, {total, 1}, {"TlsTxRekeyOk", 1}, {"TlsTxRekeyError", 1}};
  CHECK(counted(world.stat) == rekeyed);
  world.tx->device_down();
  CHECK(counted(world.stat) == rekeyed);
  world.tx->close();
  Counted closed = rekeyed;
  closed.erase(curr);
  CHECK(counted(world.stat) == closed);
}

TEST_CASE("tls_stat: each host is a network namespace of its own") {
  test::World one;
  test::World other;
  REQUIRE(one.socket.set_tls_rx({keys12, 0}) == 0);
  CHECK(counted(one.host.tls_stat()).size() == 2);
  CHECK(counted(other.host.tls_stat()).empty());
}

}  // namespace
}  // namespace tlsnic::host
