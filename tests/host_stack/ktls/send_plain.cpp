// Sends without kTLS: what Linux's TCP does.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/tx_world.h"
#include "tests/host_stack/socket/two_hosts.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TwoHosts;

TEST_CASE("Plain: many buffers, in order", "[send]") {
  TwoHosts world;
  world.connect();
  const ByteVector data = test::some_bytes(5000);
  std::vector<Bytes> parts;
  for (std::size_t i = 0; i < 50; ++i) parts.push_back(Bytes(data).subspan(i * 100, 100));
  REQUIRE(world.at_client->send(parts).taken == 5000);
  world.run();
  REQUIRE(world.read_all(*world.at_server) == data);
}

TEST_CASE("Plain: a full buffer gives a short count, then EAGAIN", "[send]") {
  HostSettings settings;
  settings.tcp.send_buffer = 4608;
  TwoHosts world(settings);
  world.connect();
  const ByteVector data = test::some_bytes(5000);
  const std::vector<Bytes> parts = {Bytes(data).first(3000), Bytes(data).subspan(3000)};
  REQUIRE(world.at_client->send(parts).taken == 4608);
  REQUIRE(world.at_client->send(parts).error == EAGAIN);
  REQUIRE(world.at_client->send(data).error == EAGAIN);
  world.run();
  REQUIRE(world.at_client->send(Bytes(data).subspan(4608)).taken == 392);
  world.run();
  REQUIRE(world.read_all(*world.at_server) == data);
}

TEST_CASE("Plain: EFAULT after some bytes, which are sent", "[send]") {
  TwoHosts world;
  world.connect();
  const ByteVector data = test::some_bytes(100);
  const SendResult result = world.at_client->send(data, {false, false, true});
  REQUIRE(result.taken == 100);
  REQUIRE(result.error == EFAULT);
  REQUIRE(world.at_client->send(Bytes{}, {false, false, true}).error == EFAULT);
  world.run();
  REQUIRE(world.read_all(*world.at_server) == data);
}

TEST_CASE("Plain: EPIPE after shutdown", "[send]") {
  TwoHosts world;
  world.connect();
  const ByteVector data = test::some_bytes(100);
  world.at_client->shutdown();
  REQUIRE(world.at_client->send(data).error == EPIPE);
  REQUIRE(world.at_client->send(Bytes{}).error == EPIPE);
  world.run();
  REQUIRE(world.at_client->send(data).error == EPIPE);
  // The other half goes on.
  REQUIRE(world.at_server->send(data).taken == 100);
  world.run();
  REQUIRE(world.read_all(*world.at_client) == data);
}

TEST_CASE("Plain: after RST sk_err once, then EPIPE", "[send]") {
  TwoHosts world;
  world.connect();
  const ByteVector data = test::some_bytes(100);
  world.at_server->abort();
  world.run();
  REQUIRE(world.at_client->send(data).error == ECONNRESET);
  REQUIRE(world.at_client->send(data).error == EPIPE);
}

TEST_CASE("Plain: pages end where the room does", "[send]") {
  HostSettings settings;
  settings.tcp.send_buffer = 5000;
  TwoHosts world(settings);
  world.connect();
  const ByteVector data = test::some_bytes(6000);
  const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[6000]);
  std::copy(data.begin(), data.end(), owner.get());
  const netdev::TxPiece pages[] = {
      {owner, owner.get(), 2000}, {owner, owner.get(), 0}, {owner, owner.get() + 2000, 4000}};
  REQUIRE(world.at_client->send_pages(pages).taken == 5000);
  REQUIRE(world.at_client->send_pages(pages).error == EAGAIN);
  world.run();
  REQUIRE(world.read_all(*world.at_server) == ByteVector(data.begin(), data.begin() + 5000));
}

}  // namespace
}  // namespace tlsnic::host
