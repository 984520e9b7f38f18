#include "host_stack/ktls/tls_info.h"

#include <linux/tls.h>

#include <catch2/catch.hpp>

#include "tests/host_stack/socket/two_hosts.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

// A device that takes every connection; nothing is sent through it here.
struct Willing : netdev::TlsDevOps {
  int tls_dev_add(netdev::TlsConnection&, netdev::TlsDirection, const netdev::TlsCryptoInfo&,
                  std::uint32_t) override {
    return 0;
  }
  void tls_dev_del(netdev::TlsConnection&, netdev::TlsDirection) override {}
  int tls_dev_resync(netdev::TlsConnection&, std::uint32_t, std::uint64_t,
                     netdev::TlsDirection) override {
    return 0;
  }
};

TrafficKeys keys_of(TlsVersion version, TlsCipher cipher) {
  TrafficKeys keys;
  keys.version = version;
  keys.cipher = cipher;
  keys.key.fill(7);
  return keys;
}

}  // namespace

TEST_CASE("inet_diag's numbers are those of linux/tls.h") {
  CHECK(static_cast<int>(TlsInfoAttribute::version) == TLS_INFO_VERSION);
  CHECK(static_cast<int>(TlsInfoAttribute::cipher) == TLS_INFO_CIPHER);
  CHECK(static_cast<int>(TlsInfoAttribute::txconf) == TLS_INFO_TXCONF);
  CHECK(static_cast<int>(TlsInfoAttribute::rxconf) == TLS_INFO_RXCONF);
  CHECK(static_cast<int>(TlsInfoAttribute::zc_ro_tx) == TLS_INFO_ZC_RO_TX);
  CHECK(static_cast<int>(TlsInfoAttribute::rx_no_pad) == TLS_INFO_RX_NO_PAD);
  CHECK(static_cast<int>(TlsConf::base) == TLS_CONF_BASE);
  CHECK(static_cast<int>(TlsConf::sw) == TLS_CONF_SW);
  CHECK(static_cast<int>(TlsConf::hw) == TLS_CONF_HW);
}

TEST_CASE("what inet_diag tells: without keys, in software, and in a device") {
  TwoHosts world;
  world.connect();
  TcpSocket& socket = *world.at_client;

  TlsInfo info = tls_info(socket);
  CHECK_FALSE(info.version);
  CHECK_FALSE(info.cipher);
  CHECK(info.txconf == TlsConf::base);
  CHECK(info.rxconf == TlsConf::base);
  CHECK(info.tx_max_payload_len == 16384);

  const TrafficKeys chacha = keys_of(TlsVersion::tls13, TlsCipher::chacha20_poly1305);
  REQUIRE(socket.set_tls_rx({chacha, 0}) == 0);
  socket.receiving()->tls_rx()->set_expect_no_pad(true);
  info = tls_info(socket);
  CHECK(info.version == TLS_1_3_VERSION);
  CHECK(info.cipher == TLS_CIPHER_CHACHA20_POLY1305);
  CHECK(info.txconf == TlsConf::base);
  CHECK(info.rxconf == TlsConf::sw);
  CHECK(info.rx_no_pad);

  REQUIRE(socket.set_tls_tx({{chacha, 0}, 0}) == 0);
  socket.tls_tx()->set_zerocopy_ro(true);
  REQUIRE(socket.tls_tx()->set_max_payload(128) == 0);
  info = tls_info(socket);
  CHECK(info.txconf == TlsConf::sw);
  CHECK_FALSE(info.zc_ro_tx);  // it means nothing in software
  CHECK(info.tx_max_payload_len == 128);
}

TEST_CASE("inet_diag tells TLS_HW, and no other direction's") {
  Willing device;
  TwoHosts world;
  world.client.netdev().hw_tls_tx = true;
  world.client.netdev().tlsdev_ops = &device;
  world.connect();
  TcpSocket& socket = *world.at_client;
  const TrafficKeys gcm = keys_of(TlsVersion::tls12, TlsCipher::aes_gcm_256);
  REQUIRE(socket.set_tls_tx({{gcm, 0}, 0}) == 0);
  REQUIRE(socket.set_tls_rx({gcm, 0}) == 0);
  TlsInfo info = tls_info(socket);
  CHECK(info.version == TLS_1_2_VERSION);
  CHECK(info.cipher == TLS_CIPHER_AES_GCM_256);
  CHECK(info.txconf == TlsConf::hw);
  CHECK(info.rxconf == TlsConf::sw);
  CHECK_FALSE(info.zc_ro_tx);
  socket.tls_tx()->set_zerocopy_ro(true);
  info = tls_info(socket);
  CHECK(info.zc_ro_tx);
  CHECK_FALSE(info.rx_no_pad);
  socket.tls_tx()->release();
}

TEST_CASE("a peer that has said all does not keep TLS_TX away") {
  TwoHosts world;
  world.connect();
  world.at_client->shutdown();
  world.run();
  REQUIRE(world.at_server->state() == TcpState::close_wait);
  const TrafficKeys keys = keys_of(TlsVersion::tls12, TlsCipher::aes_ccm_128);
  CHECK(world.at_server->set_tls_tx({{keys, 0}, 0}) == 0);
  CHECK(tls_info(*world.at_server).cipher == TLS_CIPHER_AES_CCM_128);
}

TEST_CASE("keys for a cipher that OpenSSL lacks: ENOENT, and another cipher will do afterwards") {
  TwoHosts world;
  world.connect();
  const TrafficKeys sm4 = keys_of(TlsVersion::tls13, TlsCipher::sm4_gcm);
  const int expected = is_available(TlsCipher::sm4_gcm) ? 0 : ENOENT;
  CHECK(world.at_client->set_tls_tx({{sm4, 0}, 0}) == expected);
  CHECK(world.at_client->set_tls_rx({sm4, 0}) == expected);
  if (expected == 0) return;
  CHECK(world.client.tls_stat()[TlsCounter::tx_sw] == 0);
  CHECK(world.client.tls_stat()[TlsCounter::rx_sw] == 0);
  const TrafficKeys gcm = keys_of(TlsVersion::tls13, TlsCipher::aes_gcm_128);
  CHECK(world.at_client->set_tls_tx({{gcm, 0}, 0}) == 0);
  CHECK(world.at_client->set_tls_rx({gcm, 0}) == 0);
}
