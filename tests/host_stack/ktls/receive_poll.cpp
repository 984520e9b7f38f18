// What poll() says, and what can be seen of the parser's "copy mode" (facts 2.7, 3).
#include <poll.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/receive_world.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr int in = POLLIN | POLLRDNORM;
constexpr int out = POLLOUT | POLLWRNORM;

}  // namespace

TEST_CASE("poll: plain bytes, as many as SO_RCVLOWAT") {
  ReceiveWorld world(RxMode::sw12);
  TcpSocket& reader = world.reader();
  CHECK(reader.poll_events() == out);
  world.add_bytes({1, 2, 3});
  world.send_all();
  CHECK(reader.poll_events() == (in | out));
  CHECK(reader.poll_events(3) == (in | out));
  CHECK(reader.poll_events(4) == out);
}

TEST_CASE("poll: a record has to be complete, or its rest to wait") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  TcpSocket& reader = world.reader();
  REQUIRE(world.set_keys() == 0);
  CHECK(reader.poll_events() == out);
  world.add_data(std::string(300, 'x'));
  world.send(100);
  CHECK(reader.poll_events() == out);
  world.send_all();
  CHECK(reader.poll_events(1000) == (in | out));
  world.receive(10);
  CHECK(reader.poll_events() == (in | out));
  world.receive(1000);
  CHECK(reader.poll_events() == out);
}

TEST_CASE("poll: the end of either direction, both, and a reset") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  TcpSocket& reader = world.reader();
  if (GENERATE(false, true)) REQUIRE(world.set_keys() == 0);
  SECTION("peer first") {
    world.send_end();
    CHECK(reader.poll_events() == (in | out | POLLRDHUP));
    reader.shutdown();
    CHECK(reader.poll_events() == (in | out | POLLRDHUP | POLLHUP));
    world.hosts.run();
    CHECK(reader.poll_events() == (in | out | POLLRDHUP | POLLHUP));
  }
  SECTION("own first") {
    reader.shutdown();
    world.hosts.run();
    CHECK(reader.poll_events() == out);
    world.send_end();
    CHECK(reader.poll_events() == (in | out | POLLRDHUP | POLLHUP));
  }
  SECTION("shutdown(SHUT_RD)") {
    reader.shutdown_receive();
    CHECK(reader.poll_events() == (in | out | POLLRDHUP));
    CHECK(world.receive(10).error == 0);
  }
  SECTION("reset") {
    world.hosts.at_server->abort();
    world.hosts.run();
    CHECK(reader.poll_events() == (in | out | POLLRDHUP | POLLHUP | POLLERR));
    CHECK(world.receive(10).error == ECONNRESET);
    CHECK(reader.poll_events() == (in | out | POLLRDHUP | POLLHUP));
  }
}

TEST_CASE("poll: no room to send, until a third of the buffer is free") {
  HostSettings settings;
  settings.tcp.send_buffer = 30'000;
  settings.tcp.receive_buffer = 20'000;
  ReceiveWorld world(RxMode::sw12, settings);
  TcpSocket& writer = *world.hosts.at_server;
  const auto bytes = pattern(100'000);
  std::size_t sent = 0;
  for (int i = 0; i < 3; ++i) {
    sent += writer.send(Bytes(bytes).subspan(sent)).taken;
    world.hosts.clock.run_until(world.hosts.clock.now_ns() + 100 * ns_per_ms);
  }
  writer.send(Bytes(bytes).subspan(sent));
  REQUIRE(writer.endpoint().send_space() == 0);
  CHECK(writer.poll_events() == 0);
  std::size_t read = 0;
  while (writer.poll_events() == 0) {
    read += world.receive(1000).text.size();
    world.hosts.clock.run_until(world.hosts.clock.now_ns() + 100 * ns_per_ms);
  }
  CHECK(read >= 10'000);
  CHECK(writer.endpoint().send_space() >= 10'000);
}

TEST_CASE("poll: while connecting and after a refusal") {
  TwoHosts world;
  TcpSocket& alone = world.client.connect(world.addresses, 1, nullptr);
  CHECK(alone.poll_events() == 0);
  CHECK(receive(alone, 10).error == EAGAIN);
  alone.set_error(ECONNREFUSED);
  CHECK((alone.poll_events() & POLLERR) != 0);
  CHECK(receive(alone, 10).error == ECONNREFUSED);
}

TEST_CASE("A record that is larger than the receive buffer arrives all the same") {
  const RxMode mode = GENERATE(values(all_modes));
  HostSettings settings;
  settings.tcp.receive_buffer = GENERATE(2304, 4096, 10'000, 17'000);
  CAPTURE(settings.tcp.receive_buffer);
  ReceiveWorld world(mode, settings);
  const bool before_keys = GENERATE(false, true);
  if (!before_keys) REQUIRE(world.set_keys() == 0);
  if (GENERATE(false, true)) world.marks = [](std::size_t start) { return start / 3000 % 2 == 0; };
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const std::string part(16384, static_cast<char>('a' + i));
    world.add_data(part);
    text += part;
  }
  const std::uint64_t start = world.hosts.clock.now_ns();
  // A window probe every so often until the reader is done must not be what carries it.
  const auto step = [&] {
    world.hosts.clock.run_until(world.hosts.clock.now_ns() + 20 * ns_per_ms);
  };
  world.hosts.at_server->send(world.unsent());
  step();
  if (before_keys) REQUIRE(world.set_keys() == 0);
  std::string got;
  while (got.size() < text.size() && world.hosts.clock.now_ns() - start < 10 * ns_per_s) {
    step();
    got += world.receive(text.size()).text;
  }
  CHECK(got == text);
  CHECK(world.hosts.clock.now_ns() - start < ns_per_s / 2);
}

TEST_CASE("Only the record at the front is taken out of a small receive buffer") {
  HostSettings settings;
  settings.tcp.receive_buffer = 4096;
  ReceiveWorld world(GENERATE(values(all_modes)), settings);
  REQUIRE(world.set_keys() == 0);
  for (int i = 0; i < 4; ++i) world.add_data(std::string(16384, 'x'));
  world.hosts.at_server->send(world.unsent());
  world.hosts.clock.run_until(world.hosts.clock.now_ns() + ns_per_s);
  const ReceiveQueue& queue = world.reader().receiving()->receive_queue();
  CHECK(world.reader().poll_events() == (in | out));
  CHECK(queue.available() >= 16384);
  CHECK(queue.available() <= 16413 + 4096);
}
