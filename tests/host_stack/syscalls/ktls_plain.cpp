// Group H of the kernel's self-tests (facts 5.1): tests without a fixture.
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/host_stack/syscalls/ktls_pair.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr Variant tls12_aes_gcm_256{"12_aes_gcm_256", TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_256};

struct SocketName {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
};

SocketName socket_name(const End& end) {
  SocketName out;
  REQUIRE(end.process.getsockname(end.fd, reinterpret_cast<sockaddr*>(&out.address), &out.size) ==
          0);
  return out;
}

std::uint16_t max_payload(const End& end) {
  std::uint16_t value = 0;
  socklen_t size = sizeof value;
  REQUIRE(end.process.getsockopt(end.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &value, &size) == 0);
  REQUIRE(size == sizeof value);
  return value;
}

}  // namespace

TEST_CASE("ktls: tls_12_tx_max_payload_len: records on the wire hold at most 128 bytes") {
  const TcpPair pair(any_mode());
  REQUIRE(pair.sender.set_ulp() == 0);
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls12_aes_gcm)) == 0);
  CHECK(max_payload(pair.sender) == 16384);
  REQUIRE(pair.sender.set_option(SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, std::uint16_t{128}) == 0);
  CHECK(max_payload(pair.sender) == 128);
  CHECK(pair.sender.send(random_bytes(1000)) == 1000);

  // Seven of 128 bytes and one of 104, each with nonce and tag.
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 8; ++i) {
    const auto header = pair.receiver.recv(5, MSG_WAITALL).data;
    REQUIRE(header.size() == 5);
    CHECK(header[0] == 23);
    const std::size_t length = load_be16(&header[3]);
    REQUIRE(pair.receiver.recv(length, MSG_WAITALL).data.size() == length);
    sizes.push_back(length - 8 - 16);
  }
  CHECK(sizes == std::vector<std::size_t>{128, 128, 128, 128, 128, 128, 128, 104});
  CHECK(pair.receiver.recv(1, MSG_DONTWAIT).error == EAGAIN);
}

TEST_CASE("ktls: tls_12_tx_max_payload_len_open_rec: EBUSY while software has a record open") {
  const TcpPair pair(Mode::software);
  pair.set_ulp();
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls12_aes_gcm)) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls12_aes_gcm)) == 0);
  const auto data = random_bytes(1024);
  CHECK(pair.sender.send(data, MSG_MORE) == 1024);
  CHECK(pair.sender.set_option(SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, std::uint16_t{128}) == EBUSY);
  CHECK(pair.sender.set_option(SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, 128U) == EBUSY);
  CHECK(pair.sender.send("end") == 3);
  CHECK((pair.receiver.recv(1024, MSG_WAITALL).data == data));
  CHECK(pair.sender.set_option(SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, std::uint16_t{128}) == 0);
}

TEST_CASE("ktls: non_established: no ULP without a connection, none twice") {
  Process& process = world().client_process();
  End unconnected{process, process.socket(AF_INET, SOCK_STREAM, 0)};
  REQUIRE(unconnected.fd >= 0);
  CHECK(unconnected.set_ulp() == ENOTCONN);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  REQUIRE(process.bind(unconnected.fd, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
  REQUIRE(process.listen(unconnected.fd, 10) == 0);
  CHECK(unconnected.set_ulp() == ENOTCONN);
  unconnected.close();

  const TcpPair pair(any_mode());
  CHECK(pair.sender.set_ulp() == 0);
  CHECK(pair.sender.set_ulp() == EEXIST);
}

TEST_CASE("ktls: keysizes: keys of 256 bits") {
  const KtlsPair pair({tls12_aes_gcm_256, any_mode()});
  CHECK(pair.sender.send("test") == 4);
  CHECK(pair.receiver.recv(4, MSG_WAITALL).data == bytes_of("test"));
}

TEST_CASE("ktls: no_pad: the promise of no padding can be given and taken back") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls13_aes_gcm)) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls13_aes_gcm)) == 0);
  for (const std::uint32_t value : {1U, 0U}) {
    REQUIRE(pair.receiver.set_option(SOL_TLS, TLS_RX_EXPECT_NO_PAD, value) == 0);
    std::uint32_t got = 99;
    socklen_t size = sizeof got;
    REQUIRE(pair.receiver.process.getsockopt(pair.receiver.fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &got,
                                             &size) == 0);
    CHECK(got == value);
    CHECK(size == sizeof got);
    CHECK(pair.sender.send("whatever") == 8);
    CHECK(pair.receiver.recv(100).data == bytes_of("whatever"));
  }
}

TEST_CASE("ktls: tls_v6ops: getsockname() gives the same after the keys are set") {
  const TcpPair pair(any_mode(), AF_INET6);
  pair.set_ulp();
  const SocketName before = socket_name(pair.sender);
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls12_aes_gcm)) == 0);
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls12_aes_gcm)) == 0);
  const SocketName after = socket_name(pair.sender);
  CHECK(before.size == sizeof(sockaddr_in6));
  CHECK(after.size == before.size);
  CHECK(std::memcmp(&after.address, &before.address, sizeof after.address) == 0);
  CHECK(after.address.sin6_family == AF_INET6);
  CHECK(after.address.sin6_port != 0);
  CHECK(pair.sender.send("over IPv6") == 9);
  CHECK(pair.receiver.recv(100).data == bytes_of("over IPv6"));
}

TEST_CASE("ktls: prequeue: 20000 bytes of records that came before TLS_RX") {
  const TcpPair pair(any_mode());
  pair.set_ulp();
  const auto data = random_bytes(20'000);
  REQUIRE(pair.sender.set_tls(TLS_TX, crypto_info(tls12_aes_gcm)) == 0);
  CHECK(pair.sender.send(data) == 20'000);
  pair.settle();
  REQUIRE(pair.receiver.set_tls(TLS_RX, crypto_info(tls12_aes_gcm)) == 0);
  CHECK((pair.receiver.recv(data.size(), MSG_WAITALL).data == data));
}
