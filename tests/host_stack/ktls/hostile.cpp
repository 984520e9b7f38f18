// Bytes that no honest peer sends: software delivers what the peer wrote or a named error, and with
// a device that marks at random nothing breaks.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/host_stack/fake_nic.h"

namespace tlsnic::host {
namespace {

void corrupt(std::vector<std::uint8_t>& bytes) {
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<std::uint8_t>();
}

TrafficKeys random_keys() {
  return test::test_keys(*rc::gen::element(TlsVersion::tls12, TlsVersion::tls13),
                         *rc::gen::element(TlsCipher::aes_gcm_128, TlsCipher::chacha20_poly1305));
}

TEST_CASE("Software gives the peer's bytes or an error") {
  REQUIRE(rc::check([] {
    const TrafficKeys keys = random_keys();
    test::Peer peer(keys);
    std::vector<std::size_t> plaintext_starts;
    for (int i = 0; i < 6; ++i) {
      plaintext_starts.push_back(peer.plaintext.size());
      peer.send_data(*rc::gen::inRange<std::size_t>(0, 60));
    }
    corrupt(peer.wire);
    test::World world;
    world.host.netdev().hw_tls_rx = false;
    RC_ASSERT(world.socket.set_tls_rx({keys, 0}) == 0);
    for (std::size_t start = 0; start < peer.wire.size(); start += 100)
      world.arrive(peer, start, std::min(peer.wire.size(), start + 100), false);

    for (int reads = 0; reads < 20; ++reads) {
      const ReadResult result = world.socket.read_record();
      if (!result.record) {
        world.socket.skip_record();
        continue;
      }
      const auto known =
          std::find(peer.starts.begin(), peer.starts.end(), result.record->info.stream_offset);
      RC_ASSERT(known != peer.starts.end());
      auto expected = peer.plaintext.begin() +
                      static_cast<std::ptrdiff_t>(
                          plaintext_starts[static_cast<std::size_t>(known - peer.starts.begin())]);
      for (const Bytes& piece : result.record->plaintext)
        for (const std::uint8_t byte : piece) RC_ASSERT(byte == *expected++);
    }
  }));
}

TEST_CASE("Random bytes, marks, flags and sequences break nothing") {
  REQUIRE(rc::check([] {
    const TrafficKeys keys = random_keys();
    HostSettings settings;
    settings.rcvbuf = 8 * netdev::DmaMemory::page_size;
    test::World world(*rc::gen::arbitrary<std::uint32_t>(), settings);
    RC_ASSERT(
        world.socket.set_tls_rx({keys, *rc::gen::element<std::uint64_t>(0, UINT64_MAX - 1)}) == 0);
    for (int i = *rc::gen::inRange(1, 60); i > 0; --i) {
      std::vector<std::uint8_t> payload(*rc::gen::inRange<std::size_t>(0, 90));
      for (std::size_t at = 0; at < payload.size(); ++at)
        payload[at] = *rc::gen::arbitrary<std::uint8_t>();
      // Often enough a header that is accepted, shorter or longer than what follows.
      if (payload.size() > 13 && *rc::gen::inRange(0, 2) == 0) {
        payload[0] = *rc::gen::element<std::uint8_t>(22, 23);
        store_be16(payload.data() + 1, 0x0303);
        store_be16(payload.data() + 3, *rc::gen::inRange<std::uint16_t>(16, 80));
      }
      const std::uint32_t sequence =
          world.socket.receive_queue().rcv_nxt() +
          *rc::gen::element<std::uint32_t>(0, 0, 0, 1, 40, 0xffff'fff0, 0x8000'0000, 0x7fff'ffff);
      const std::uint8_t flags =
          *rc::gen::inRange(0, 20) == 0 ? *rc::gen::arbitrary<std::uint8_t>() : tcp_ack;
      world.host.netif_receive_skb(
          test::frame(test::test_tuple(), sequence, payload, flags, *rc::gen::arbitrary<bool>()));
      RC_ASSERT(world.socket.receive_queue().out_of_order_memory() <= settings.rcvbuf);
      const ReadResult result = world.socket.read_record();
      if (result.record) {
        std::size_t sum = 0;
        for (const Bytes& piece : result.record->plaintext)
          for (const std::uint8_t byte : piece) sum += byte;
        RC_ASSERT(sum <= result.record->length * 255);
      } else if (result.error != 0 && *rc::gen::arbitrary<bool>()) {
        world.socket.skip_record();
      }
      if (world.socket.tls_rx()->rekey_due()) world.socket.set_tls_rx({keys, 0});
    }
  }));
}

}  // namespace
}  // namespace tlsnic::host
