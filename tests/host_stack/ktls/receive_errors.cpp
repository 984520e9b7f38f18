// Facts 2.8: which errors a reader gets, and for how long; sk_err.
#include <poll.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/receive_world.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

// Nothing but a header, and what the kernel wants to see before it judges it.
std::vector<std::uint8_t> header(int version, std::size_t length) {
  std::vector<std::uint8_t> bytes(64, 0x55);
  bytes[0] = record_application_data;
  store_be16(bytes.data() + 1, static_cast<std::uint16_t>(version));
  store_be16(bytes.data() + 3, static_cast<std::uint16_t>(length));
  return bytes;
}

}  // namespace

TEST_CASE("A header that is refused: too long, too short, version, in this order") {
  const RxMode mode = GENERATE(values(all_modes));
  ReceiveWorld world(mode);
  REQUIRE(world.set_keys() == 0);
  const RecordFormat format = record_format(receive_keys(mode).version, TlsCipher::aes_gcm_128);
  world.add_data("good");
  int expected = 0;
  const std::size_t longest = 16384 + 16 + (is_tls13(mode) ? 1 : 8);
  const std::size_t shortest = 16 + (is_tls13(mode) ? 0 : 8);
  REQUIRE(format.max_length() == longest);
  SECTION("too long, whatever the version") {
    world.add_bytes(header(GENERATE(0x0303, 0x0302), longest + 1));
    expected = EMSGSIZE;
  }
  SECTION("too short, whatever the version") {
    world.add_bytes(header(GENERATE(0x0303, 0x0302), shortest - 1));
    expected = EBADMSG;
  }
  SECTION("version") {
    world.add_bytes(header(GENERATE(0x0301, 0x0304, 0x5555), 100));
    expected = EINVAL;
  }
  world.send_all();
  ReceiveFlags flags;
  flags.wait_all = true;
  // Returned but not cleared, as there were bytes.
  CHECK(world.receive(100, flags).text == "good");
  CHECK(world.reader().error() == expected);
  CHECK((world.reader().poll_events() & POLLERR) != 0);
  CHECK(world.receive(100).error == expected);
  CHECK(world.reader().error() == 0);
  CHECK(world.receive(100).error == EAGAIN);
  CHECK(world.receive(100).error == EAGAIN);
  CHECK(world.counter(TlsCounter::decrypt_error) == 0);
  world.add_data("never seen");
  world.send_all();
  CHECK(world.receive(100).error == EAGAIN);
  world.send_end();
  CHECK(world.receive(100).error == 0);
}

TEST_CASE("bad_rec: 64 bytes of 0x55 are too long") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.add_bytes(std::vector<std::uint8_t>(64, 0x55));
  world.send_all();
  CHECK(world.receive(100).error == EMSGSIZE);
  CHECK(world.receive(100).error == EAGAIN);
}

TEST_CASE("A header is not judged before the explicit nonce is there") {
  ReceiveWorld world(RxMode::sw12);
  REQUIRE(world.set_keys() == 0);
  world.add_bytes(std::vector<std::uint8_t>(13, 0x55));
  world.send(12);
  CHECK(world.receive(100).error == EAGAIN);
  world.send(1);
  CHECK(world.receive(100).error == EMSGSIZE);
}

TEST_CASE("Rule 7: a record that fails stays and fails again, after the good ones before it") {
  const RxMode mode = GENERATE(RxMode::sw12, RxMode::sw13);
  ReceiveWorld world(mode);
  REQUIRE(world.set_keys() == 0);
  const std::uint8_t type = GENERATE(record_application_data, record_alert);
  world.add_data("good one, ");
  world.add_data("good two");
  world.add_record(type, "bad");
  world.spoil_last();
  world.add_data("never seen");
  world.send_all();
  CHECK(world.receive(1000).text == "good one, good two");
  for (std::uint64_t i = 2; i <= 4; ++i) {
    const Received failed = world.receive(1000);
    CHECK(failed.error == EBADMSG);
    CHECK(world.counter(TlsCounter::decrypt_error) == i);
    CHECK(world.reader().error() == EBADMSG);
  }
  std::vector<std::uint8_t> out;
  CHECK(world.reader().splice_read(100, out) == EBADMSG);
  CHECK(out.empty());
  const int events = world.reader().poll_events();
  CHECK((events & POLLERR) != 0);
  CHECK((events & POLLIN) != 0);
  // SO_ERROR clears it, which changes nothing for the reader.
  CHECK(world.reader().take_error() == EBADMSG);
  CHECK(world.reader().error() == 0);
  CHECK(world.receive(1000).error == EBADMSG);
}

TEST_CASE("A mixed record whose tag is wrong is found out, a wholly marked one is trusted") {
  ReceiveWorld world(RxMode::hw12);
  REQUIRE(world.set_keys() == 0);
  const bool mixed = GENERATE(false, true);
  if (mixed) world.marks = [](std::size_t start) { return start >= 1000; };
  world.add_data(std::string(3000, 'x'));
  world.spoil_last();
  world.send_all();
  const Received got = world.receive(5000);
  CHECK(got.error == (mixed ? EBADMSG : 0));
  CHECK(got.text.size() == (mixed ? 0 : 3000));
  CHECK(world.counter(TlsCounter::decrypt_error) == (mixed ? 1 : 0));
}

TEST_CASE("TLS 1.3: nothing but zeros inside is EBADMSG, and authentication did not fail") {
  ReceiveWorld world(GENERATE(RxMode::sw13, RxMode::hw13));
  REQUIRE(world.set_keys() == 0);
  world.add_record(0, "", 20);
  world.send_all();
  CHECK(world.receive(100).error == EBADMSG);
  CHECK(world.receive(100).error == EBADMSG);
  CHECK(world.counter(TlsCounter::decrypt_error) == 0);
}

TEST_CASE("TLS 1.2: content type 0 is EBADMSG again and again") {
  ReceiveWorld world(GENERATE(RxMode::sw12, RxMode::hw12));
  REQUIRE(world.set_keys() == 0);
  world.add_record(0, "zero");
  world.send_all();
  for (int i = 0; i < 3; ++i) CHECK(world.receive(100).error == EBADMSG);
  CHECK(world.counter(TlsCounter::decrypt_error) == 0);
}

TEST_CASE("The last record number is read, then the connection is broken") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys(1, UINT64_MAX) == 0);
  world.set_record_number(UINT64_MAX);
  world.send_data({"last", "wrapped"});
  CHECK(world.receive(4).text == "last");
  CHECK(world.reader().error() == EBADMSG);
  CHECK(world.receive(100).error == EBADMSG);
  CHECK(world.receive(100).error == EAGAIN);
  CHECK(world.counter(TlsCounter::decrypt_error) == 0);
}

TEST_CASE("The end hides a truncated record") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.add_data("whole");
  world.add_data(std::string(1000, 'x'));
  world.send(200);
  CHECK(world.receive(1000).text == "whole");
  CHECK(world.receive(1000).error == EAGAIN);
  world.send_end();
  const Received end = world.receive(1000);
  CHECK(end.error == 0);
  CHECK(end.text.empty());
  CHECK(end.is_over);
}

TEST_CASE("Rule 5: records first, then the reset, once, then the end") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"one", "two"});
  world.hosts.at_server->abort();
  world.hosts.run();
  CHECK(world.reader().error() == ECONNRESET);
  CHECK(world.receive(3).text == "one");
  ReceiveFlags flags;
  flags.wait_all = true;
  CHECK(world.receive(100, flags).text == "two");
  CHECK(world.receive(100).error == ECONNRESET);
  CHECK(world.receive(100).error == 0);
  CHECK(world.reader().error() == 0);
}

TEST_CASE("A reset after the peer's end is EPIPE") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_end();
  CHECK(world.receive(100).error == 0);
  world.hosts.at_server->abort();
  world.hosts.run();
  CHECK(world.receive(100).error == EPIPE);
  CHECK(world.receive(100).error == 0);
}

TEST_CASE("There is one sk_err: what came last") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  SECTION("the reset after the bad header") {
    world.add_bytes(std::vector<std::uint8_t>(64, 0x55));
    world.send_all();
    CHECK(world.reader().error() == EMSGSIZE);
    world.hosts.at_server->abort();
    world.hosts.run();
    CHECK(world.receive(100).error == ECONNRESET);
  }
  SECTION("one is taken by SO_ERROR") {
    world.add_bytes(std::vector<std::uint8_t>(64, 0x55));
    world.send_all();
    CHECK(world.reader().take_error() == EMSGSIZE);
    CHECK(world.reader().take_error() == 0);
    CHECK(world.receive(100).error == EAGAIN);
    world.hosts.at_server->abort();
    world.hosts.run();
    CHECK(world.receive(100).error == ECONNRESET);
  }
  CHECK(world.receive(100).error == 0);
}
