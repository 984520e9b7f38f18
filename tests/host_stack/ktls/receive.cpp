// The rules of facts 2.7, by number, and self-test groups C and F of facts 5.1.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/host_stack/ktls/receive_world.h"

using namespace tlsnic;
using namespace tlsnic::host;
using namespace tlsnic::host::test;

namespace {

constexpr int data = record_application_data;

}  // namespace

TEST_CASE("A record can be read in pieces; only its end ends a record") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"hello world"});
  const Received first = world.receive(5);
  CHECK(first.text == "hello");
  CHECK(first.type == data);
  CHECK_FALSE(first.end_of_record);
  const Received rest = world.receive(100);
  CHECK(rest.text == " world");
  CHECK(rest.type == data);
  CHECK(rest.end_of_record);
  CHECK(world.receive(100).error == EAGAIN);
}

TEST_CASE("Rule 4: what is ready is joined, what is asked for is waited for") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"one", "two"});
  CHECK(world.receive(100).text == "onetwo");
  world.send_data({"three"});

  std::string text(8, '.');
  const iovec buffer{text.data(), text.size()};
  ReceiveCall call;
  call.buffers = gsl::span<const iovec>(&buffer, 1);
  SECTION("MSG_WAITALL") {
    call.wait_all = true;
  }
  SECTION("SO_RCVLOWAT") {
    call.low_water = 8;
  }
  CHECK_FALSE(world.reader().receive(call));
  CHECK(call.copied == 5);
  CHECK_FALSE(world.reader().receive(call));
  world.send_data({"four"});
  CHECK(world.reader().receive(call));
  CHECK(text == "threefou");
  CHECK(world.receive(100).text == "r");
}

TEST_CASE("SO_RCVLOWAT is met by what waits and what comes") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  ReceiveFlags flags;
  flags.low_water = 8;
  flags.may_wait = true;
  world.send_data({"0123456789"});
  CHECK(world.receive(1, flags).text == "0");
  world.send_data({"abcde"});
  CHECK(world.receive(20, flags).text == "123456789abcde");
  world.send_data({"abcde"});
  CHECK_FALSE(world.receive(20, flags).is_over);
}

TEST_CASE("Rules 8 and 9: types are not mixed, records other than data not merged") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  const bool in_one_go = GENERATE(false, true);
  world.add_data("data");
  world.add_record(record_alert, "A1");
  world.add_record(record_alert, "A2");
  world.add_record(100, "any type");
  world.add_data("more");
  world.send_all();
  if (!in_one_go) CHECK(world.receive(1).text == "d");
  const Received first = world.receive(100);
  CHECK(first.text == (in_one_go ? "data" : "ata"));
  CHECK(first.type == data);
  for (const char* text : {"A1", "A2"}) {
    const Received alert = world.receive(100);
    CHECK(alert.text == text);
    CHECK(alert.type == record_alert);
    CHECK(alert.end_of_record);
  }
  CHECK(world.receive(3).text == "any");
  const Received rest = world.receive(100);
  CHECK(rest.text == " type");
  CHECK(rest.type == 100);
  CHECK(world.receive(100).text == "more");
}

TEST_CASE("Rule 8: a control record needs room for its type, data does not") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  ReceiveFlags without;
  without.control = false;
  world.add_data("data");
  world.add_record(record_alert, "alert");
  world.send_all();
  const Received text = world.receive(100, without);
  CHECK(text.text == "data");
  CHECK(text.control_truncated);
  for (int i = 0; i < 2; ++i) {
    without.peek = i == 1;
    const Received refused = world.receive(100, without);
    CHECK(refused.error == EIO);
    CHECK(refused.text.empty());
  }
  const Received alert = world.receive(100);
  CHECK(alert.text == "alert");
  CHECK(alert.type == record_alert);
  CHECK_FALSE(alert.control_truncated);
}

TEST_CASE("Rule 11: empty records, as the kernel's self-test zero_len has them") {
  struct Case {
    const char* name;
    std::vector<std::pair<int, const char*>> records;
    std::vector<int> results;  // bytes, or -EAGAIN
  };
  const char* const text = "0123456789a";
  const int alert = record_alert;
  const Case tested = GENERATE_COPY(
      Case{"data_data_data", {{data, text}, {data, text}, {data, text}}, {33, -EAGAIN}},
      Case{"data_0ctrl_data", {{data, text}, {alert, ""}, {data, text}}, {11, 0, 11, -EAGAIN}},
      Case{"0data_0data_0data", {{data, ""}, {data, ""}, {data, ""}}, {-EAGAIN}},
      Case{"0data_0data_ctrl", {{data, ""}, {data, ""}, {alert, text}}, {0, 11, -EAGAIN}},
      Case{"0data_0data_0ctrl", {{data, ""}, {data, ""}, {alert, ""}}, {0, 0, -EAGAIN}},
      Case{"0ctrl_0ctrl_0ctrl", {{alert, ""}, {alert, ""}, {alert, ""}}, {0, 0, 0, -EAGAIN}},
      Case{"0data_0data_data", {{data, ""}, {data, ""}, {data, text}}, {11, -EAGAIN}},
      Case{"data_0data_0data", {{data, text}, {data, ""}, {data, ""}}, {11, -EAGAIN}});
  CAPTURE(tested.name);
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  for (const auto& [type, bytes] : tested.records)
    world.add_record(static_cast<std::uint8_t>(type), bytes);
  world.send_all();
  for (const int expected : tested.results) {
    const Received got = world.receive(1000);
    const int size = static_cast<int>(got.text.size());
    CHECK((got.error != 0 ? -got.error : size) == expected);
  }
}

TEST_CASE("Rule 11: types of what an empty record comes before or after") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.add_data("");
  world.add_record(record_alert, "alert");
  world.add_record(record_alert, "");
  world.send_all();
  const Received none = world.receive(100);
  CHECK(none.error == 0);
  CHECK(none.type == data);
  CHECK(world.receive(100).text == "alert");
  const Received empty = world.receive(100);
  CHECK(empty.error == 0);
  CHECK(empty.type == record_alert);
  CHECK(world.receive(100).error == EAGAIN);
}

TEST_CASE("Rule 12: a bad address ends a call with what was copied by then") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  world.send_data({"1111111111", "2222222222"});
  CHECK(world.receive(1).text == "1");
  std::string text(12, '.');
  const iovec buffers[] = {{text.data(), text.size()}, {nullptr, 1}};
  ReceiveCall call;
  call.buffers = buffers;
  call.may_wait = false;
  CHECK(world.reader().receive(call));
  CHECK(call.copied == 9);
  CHECK(text.substr(0, 9) == "111111111");

  for (int i = 0; i < 2; ++i) {
    ReceiveCall bad;
    bad.buffers = gsl::span<const iovec>(buffers).subspan(1);
    bad.may_wait = false;
    CHECK(world.reader().receive(bad));
    CHECK(bad.copied == 0);
    CHECK(bad.error == EFAULT);
  }
  CHECK(world.receive(100).text == "2222222222");
}

TEST_CASE("Many buffers are filled in order") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  std::string sent(5000, '.');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i % 23);
  world.add_data(sent.substr(0, 3000));
  world.add_data(sent.substr(3000));
  world.send_all();
  std::string got(5120, '.');
  std::vector<iovec> buffers;
  for (std::size_t i = 0; i < 1024; ++i) buffers.push_back({got.data() + 5 * i, i % 7 ? 5u : 0u});
  ReceiveCall call;
  call.buffers = buffers;
  call.has_control_buffer = true;
  call.may_wait = false;
  REQUIRE(world.reader().receive(call));
  std::string joined;
  for (const iovec& buffer : buffers)
    joined.append(static_cast<const char*>(buffer.iov_base), buffer.iov_len);
  REQUIRE(call.copied == joined.size());
  CHECK(joined == sent.substr(0, joined.size()));
  CHECK(world.receive(5000).text == sent.substr(joined.size()));
}

TEST_CASE("A call for no bytes takes none") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  CHECK(world.receive(0).error == 0);
  world.send_data({"text"});
  CHECK(world.receive(0).error == 0);
  CHECK(world.receive(10).text == "text");
}

TEST_CASE("Records that came before the keys are read (prequeue)") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  const std::string text(16384, 'x');
  const std::string more(3616, 'y');
  world.add_data(text);
  world.add_data(more);
  world.send_all();
  REQUIRE(world.set_keys() == 0);
  ReceiveFlags flags;
  flags.wait_all = true;
  CHECK(world.receive(20000, flags).text == text + more);
}

TEST_CASE("splice_read gives one record or its rest, and never a control record") {
  ReceiveWorld world(GENERATE(values(all_modes)));
  REQUIRE(world.set_keys() == 0);
  std::vector<std::uint8_t> out;
  CHECK(world.reader().splice_read(100, out) == EAGAIN);
  world.send_data({"first", "second"});
  CHECK(world.reader().splice_read(3, out) == 0);
  CHECK(std::string(out.begin(), out.end()) == "fir");
  CHECK(world.reader().splice_read(100, out) == 0);
  CHECK(std::string(out.begin(), out.end()) == "first");
  CHECK(world.receive(3).text == "sec");
  CHECK(world.reader().splice_read(100, out) == 0);
  CHECK(std::string(out.begin(), out.end()) == "firstond");

  world.add_record(100, "control");
  world.send_all();
  ReceiveFlags without;
  without.control = false;
  SECTION("splice, then recv") {
    CHECK(world.reader().splice_read(100, out) == EINVAL);
    CHECK(world.receive(100, without).error == EIO);
  }
  SECTION("recv, then splice") {
    CHECK(world.receive(100, without).error == EIO);
    CHECK(world.reader().splice_read(100, out) == EINVAL);
  }
  CHECK(out.size() == 8);
  CHECK(world.receive(100).text == "control");
  world.send_end();
  CHECK(world.reader().splice_read(100, out) == 0);
  CHECK(out.size() == 8);
}
