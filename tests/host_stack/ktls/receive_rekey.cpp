// KeyUpdate (facts 2.10) and TLS_RX_EXPECT_NO_PAD (facts 2.9).
#include <poll.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/receive_world.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

const std::string key_update("\x18\0\0\1\0", 5);

bool is_readable(TcpSocket& socket) {
  return (socket.poll_events() & (POLLIN | POLLRDNORM)) != 0;
}

}  // namespace

TEST_CASE("After a KeyUpdate nothing is read until the new key is set") {
  ReceiveWorld world(GENERATE(RxMode::sw13, RxMode::hw13));
  REQUIRE(world.set_keys() == 0);
  world.add_data("before");
  world.add_record(record_handshake, key_update);
  world.send_all();
  // The device has no part in what comes under the new key.
  world.marks = [](std::size_t) { return false; };
  world.change_keys(2);
  world.add_data("after");
  world.send_all();
  CHECK(world.receive(100).text == "before");
  ReceiveFlags without;
  without.control = false;
  CHECK(world.receive(100, without).error == EIO);
  CHECK(world.counter(TlsCounter::rx_rekey_received) == 1);
  // It waits in rx_list, and the pause has begun.
  CHECK_FALSE(is_readable(world.reader()));
  std::vector<std::uint8_t> out;
  CHECK(world.reader().splice_read(100, out) == EINVAL);
  const Received update = world.receive(100);
  CHECK(update.text == key_update);
  CHECK(update.type == record_handshake);

  ReceiveFlags waiting;
  waiting.may_wait = GENERATE(false, true);
  for (int i = 0; i < 2; ++i) {
    const Received refused = world.receive(100, waiting);
    CHECK(refused.is_over);
    CHECK(refused.error == EKEYEXPIRED);
  }
  CHECK(world.reader().splice_read(100, out) == EKEYEXPIRED);
  CHECK_FALSE(is_readable(world.reader()));
  REQUIRE(world.set_keys(2) == 0);
  CHECK(is_readable(world.reader()));
  CHECK(world.receive(100).text == "after");
  CHECK(world.counter(TlsCounter::rx_rekey_ok) == 1);
  CHECK(world.counter(TlsCounter::decrypt_error) == 0);
}

TEST_CASE("Data that waits is readable although a KeyUpdate came") {
  ReceiveWorld world(GENERATE(RxMode::sw13, RxMode::hw13));
  REQUIRE(world.set_keys() == 0);
  world.add_data("before");
  world.add_record(record_handshake, key_update);
  world.send_all();
  ReceiveFlags peek;
  peek.peek = true;
  peek.wait_all = true;
  CHECK(world.receive(100, peek).text == "before");
  CHECK(world.counter(TlsCounter::rx_rekey_received) == 1);
  CHECK(world.receive(100, peek).text == "before");
  CHECK(world.receive(3).text == "bef");
  CHECK(world.receive(100).text == "ore");
  CHECK(world.receive(100, peek).text == key_update);
  CHECK(world.receive(100).text == key_update);
  CHECK(world.receive(100).error == EKEYEXPIRED);
}

TEST_CASE("The pause comes before an error and before the end") {
  ReceiveWorld world(GENERATE(RxMode::sw13, RxMode::hw13));
  REQUIRE(world.set_keys() == 0);
  world.add_record(record_handshake, key_update);
  world.send_all();
  CHECK(world.receive(100).text == key_update);
  SECTION("end") {
    world.send_end();
    CHECK(world.receive(100).error == EKEYEXPIRED);
    REQUIRE(world.set_keys(2) == 0);
    CHECK(world.receive(100).error == 0);
  }
  SECTION("reset") {
    world.hosts.at_server->abort();
    world.hosts.run();
    CHECK(world.receive(100).error == EKEYEXPIRED);
    REQUIRE(world.set_keys(2) == 0);
    CHECK(world.receive(100).error == ECONNRESET);
  }
}

TEST_CASE("Handshake records of other kinds, and types other than handshake, do not pause") {
  ReceiveWorld world(GENERATE(RxMode::sw13, RxMode::hw13));
  REQUIRE(world.set_keys() == 0);
  world.add_record(record_handshake, std::string("\x04\0\0\1\0", 5) + key_update);
  world.add_record(record_handshake, "");
  world.add_record(record_alert, key_update);
  world.add_data(key_update);
  world.send_all();
  for (int i = 0; i < 4; ++i) CHECK(world.receive(100).error == 0);
  CHECK(world.counter(TlsCounter::rx_rekey_received) == 0);
  CHECK(world.receive(100).error == EAGAIN);
}

TEST_CASE("TLS 1.2 pauses for good") {
  ReceiveWorld world(GENERATE(RxMode::sw12, RxMode::hw12));
  REQUIRE(world.set_keys() == 0);
  world.add_record(record_handshake, key_update);
  world.add_data("after");
  world.send_all();
  CHECK(world.receive(100).text == key_update);
  CHECK(world.set_keys(2) == EBUSY);
  CHECK(world.receive(100).error == EKEYEXPIRED);
}

TEST_CASE("A record decrypted in the hope of no padding is decrypted again if there is some") {
  const RxMode mode = GENERATE(values(all_modes));
  ReceiveWorld world(mode);
  REQUIRE(world.set_keys() == 0);
  const bool on = GENERATE(false, true);
  world.reader().receiving()->tls_rx()->set_expect_no_pad(on);
  const auto retries = [&] { return world.counter(TlsCounter::decrypt_retry); };
  const auto violations = [&] { return world.counter(TlsCounter::rx_no_pad_violation); };
  const std::uint64_t one = on && mode == RxMode::sw13 ? 1 : 0;

  world.send_data({"no padding"});
  CHECK(world.receive(100).text == "no padding");
  CHECK(retries() == 0);
  world.add_record(record_alert, "control");
  world.send_all();
  CHECK(world.receive(100).text == "control");
  CHECK(retries() == one);
  CHECK(violations() == 0);
  world.add_record(record_application_data, "padded", 30);
  world.send_all();
  CHECK(world.receive(100).text == "padded");
  CHECK(retries() == 2 * one);
  CHECK(violations() == one);

  // Not straight to the reader: too little room, a peek, a bad address.
  const std::size_t padding = is_tls13(mode) ? 30 : 0;
  world.add_record(record_application_data, "0123456789", padding);
  world.send_all();
  CHECK(world.receive(10 + padding - 1).text.substr(0, 9) == "012345678");
  world.receive(1);
  world.add_record(record_application_data, "peek", padding);
  world.send_all();
  ReceiveFlags peek;
  peek.peek = true;
  CHECK(world.receive(100, peek).text == "peek");
  CHECK(world.receive(4).text == "peek");
  world.add_record(record_application_data, "bad address", padding);
  world.send_all();
  ReceiveCall call;
  const iovec buffer{nullptr, 100};
  call.buffers = gsl::span<const iovec>(&buffer, 1);
  call.may_wait = false;
  CHECK(world.reader().receive(call));
  CHECK(call.error == EFAULT);
  CHECK(retries() == 2 * one);
  CHECK(violations() == one);
  CHECK(world.counter(TlsCounter::decrypt_error) == 0);
}
