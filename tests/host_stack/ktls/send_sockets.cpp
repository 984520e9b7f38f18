// Sends of records between two sockets: what the errors of the connection make of them, and what
// arrives.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/tx_world.h"
#include "tests/host_stack/socket/two_hosts.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;
using test::TwoHosts;

struct Tls : TwoHosts {
  explicit Tls(std::uint64_t number = 0, const HostSettings& settings = {}) : TwoHosts(settings) {
    connect();
    const TxCryptoInfo info = test::crypto_info(TlsVersion::tls13, TlsCipher::aes_gcm_128, number);
    REQUIRE(at_client->set_tls_tx(info) == 0);
    REQUIRE(at_server->set_tls_rx(info.base) == 0);
  }
};

TEST_CASE("recseq_wrap: EBADMSG, which the socket keeps for a reader", "[send]") {
  Tls world(~std::uint64_t{0});
  REQUIRE(world.at_client->send(test::some_bytes(10)).error == EBADMSG);
  REQUIRE(world.at_client->error() == EBADMSG);
  REQUIRE(world.at_client->take_error() == EBADMSG);
  REQUIRE(world.at_client->send(test::some_bytes(10)).error == EBADMSG);
  world.run();
  REQUIRE(world.read_all(*world.at_server).empty());
}

TEST_CASE("Records: after RST sk_err until it is taken, then EPIPE", "[send]") {
  Tls world;
  const ByteVector data = test::some_bytes(100);
  world.at_server->abort();
  world.run();
  REQUIRE(world.at_client->send(data).error == ECONNRESET);
  REQUIRE(world.at_client->send(data).error == ECONNRESET);
  REQUIRE(world.at_client->take_error() == ECONNRESET);
  REQUIRE(world.at_client->send(data).error == EPIPE);
  REQUIRE(world.at_client->send_control(record_alert, data).error == EPIPE);
}

TEST_CASE("Records: EPIPE after shutdown, and an open record is lost", "[send]") {
  Tls world;
  REQUIRE(world.at_client->send(test::some_bytes(10)).taken == 10);
  REQUIRE(world.at_client->send(test::some_bytes(50), {true, false, false}).taken == 50);
  world.at_client->shutdown();
  REQUIRE(world.at_client->send(test::some_bytes(10)).error == EPIPE);
  REQUIRE(world.client.tls_stat()[TlsCounter::curr_tx_sw] == 1);
  world.run();
  REQUIRE(world.read_all(*world.at_server) == test::some_bytes(10));
  REQUIRE(world.at_server->at_end());
  world.at_client->close();
  REQUIRE(world.client.tls_stat()[TlsCounter::curr_tx_sw] == 0);
}

TEST_CASE("nonblocking: EAGAIN or a short count, and write_space ends the record", "[send]") {
  HostSettings settings;
  settings.tcp.send_buffer = 4608;
  Tls world(0, settings);
  const ByteVector data = test::some_bytes(100000);
  Bytes left = data;
  ByteVector got;
  int refused = 0;
  while (!left.empty()) {
    const SendResult result = world.at_client->send(left);
    left = left.subspan(result.taken);
    if (result.taken > 0) continue;
    REQUIRE(result.error == EAGAIN);
    ++refused;
    world.run();
    REQUIRE(world.at_client->is_flushed());
    const ByteVector more = world.read_all(*world.at_server);
    got.insert(got.end(), more.begin(), more.end());
  }
  world.run();
  const ByteVector rest = world.read_all(*world.at_server);
  got.insert(got.end(), rest.begin(), rest.end());
  REQUIRE(got == data);
  REQUIRE(refused == 6);  // records of 2^14 but the last
}

TEST_CASE("A smaller send buffer, set meanwhile, gives EAGAIN until there is room", "[send]") {
  Tls world;
  REQUIRE(world.at_client->send(test::some_bytes(10000)).taken == 10000);
  world.at_client->endpoint().set_send_buffer(4608);
  REQUIRE(world.at_client->send(test::some_bytes(10)).error == EAGAIN);
  world.run();
  REQUIRE(world.at_client->send(test::some_bytes(10)).taken == 10);
}

TEST_CASE("msg_more, msg_more_then_cmsg, msg_eor: what arrives, record by record", "[send]") {
  Tls world;
  const auto lengths = [&] {
    world.run();
    std::vector<std::pair<int, std::size_t>> result;
    while (const auto record = world.at_server->read_record().record)
      result.emplace_back(record->info.type, record->length);
    return result;
  };
  using Records = std::vector<std::pair<int, std::size_t>>;
  world.at_client->send(test::some_bytes(10), {true, false, false});
  REQUIRE(lengths().empty());
  world.at_client->send(test::some_bytes(5));
  REQUIRE(lengths() == Records{{23, 15}});
  world.at_client->send(test::some_bytes(10), {true, false, false});
  world.at_client->send_control(record_alert, test::some_bytes(2));
  REQUIRE(lengths() == Records{{23, 10}, {21, 2}});
  world.at_client->send(test::some_bytes(10), {false, true, false});
  REQUIRE(lengths() == Records{{23, 10}});
  REQUIRE(world.at_client->send_control(100, test::some_bytes(2), {true, false, false}).error ==
          EINVAL);
}

}  // namespace
}  // namespace tlsnic::host
