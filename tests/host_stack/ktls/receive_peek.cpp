// Rule 10 of facts 2.7: MSG_PEEK.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/receive_world.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

ReceiveFlags peeking() {
  ReceiveFlags flags;
  flags.peek = true;
  return flags;
}

}  // namespace

TEST_CASE("A peek repeats the same data, and what it saw is read") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"peek at me"});
  for (int i = 0; i < 100; ++i)
    REQUIRE(world.receive(i % 20 + 1, peeking()).text ==
            std::string("peek at me").substr(0, i % 20 + 1));
  CHECK(world.receive(100).text == "peek at me");
  CHECK(world.receive(100, peeking()).error == EAGAIN);
}

TEST_CASE("A peek sees all records that are ready, and a read joins them") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"first", "second"});
  CHECK(world.receive(5, peeking()).text == "first");
  CHECK(world.receive(100, peeking()).text == "firstsecond");
  CHECK(world.receive(7).text == "firstse");
  CHECK(world.receive(100, peeking()).text == "cond");
  CHECK(world.receive(100).text == "cond");
}

TEST_CASE("A peek with MSG_WAITALL waits for the next record") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"first"});
  std::string text(11, '.');
  const iovec buffer{text.data(), text.size()};
  ReceiveCall call;
  call.buffers = gsl::span<const iovec>(&buffer, 1);
  call.peek = call.wait_all = true;
  CHECK_FALSE(world.reader().receive(call));
  world.send_data({"second"});
  CHECK(world.reader().receive(call));
  CHECK(text == "firstsecond");
  CHECK(world.receive(100).text == "firstsecond");
}

TEST_CASE("A repeated peek sees the first data, not what is behind another type") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.add_data("data");
  world.add_record(record_alert, "alert");
  world.add_data("after");
  world.send_all();
  ReceiveFlags flags = peeking();
  flags.wait_all = GENERATE(false, true);
  for (int i = 0; i < 3; ++i) CHECK(world.receive(100, flags).text == "data");
  CHECK(world.receive(100).text == "data");
  for (int i = 0; i < 3; ++i) {
    const Received alert = world.receive(100, flags);
    CHECK(alert.text == "alert");
    CHECK(alert.type == record_alert);
  }
  CHECK(world.receive(100).text == "alert");
  CHECK(world.receive(100).text == "after");
}

TEST_CASE("Two control records of a type are peeked at and read one by one") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.add_record(100, "first");
  world.add_record(100, "second");
  world.send_all();
  CHECK(world.receive(100, peeking()).text == "first");
  CHECK(world.receive(100, peeking()).text == "first");
  CHECK(world.receive(100).text == "first");
  CHECK(world.receive(100).text == "second");
}

TEST_CASE("What a peek saw can be spliced") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"first", "second"});
  CHECK(world.receive(100, peeking()).text == "firstsecond");
  std::vector<std::uint8_t> out;
  CHECK(world.reader().splice_read(100, out) == 0);
  CHECK(std::string(out.begin(), out.end()) == "first");
  CHECK(world.receive(100).text == "second");
}

TEST_CASE("Data that a peek saw is still there at the end of the stream") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"last"});
  CHECK(world.receive(100, peeking()).text == "last");
  world.send_end();
  ReceiveFlags flags;
  flags.wait_all = flags.may_wait = true;
  const Received last = world.receive(100, flags);
  CHECK(last.is_over);
  CHECK(last.text == "last");
  const Received end = world.receive(100, flags);
  CHECK(end.is_over);
  CHECK(end.error == 0);
  CHECK(end.text.empty());
  CHECK_FALSE(end.type);
}

TEST_CASE("Empty records that are peeked at again and again take no memory") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  for (int i = 0; i < 3; ++i) {
    for (int n = 0; n < 100; ++n) world.add_data("");
    world.send();
    const Received none = world.receive(100, peeking());
    CHECK(none.error == EAGAIN);
  }
  CHECK(world.reader().waiting_records() == 1);
  world.add_record(record_alert, "alert");
  world.send();
  CHECK(world.receive(100).type == record_application_data);
  CHECK(world.receive(100).text == "alert");
}
