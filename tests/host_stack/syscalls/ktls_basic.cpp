// Group A of the kernel's self-tests (facts 5.1): "tls_basic".
#include <netinet/in.h>

#include "tests/host_stack/syscalls/ktls_pair.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

// A driver's counter (ethtool -S).
std::uint64_t counted(const scenarios::Machine& machine, std::string_view name) {
  for (const auto& [each, value] : machine.first.driver.counters())
    if (each == name) return value;
  FAIL("no counter " << name);
  return 0;
}

int disconnect(const End& end) {
  sockaddr_in nowhere{};
  nowhere.sin_family = AF_UNSPEC;
  return error_of(
      end.process.connect(end.fd, reinterpret_cast<sockaddr*>(&nowhere), sizeof nowhere));
}

}  // namespace

TEST_CASE("ktls: base_base: the ULP without keys passes plain data") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  const auto text = bytes_of("plain it is");
  CHECK(pair.sender.send(text) == 11);
  CHECK(pair.receiver.recv(100).data == text);
  CHECK(pair.receiver.send(text) == 11);
  CHECK(pair.sender.recv(100).data == text);
}

TEST_CASE("ktls: bad_cipher: unknown versions and ciphers are refused") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  Variant variant{"", 200, TLS_CIPHER_AES_GCM_128};
  CryptoInfo info = crypto_info(variant);
  CHECK(pair.sender.set_tls(TLS_TX, info) == EINVAL);
  CHECK(pair.receiver.set_tls(TLS_RX, info) == EINVAL);

  for (const int cipher : {50, 59, 10, 70}) {
    INFO("cipher " << cipher);
    info = crypto_info(tls12_aes_gcm);
    const auto number = static_cast<std::uint16_t>(cipher);
    std::memcpy(info.bytes.data() + offsetof(tls_crypto_info, cipher_type), &number, sizeof number);
    CHECK(pair.sender.set_tls(TLS_TX, info) == EINVAL);
    CHECK(pair.receiver.set_tls(TLS_RX, info) == EINVAL);
  }
}

TEST_CASE("ktls: recseq_wrap: keys with the last record number install, the first send fails") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  CryptoInfo info = crypto_info(tls12_aes_gcm);
  info.set_record_number(~std::uint64_t{0});
  REQUIRE(pair.sender.set_tls(TLS_TX, info) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, info) == 0);
  CHECK(error_of(pair.sender.send("x")) == EBADMSG);
}

TEST_CASE("ktls: rekey_rx: a new receiving key needs no KeyUpdate") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls13_aes_gcm, 1)) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls13_aes_gcm, 0)) == 0);
  CHECK(pair.receiver.set_tls(TLS_RX, crypto_info(tls13_aes_gcm, 1)) == 0);
  CHECK(pair.sender.send("under the new key") == 17);
  CHECK(pair.receiver.recv(100).data == bytes_of("under the new key"));
}

TEST_CASE("ktls: rekey_tx: a new sending key takes effect with the next record") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls13_aes_gcm, 0)) == 0);
  CHECK(pair.sender.set_tls(TLS_TX, crypto_info(tls13_aes_gcm, 1)) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls13_aes_gcm, 1)) == 0);
  CHECK(pair.sender.send("under the new key") == 17);
  CHECK(pair.receiver.recv(100).data == bytes_of("under the new key"));
}

TEST_CASE("ktls: disconnect: connect(AF_UNSPEC) is refused, what is queued stays readable") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls12_aes_gcm)) == 0);
  CHECK(pair.sender.send("queued before") == 13);
  pair.settle();
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls12_aes_gcm)) == 0);
  CHECK(disconnect(pair.receiver) == EOPNOTSUPP);
  CHECK(pair.receiver.recv(100).data == bytes_of("queued before"));
}

TEST_CASE("ktls: disconnect: refused with the ULP alone, too") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  CHECK(disconnect(pair.sender) == EOPNOTSUPP);
  CHECK(pair.sender.send("still there") == 11);
  CHECK(pair.receiver.recv(100).data == bytes_of("still there"));
}

TEST_CASE("ktls: TLS_HW: the chips encrypt and decrypt then, and only then") {
  const Variation variation = any_variation();
  const KtlsPair pair(variation);
  const std::uint64_t encrypted = counted(world().client, "tx_tls_encrypted_bytes");
  const std::uint64_t decrypted = counted(world().server, "rx_tls_decrypted_bytes");
  const auto data = random_bytes(100'000);
  CHECK(pair.sender.send(data) == 100'000);
  CHECK((pair.receiver.recv(data.size(), MSG_WAITALL).data == data));
  const std::uint64_t least = variation.is_offloaded() ? data.size() : 0;
  const std::uint64_t most = variation.is_offloaded() ? 2 * data.size() : 0;
  CHECK(counted(world().client, "tx_tls_encrypted_bytes") - encrypted >= least);
  CHECK(counted(world().client, "tx_tls_encrypted_bytes") - encrypted <= most);
  CHECK(counted(world().server, "rx_tls_decrypted_bytes") - decrypted >= least);
  CHECK(counted(world().server, "rx_tls_decrypted_bytes") - decrypted <= most);
}

TEST_CASE("ktls: TLS_HW: one direction in the device, the other in software") {
  const TcpPair pair(Mode::hardware);
  pair.set_ulp();
  world().server.host.netdev().hw_tls_rx = false;
  const CountedSince sender(pair.sender);
  const CountedSince receiver(pair.receiver);
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls12_aes_gcm)) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls12_aes_gcm)) == 0);
  CHECK(sender[TlsCounter::tx_device] == 1);
  CHECK(receiver[TlsCounter::rx_sw] == 1);
  CHECK(pair.sender.send("half and half") == 13);
  CHECK(pair.receiver.recv(100).data == bytes_of("half and half"));
}

TEST_CASE("ktls: tls_stat: connections are current until they are closed") {
  const Variation variation = any_variation();
  const bool hardware = variation.is_offloaded();
  const auto tx = hardware ? TlsCounter::curr_tx_device : TlsCounter::curr_tx_sw;
  const auto rx = hardware ? TlsCounter::curr_rx_device : TlsCounter::curr_rx_sw;
  const CountedSince client(End{world().client_process()});
  const CountedSince server(End{world().server_process()});
  KtlsPair pair(variation);
  CHECK(client[tx] == 1);
  CHECK(server[rx] == 1);
  pair.sender.close();
  pair.receiver.close();
  pair.settle();
  CHECK(client[tx] == 0);
  CHECK(server[rx] == 0);
}
