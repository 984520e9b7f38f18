#include "host_stack/socket/tcp_socket.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/socket/two_hosts.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

const TrafficKeys keys = [] {
  TrafficKeys out;
  out.key.fill(7);
  out.iv = {1, 2, 3, 4};
  return out;
}();

void set_keys(TcpSocket& sender, TcpSocket& receiver) {
  REQUIRE(sender.set_tls_tx({{keys, 0}, 0}) == 0);
  REQUIRE(receiver.set_tls_rx({keys, 0}) == 0);
}

}  // namespace

TEST_CASE("plain bytes pass both ways until keys are set, records afterwards") {
  TwoHosts world;
  world.connect();
  REQUIRE(world.at_server != nullptr);
  CHECK(world.at_client->state() == TcpState::established);
  const auto text = pattern(5000);
  CHECK(world.at_client->send(text).taken == text.size());
  CHECK(world.at_server->send(text).taken == text.size());
  world.run();
  CHECK(world.read_all(*world.at_server) == text);
  CHECK(world.read_all(*world.at_client) == text);

  set_keys(*world.at_server, *world.at_client);
  const auto data = pattern(100'000, 2);
  CHECK(world.at_server->send(data).taken == data.size());
  world.run();
  CHECK(world.read_all(*world.at_client) == data);
  // The other direction is plain still.
  CHECK(world.at_client->send(text).taken == text.size());
  world.run();
  CHECK(world.read_all(*world.at_server) == text);
  CHECK(world.server.tls_stat()[TlsCounter::tx_sw] == 1);
  CHECK(world.client.tls_stat()[TlsCounter::rx_sw] == 1);
}

TEST_CASE("keys can be set only on a connection") {
  TwoHosts world;
  TcpSocket& alone = world.client.connect(world.addresses, 1, nullptr);
  CHECK(alone.set_tls_tx({{keys, 0}, 0}) == ENOTCONN);
  CHECK(alone.set_tls_rx({keys, 0}) == ENOTCONN);
  CHECK(alone.send_control(record_alert, Bytes()).error == EINVAL);
}

TEST_CASE("records survive loss") {
  TwoHosts world;
  world.connect();
  set_keys(*world.at_server, *world.at_client);
  world.loses = [](bool by_client, std::size_t number) { return !by_client && number % 11 == 5; };
  const auto data = pattern(300'000, 3);
  CHECK(world.at_server->send(data).taken == data.size());
  world.run();
  CHECK(world.read_all(*world.at_client) == data);
  CHECK(world.at_server->endpoint().sender().statistics().retransmitted_segments > 0);
}

TEST_CASE("the end of one direction leaves the other open") {
  TwoHosts world;
  world.connect();
  world.at_client->shutdown();
  world.run();
  CHECK(world.at_server->at_end());
  const auto data = pattern(3000);
  CHECK(world.at_server->send(data).taken == data.size());
  world.run();
  CHECK(world.read_all(*world.at_client) == data);
  world.at_server->close();
  world.run();
  CHECK(world.at_server->state() == TcpState::closed);
  CHECK(world.at_client->state() == TcpState::closed);
}

TEST_CASE("frames that GRO merges are acknowledged as one segment") {
  const auto acks = [](bool gro) {
    HostSettings settings;
    settings.gro = gro;
    settings.tcp.quick_acks = 0;
    TwoHosts world(settings);
    world.connect();
    const std::size_t before = world.acks[0];
    const auto data = pattern(1'000'000);
    REQUIRE(world.at_server->send(data).taken == data.size());
    world.run();
    REQUIRE(world.read_all(*world.at_client) == data);
    return world.acks[0] - before;
  };
  const std::size_t merged = acks(true);
  const std::size_t apart = acks(false);
  CHECK(merged * 4 < apart);
  CHECK(apart >= 300);  // one for every second of about 690 frames
}

TEST_CASE("a filter between sockets and device drops and rewrites") {
  TwoHosts world;
  world.connect();
  int dropped = 0;
  world.server.route().egress = [&dropped](netdev::TxSkb& skb) {
    return skb.payload_size == 0 || dropped++ > 0;
  };
  const auto data = pattern(2000);
  world.at_server->send(data);
  world.run();
  CHECK(dropped > 1);
  CHECK(world.read_all(*world.at_client) == data);
}
