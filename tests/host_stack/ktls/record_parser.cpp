#include "host_stack/ktls/record_parser.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/fake_nic.h"

namespace tlsnic::host {
namespace {

const RecordFormat gcm12 = record_format(TlsVersion::tls12, TlsCipher::aes_gcm_128);
const RecordFormat chacha12 = record_format(TlsVersion::tls12, TlsCipher::chacha20_poly1305);
const RecordFormat gcm13 = record_format(TlsVersion::tls13, TlsCipher::aes_gcm_256);

int size_of(std::uint16_t length, std::uint16_t version, const RecordFormat& format,
            std::size_t present = 13) {
  std::vector<std::uint8_t> bytes(13);
  bytes[0] = 23;
  store_be16(bytes.data() + 1, version);
  store_be16(bytes.data() + 3, length);
  return record_size(Bytes(bytes).first(present), format);
}

TEST_CASE("Length limits are those of tls_rx_msg_size") {
  REQUIRE(size_of(16384 + 8 + 16, 0x0303, gcm12) == 16384 + 8 + 16 + 5);
  REQUIRE(size_of(16384 + 8 + 17, 0x0303, gcm12) == -EMSGSIZE);
  REQUIRE(size_of(24, 0x0303, gcm12) == 29);
  REQUIRE(size_of(23, 0x0303, gcm12) == -EBADMSG);
  REQUIRE(size_of(16384 + 16, 0x0303, chacha12) == 16384 + 16 + 5);
  REQUIRE(size_of(16384 + 17, 0x0303, chacha12) == -EMSGSIZE);
  REQUIRE(size_of(16384 + 1 + 16, 0x0303, gcm13) == 16384 + 1 + 16 + 5);
  REQUIRE(size_of(16384 + 2 + 16, 0x0303, gcm13) == -EMSGSIZE);
  REQUIRE(size_of(15, 0x0303, gcm13) == -EBADMSG);
}

TEST_CASE("Length is judged before version") {
  REQUIRE(size_of(0xffff, 0x0301, gcm12) == -EMSGSIZE);
  REQUIRE(size_of(3, 0x0301, gcm12) == -EBADMSG);
  REQUIRE(size_of(100, 0x0301, gcm12) == -EINVAL);
  REQUIRE(size_of(100, 0x0304, gcm13) == -EINVAL);
}

TEST_CASE("Nothing is judged before the whole prepend is there") {
  REQUIRE(size_of(0xffff, 0x0301, gcm12, 12) == 0);
  REQUIRE(size_of(0xffff, 0x0301, gcm12, 13) == -EMSGSIZE);
  REQUIRE(size_of(0xffff, 0x0301, gcm13, 4) == 0);
  REQUIRE(size_of(0xffff, 0x0301, gcm13, 5) == -EMSGSIZE);
}

TEST_CASE("A refused header is reported once, and nothing comes after it") {
  test::World world;
  test::Peer peer(test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128));
  peer.send_data(50);
  const std::size_t bad = peer.send_data(60);
  peer.send_data(70);
  store_be16(peer.wire.data() + bad + 3, 0xffff);
  REQUIRE(world.socket.set_tls_rx(
              {test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128), 0}) == 0);
  world.arrive(peer, 0, peer.wire.size(), false);
  REQUIRE(world.socket.readable());
  const ReadResult first = world.socket.read_record();
  REQUIRE(first.record);
  // The record given before the end stays valid.
  REQUIRE(std::vector<std::uint8_t>(first.record->plaintext[0].begin(),
                                    first.record->plaintext[0].end()) ==
          std::vector<std::uint8_t>(peer.plaintext.begin(), peer.plaintext.begin() + 50));
  REQUIRE(world.socket.readable());
  REQUIRE(world.socket.read_record().error == EMSGSIZE);
  REQUIRE_FALSE(world.socket.readable());
  REQUIRE(world.socket.tls_rx()->stopped());
  for (int i = 0; i < 2; ++i) {
    const ReadResult result = world.socket.read_record();
    REQUIRE(result.error == 0);
    REQUIRE_FALSE(result.record);
  }
  REQUIRE(world.socket.receive_queue().copied_offset() == bad);
  world.host.netif_receive_skb(
      test::frame(test::test_tuple(), world.first_sequence + 500, std::vector<std::uint8_t>(9)));
  REQUIRE(world.socket.receive_queue().statistics().unwanted_bytes == 9);
}

}  // namespace
}  // namespace tlsnic::host
