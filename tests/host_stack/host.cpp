#include "host_stack/host.h"

#include <catch2/catch.hpp>

#include "tests/host_stack/fake_nic.h"

namespace tlsnic::host {
namespace {

struct Recorder : Probe {
  void device_offload_set(const netdev::TlsConnection&, std::uint32_t, std::uint64_t,
                          int result) override {
    events.push_back("set " + std::to_string(result));
  }
  void device_offload_removed(const netdev::TlsConnection&) override {
    events.push_back("removed");
  }
  void record_read(const netdev::TlsConnection&, const RecordInfo& record,
                   std::size_t length) override {
    events.push_back("record " + std::to_string(record.number) + " " + std::to_string(length));
  }
  void record_skipped(const netdev::TlsConnection&, const RecordInfo& record) override {
    events.push_back("skipped " + std::to_string(record.number));
  }
  void read_error(const netdev::TlsConnection&, const RecordInfo& record, int) override {
    events.push_back("error " + std::to_string(record.number));
  }
  void device_rx_resync_request(const netdev::TlsConnection&, ResyncRequest, std::uint32_t sequence,
                                std::uint16_t) override {
    events.push_back("request " + std::to_string(sequence));
  }
  void device_rx_resync_send(const netdev::TlsConnection&, std::uint32_t sequence,
                             std::uint64_t number, int) override {
    events.push_back("answer " + std::to_string(sequence) + " " + std::to_string(number));
  }
  void checksum_dropped(const ParsedFrame&) override { events.push_back("checksum"); }

  std::vector<std::string> events;
};

TEST_CASE("Frames find their sockets") {
  Host host;
  FourTuple first = test::test_tuple();
  FourTuple second = first;
  second.source.port = 444;
  Socket& one = host.open(first, 99);
  Socket& two = host.open(second, 199);
  std::vector<const Socket*> announced;
  host.set_data_ready([&](Socket& socket) { announced.push_back(&socket); });

  host.netif_receive_skb(test::frame(first, 100, std::vector<std::uint8_t>{1, 2}));
  host.netif_receive_skb(test::frame(second, 200, std::vector<std::uint8_t>{3}));
  host.netif_receive_skb(test::frame(first.reversed(), 100, std::vector<std::uint8_t>{4}));
  host.netif_receive_skb(test::frame(first, 103, std::vector<std::uint8_t>{5}));
  host.netif_receive_skb(test::frame(first, 102, {}));
  REQUIRE(announced == std::vector<const Socket*>{&one, &two});
  REQUIRE(host.statistics().received == 5);
  REQUIRE(host.statistics().no_socket == 1);
  REQUIRE(host.find(second) == &two);
  host.close(second);
  REQUIRE(host.find(second) == nullptr);
  REQUIRE(host.find(first) == &one);

  std::vector<std::uint8_t> bytes(10);
  REQUIRE(one.peek(MutableBytes(bytes).first(1)) == 1);
  REQUIRE(one.read(bytes) == 2);
  REQUIRE(bytes[1] == 2);
  REQUIRE_FALSE(one.readable());
  REQUIRE(one.receive_queue().hole() == 2);

  netdev::SkBuff runt;
  runt.buffer = netdev::PacketBuffer(4);
  runt.length = 4;
  host.netif_receive_skb(std::move(runt));
  REQUIRE(host.statistics().not_tcp == 1);
}

TEST_CASE("Ends of the stream are announced") {
  Host host;
  Socket& socket = host.open(test::test_tuple(), 99);
  int announced = 0;
  host.set_data_ready([&](Socket&) { ++announced; });
  SECTION("FIN") {
    host.netif_receive_skb(
        test::frame(test::test_tuple(), 100, std::vector<std::uint8_t>{1}, tcp_fin | tcp_ack));
    REQUIRE_FALSE(socket.at_end());
    std::vector<std::uint8_t> bytes(10);
    REQUIRE(socket.read(bytes) == 1);
    REQUIRE_FALSE(socket.reset_received());
  }
  SECTION("RST") {
    host.netif_receive_skb(test::frame(test::test_tuple(), 100, {}, tcp_rst));
    host.netif_receive_skb(test::frame(test::test_tuple(), 100, {}, tcp_rst));
    REQUIRE(socket.reset_received());
  }
  REQUIRE(socket.at_end());
  REQUIRE(announced == 1);
}

TEST_CASE("A bad checksum is dropped unless the device vouches for it") {
  Host host;
  Recorder recorder;
  host.set_probe(&recorder);
  Socket& socket = host.open(test::test_tuple(), 99);
  netdev::SkBuff bad = test::frame(test::test_tuple(), 100, std::vector<std::uint8_t>{1, 2});
  bad.buffer.data()[bad.length - 1] ^= 1;
  netdev::SkBuff vouched = test::frame(test::test_tuple(), 100, std::vector<std::uint8_t>{1, 2});
  vouched.buffer.data()[vouched.length - 1] ^= 1;
  vouched.checksum_verified = true;
  host.netif_receive_skb(std::move(bad));
  REQUIRE(host.statistics().checksum_errors == 1);
  REQUIRE(recorder.events == std::vector<std::string>{"checksum"});
  REQUIRE_FALSE(socket.readable());
  host.netif_receive_skb(std::move(vouched));
  REQUIRE(socket.readable());
}

TEST_CASE("A record is announced once, when it is complete") {
  test::World world;
  const TrafficKeys keys = test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  test::Peer peer(keys);
  peer.send_data(100);
  const std::size_t second = peer.send_data(100);
  int announced = 0;
  world.host.set_data_ready([&](Socket&) { ++announced; });
  REQUIRE(world.socket.set_tls_rx({keys, 0}) == 0);
  world.arrive(peer, 0, second - 1, true);
  REQUIRE(announced == 0);
  world.arrive(peer, second - 1, second + 50, true);
  REQUIRE(announced == 1);
  world.arrive(peer, second + 50, peer.wire.size(), true);
  REQUIRE(announced == 1);
  REQUIRE(world.socket.read_record().record);
  REQUIRE(world.socket.readable());
}

TEST_CASE("A probe sees what happens to a connection") {
  Recorder recorder;
  test::World world;
  world.host.set_probe(&recorder);
  const TrafficKeys keys = test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  test::Peer peer(keys);
  peer.send_data(100);
  const std::size_t bad = peer.send_data(50);
  peer.wire[bad + 20] ^= 1;
  REQUIRE(world.socket.set_tls_rx({keys, 0}) == 0);
  world.driver.connection->rx->resync_request(1004);
  world.arrive(peer, 0, peer.wire.size(), false);
  world.socket.read_record();
  world.socket.read_record();
  world.socket.skip_record();
  world.host.close(test::test_tuple());
  REQUIRE(recorder.events == std::vector<std::string>{"set 0", "request 1004", "answer 1004 0",
                                                      "record 0 100", "error 1", "skipped 1",
                                                      "removed"});
}

TEST_CASE("An old socket gives way to a new one with the same tuple") {
  test::World world;
  const TrafficKeys keys = test::test_keys(TlsVersion::tls12, TlsCipher::aes_gcm_128);
  REQUIRE(world.socket.set_tls_rx({keys, 0}) == 0);
  Socket& fresh = world.host.open(test::test_tuple(), 5000);
  REQUIRE(world.driver.deleted == 1);
  REQUIRE(fresh.tls_rx() == nullptr);
  REQUIRE(fresh.receive_queue().rcv_nxt() == 5001);
}

}  // namespace
}  // namespace tlsnic::host
