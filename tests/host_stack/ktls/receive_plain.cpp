// Reading before TLS_RX (TLS_BASE): Linux's tcp_recvmsg, and the call that keeps on with it.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/receive_world.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

struct PlainWorld : ReceiveWorld {
  PlainWorld() : ReceiveWorld(RxMode::sw12) {}
  void send_text(const std::string& text) {
    add_bytes(std::vector<std::uint8_t>(text.begin(), text.end()));
    send();
  }
};

}  // namespace

TEST_CASE("Plain bytes have neither type nor end of record") {
  PlainWorld world;
  CHECK(world.receive(10).error == EAGAIN);
  world.send_text("hello world");
  ReceiveFlags without;
  without.control = false;
  const Received got = world.receive(5, without);
  CHECK(got.text == "hello");
  CHECK_FALSE(got.type);
  CHECK_FALSE(got.end_of_record);
  CHECK_FALSE(got.control_truncated);
  ReceiveFlags peek;
  peek.peek = true;
  CHECK(world.receive(3, peek).text == " wo");
  CHECK(world.receive(100, peek).text == " world");
  CHECK(world.receive(100).text == " world");
}

TEST_CASE("Plain bytes: MSG_WAITALL and SO_RCVLOWAT wait, also for a peek") {
  PlainWorld world;
  std::string text(6, '.');
  const iovec buffer{text.data(), text.size()};
  ReceiveCall call;
  call.buffers = gsl::span<const iovec>(&buffer, 1);
  call.peek = GENERATE(false, true);
  SECTION("all") {
    call.wait_all = true;
  }
  SECTION("low water") {
    call.low_water = 100;
  }
  world.send_text("abc");
  CHECK_FALSE(world.reader().receive(call));
  world.send_text("defg");
  CHECK(world.reader().receive(call));
  CHECK(text == "abcdef");
  CHECK(world.receive(100).text == (call.peek ? "abcdefg" : "g"));
}

TEST_CASE("Plain bytes: what is there is given when the wait is over") {
  PlainWorld world;
  world.send_text("abc");
  ReceiveFlags all;
  all.wait_all = true;
  SECTION("not allowed to wait") {}
  SECTION("end") {
    world.send_end();
    all.may_wait = true;
  }
  SECTION("reset") {
    world.hosts.at_server->abort();
    world.hosts.run();
    all.may_wait = true;
  }
  const Received got = world.receive(10, all);
  CHECK(got.is_over);
  CHECK(got.text == "abc");
}

TEST_CASE("Plain bytes: the end is no error; a reset is one, once") {
  PlainWorld world;
  const bool ended = GENERATE(false, true);
  if (ended) {
    world.send_end();
    CHECK(world.receive(10).error == 0);
  }
  world.hosts.at_server->abort();
  world.hosts.run();
  CHECK(world.reader().error() == (ended ? EPIPE : ECONNRESET));
  // Linux sees the end before the error.
  CHECK(world.receive(10).error == (ended ? 0 : ECONNRESET));
  CHECK(world.receive(10).error == 0);
}

TEST_CASE("Plain bytes: MSG_TRUNC counts and throws away") {
  PlainWorld world;
  world.send_text("abcdef");
  ReceiveCall call;
  const iovec buffer{nullptr, 4};
  call.buffers = gsl::span<const iovec>(&buffer, 1);
  call.discard = true;
  call.may_wait = false;
  CHECK(world.reader().receive(call));
  CHECK(call.copied == 4);
  CHECK(world.receive(10).text == "ef");
}

TEST_CASE("Plain bytes: a bad address takes nothing") {
  PlainWorld world;
  world.send_text("abcdef");
  ReceiveCall call;
  const iovec buffer{nullptr, 4};
  call.buffers = gsl::span<const iovec>(&buffer, 1);
  call.peek = GENERATE(false, true);
  CHECK(world.reader().receive(call));
  CHECK(call.error == EFAULT);
  CHECK(call.copied == 0);
  CHECK(world.receive(10).text == "abcdef");
}

TEST_CASE("Plain bytes: a call for none waits for some") {
  PlainWorld world;
  CHECK(world.receive(0).error == EAGAIN);
  world.send_text("abc");
  CHECK(world.receive(0).error == 0);
  CHECK(world.receive(10).text == "abc");
  world.send_end();
  CHECK(world.receive(0).error == 0);
}

TEST_CASE("Plain bytes can be spliced") {
  PlainWorld world;
  std::vector<std::uint8_t> out;
  CHECK(world.reader().splice_read(4, out) == EAGAIN);
  world.send_text("abcdef");
  CHECK(world.reader().splice_read(4, out) == 0);
  CHECK(world.reader().splice_read(100, out) == 0);
  CHECK(std::string(out.begin(), out.end()) == "abcdef");
  world.send_end();
  CHECK(world.reader().splice_read(4, out) == 0);
  CHECK(out.size() == 6);
}

TEST_CASE("Not connected: ENOTCONN") {
  TwoHosts world;
  TcpSocket& alone = world.client.connect(world.addresses, 1, nullptr);
  alone.abort();
  CHECK(receive(alone, 10).error == ENOTCONN);
}

TEST_CASE("Connection errors reach the reader, once") {
  TwoHosts world;
  TcpSocket& alone = world.client.connect(world.addresses, 1, nullptr);
  // Nobody listens, and TwoHosts's server may be silent or refuse.
  world.loses = [](bool, std::size_t) { return true; };
  world.run();
  REQUIRE(alone.state() == TcpState::closed);
  CHECK(alone.error() == ETIMEDOUT);
  CHECK(receive(alone, 10).error == ETIMEDOUT);
  CHECK(receive(alone, 10).error == 0);
}

TEST_CASE("data_steal: a call that began before TLS_RX goes on with plain bytes") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  std::string text(100, '.');
  const iovec buffer{text.data(), text.size()};
  ReceiveCall call;
  call.buffers = gsl::span<const iovec>(&buffer, 1);
  call.wait_all = true;
  CHECK_FALSE(world.reader().receive(call));
  REQUIRE(world.set_keys() == 0);
  world.add_data(std::string(5000, 'x'));
  world.add_data("after");
  world.send(40);
  CHECK_FALSE(world.reader().receive(call));
  CHECK(call.copied == 40);
  world.send_all();
  CHECK(world.reader().receive(call));
  CHECK(call.copied == 100);
  CHECK(text[0] == 23);
  CHECK_FALSE(call.record_type);
  // What is left starts inside of a record.
  const Received got = world.receive(10'000);
  CHECK(got.text.empty());
  CHECK(got.error != 0);
}
