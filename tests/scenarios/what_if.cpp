#include "scenarios/what_if.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "protocol/checksum.h"
#include "tests/support/capture_builder.h"
#include "traces/input_error.h"

using namespace tlsnic;
using namespace tlsnic::scenarios;
using tlsnic::testing::Capture;
using tlsnic::testing::Conversation;
using Numbers = std::vector<std::uint64_t>;

namespace {

struct Delivered {
  std::uint64_t number;
  std::vector<std::uint8_t> bytes;
};

// Frames through a filter: frame numbers count from 1 as they are given.
class Line {
 public:
  explicit Line(const WhatIf& what_if)
      : filter_(what_if, [this](const ReplayedFrame& frame) {
          delivered.push_back({frame.number, {frame.bytes.begin(), frame.bytes.end()}});
        }) {}

  void frame(std::uint64_t stream, bool to_server, Bytes bytes, std::uint32_t payload = 100) {
    ReplayedFrame out;
    out.number = ++frames_;
    out.stream = stream;
    out.to_server = to_server;
    out.payload_length = payload;
    out.bytes = bytes;
    filter_.frame(out);
  }
  void frames(int count) {
    const std::vector<std::uint8_t> bytes(64, 0x55);
    for (int i = 0; i < count; ++i) frame(0, false, bytes);
  }
  void end() { filter_.end("x.pcap", frames_); }
  Numbers order() const {
    Numbers out;
    for (const Delivered& one : delivered) out.push_back(one.number);
    return out;
  }

  std::vector<Delivered> delivered;

 private:
  WhatIfFilter filter_;
  std::uint64_t frames_ = 0;
};

Numbers order_of(const WhatIf& what_if, int frames) {
  Line line(what_if);
  line.frames(frames);
  line.end();
  return line.order();
}

std::set<std::uint64_t> lost(const WhatIf& what_if, int frames) {
  std::set<std::uint64_t> out;
  for (int i = 1; i <= frames; ++i) out.insert(static_cast<std::uint64_t>(i));
  for (const std::uint64_t number : order_of(what_if, frames)) out.erase(number);
  return out;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const traces::InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("without a what-if frames pass at once and as they are") {
  const WhatIf nothing;
  CHECK(nothing.empty());
  CHECK(order_of(nothing, 4) == Numbers{1, 2, 3, 4});
}

TEST_CASE("a late frame arrives right after the N-th following one") {
  WhatIf what_if;
  what_if.late[2] = 3;
  CHECK(order_of(what_if, 7) == Numbers{1, 3, 4, 5, 2, 6, 7});
  what_if.late[2] = 1;
  CHECK(order_of(what_if, 4) == Numbers{1, 3, 2, 4});
  what_if.late[2] = 0;
  CHECK(order_of(what_if, 4) == Numbers{1, 2, 3, 4});
}

TEST_CASE("only frames of the same stream and direction count as following") {
  const std::vector<std::uint8_t> bytes(60, 1);
  WhatIf what_if;
  what_if.late[1] = 2;
  Line line(what_if);
  line.frame(0, true, bytes);
  line.frame(0, false, bytes);
  line.frame(1, true, bytes);
  line.frame(0, true, bytes);
  line.frame(1, true, bytes);
  line.frame(0, true, bytes, 0);  // a pure ACK counts, too
  line.frame(0, true, bytes);
  line.end();
  CHECK(line.order() == Numbers{2, 3, 4, 5, 6, 1, 7});
}

TEST_CASE("late beyond the capture's end: it arrives last") {
  WhatIf what_if;
  what_if.late[2] = 100;
  what_if.late[4] = 50;
  CHECK(order_of(what_if, 5) == Numbers{1, 3, 5, 2, 4});
}

TEST_CASE("two late frames: each waits for its own number of frames") {
  WhatIf what_if;
  what_if.late[1] = 4;
  what_if.late[2] = 1;
  CHECK(order_of(what_if, 6) == Numbers{3, 2, 4, 5, 1, 6});
  what_if.late[2] = 3;  // both are due behind frame 5: in the capture's order
  CHECK(order_of(what_if, 6) == Numbers{3, 4, 5, 1, 2, 6});
}

TEST_CASE("a frame that is dropped counts as following") {
  WhatIf what_if;
  what_if.late[1] = 2;
  what_if.drop = {2, 5};
  CHECK(order_of(what_if, 5) == Numbers{3, 1, 4});
}

TEST_CASE("a duplicate arrives right after, also if it is late") {
  WhatIf what_if;
  what_if.duplicate = {2};
  CHECK(order_of(what_if, 3) == Numbers{1, 2, 2, 3});
  what_if.late[2] = 1;
  CHECK(order_of(what_if, 3) == Numbers{1, 3, 2, 2});
}

TEST_CASE("corrupt inverts a byte and leaves the checksum, tamper makes it right again") {
  Capture capture;
  Conversation tcp(capture);
  tcp.send(tlsnic::testing::Side::server, std::vector<std::uint8_t>(100, 'x'));
  const auto& wire = capture.frames.front().bytes;
  const std::size_t at = GENERATE(66u, 165u, 40u);  // payload: first, last; a TCP header byte

  WhatIf what_if;
  SECTION("corrupt") {
    what_if.corrupt = {{1, at}};
  }
  SECTION("tamper") {
    what_if.tamper = {{1, at}};
  }
  SECTION("both") {
    what_if.tamper = {{1, at}};
    what_if.corrupt = {{1, 100}};
  }
  Line line(what_if);
  line.frame(0, false, wire);
  line.end();
  REQUIRE(line.delivered.size() == 1);
  const auto& got = line.delivered[0].bytes;
  CHECK(got[at] == static_cast<std::uint8_t>(~wire[at]));
  CHECK(tcp_checksum_is_right(got, parse_frame(got)) == what_if.corrupt.empty());
  auto back = got;
  back[at] = wire[at];
  if (!what_if.corrupt.empty() && at != 100) back[100] = wire[100];
  repair_checksums(back, parse_frame(back));
  CHECK(back == wire);
}

TEST_CASE("of a duplicated frame the first copy is damaged") {
  const std::vector<std::uint8_t> wire(60, 0);
  WhatIf what_if;
  what_if.duplicate = {1};
  what_if.corrupt = {{1, 10}, {1, 11}};
  Line line(what_if);
  line.frame(0, false, wire);
  line.end();
  REQUIRE(line.delivered.size() == 2);
  CHECK(line.delivered[0].bytes[10] == 0xff);
  CHECK(line.delivered[0].bytes[11] == 0xff);
  CHECK(line.delivered[1].bytes == wire);
}

TEST_CASE("a byte that the frame does not have is an error") {
  WhatIf what_if;
  what_if.corrupt = {{2, 64}};
  Line line(what_if);
  CHECK(error_of([&] { line.frames(2); }) ==
        "--corrupt: frame 2: found byte 64, expected a byte from 0 to 63");
  what_if = {};
  what_if.tamper = {{1, 1000}};
  Line tampered(what_if);
  CHECK(error_of([&] { tampered.frames(1); }) ==
        "--tamper: frame 1: found byte 1000, expected a byte from 0 to 63");
}

TEST_CASE("a frame that the capture does not have is an error") {
  const auto asked = [](const std::function<void(WhatIf&)>& ask) {
    WhatIf what_if;
    ask(what_if);
    return error_of([&] { order_of(what_if, 5); });
  };
  const std::string six = "x.pcap: what-if: found frame 6, expected a frame from 1 to 5";
  CHECK(asked([](WhatIf& w) { w.late[6] = 1; }) == six);
  CHECK(asked([](WhatIf& w) { w.drop = {1, 6}; }) == six);
  CHECK(asked([](WhatIf& w) { w.duplicate = {6}; }) == six);
  CHECK(asked([](WhatIf& w) { w.corrupt = {{6, 0}}; }) == six);
  CHECK(asked([](WhatIf& w) { w.tamper = {{6, 0}}; }) == six);
  CHECK(asked([](WhatIf& w) { w.drop = {0}; }) ==
        "x.pcap: what-if: found frame 0, expected a frame from 1 to 5");
  CHECK(asked([](WhatIf& w) { w.drop = {5}; }) == "no error");
}

TEST_CASE("random ones: about as often as asked for, and the seed decides") {
  constexpr int frames = 20'000;
  WhatIf what_if;
  what_if.random_drop_probability = 0.05;
  const auto first = lost(what_if, frames);
  // Five standard deviations.
  CHECK(first.size() > 1000 - 155);
  CHECK(first.size() < 1000 + 155);
  CHECK(lost(what_if, frames) == first);
  what_if.seed = 2;
  CHECK(lost(what_if, frames) != first);

  WhatIf late;
  late.random_late_probability = 0.02;
  late.random_late_by = 7;
  Line line(late);
  line.frames(frames);
  line.end();
  std::size_t moved = 0;
  for (std::size_t i = 1; i < line.delivered.size(); ++i)
    if (line.delivered[i].number < line.delivered[i - 1].number) ++moved;
  CHECK(line.delivered.size() == frames);
  CHECK(moved > 400 - 100);
  CHECK(moved < 400 + 100);
}

TEST_CASE("one random option does not shift the other's choices") {
  WhatIf drop;
  drop.random_drop_probability = 0.1;
  WhatIf both = drop;
  both.random_late_probability = 0.3;
  both.random_late_by = 2;
  CHECK(lost(drop, 2000) == lost(both, 2000));
  // Nor do the others.
  both.late[5] = 10;
  both.duplicate = {7};
  both.corrupt = {{9, 3}};
  CHECK(lost(drop, 2000) == lost(both, 2000));
}

TEST_CASE("random ones leave frames without payload alone") {
  WhatIf what_if;
  what_if.random_drop_probability = 1;
  const std::vector<std::uint8_t> bytes(60, 0);
  Line line(what_if);
  line.frame(0, false, bytes, 0);
  line.frame(0, false, bytes, 1);
  line.end();
  CHECK(line.order() == Numbers{1});
}

TEST_CASE("what is written on the command line") {
  WhatIf what_if;
  add_late(what_if, "21:3");
  CHECK(what_if.late == std::map<std::uint64_t, std::uint64_t>{{21, 3}});
  add_frame(what_if.drop, "--drop", "18446744073709551615");
  CHECK(what_if.drop == Numbers{18446744073709551615u});
  add_byte(what_if.tamper, "--tamper", "7:0");
  CHECK(what_if.tamper.front() == std::pair<std::uint64_t, std::uint64_t>{7, 0});
  set_random_late(what_if, "2.5%:10");
  CHECK(what_if.random_late_probability == Approx(0.025));
  CHECK(what_if.random_late_by == 10);
  set_random_drop(what_if, "0.5");
  CHECK(what_if.random_drop_probability == Approx(0.5));
  set_random_drop(what_if, "100%");
  CHECK(what_if.random_drop_probability == 1);
  CHECK_FALSE(what_if.empty());
}

TEST_CASE("what cannot be understood is named, with what would be") {
  WhatIf what_if;
  for (const char* bad : {"", "1", ":", "1:", ":1", "a:1", "1:b", "1:2:3", "-1:2", " 1:2", "1:+2",
                          "0x1:2", "99999999999999999999:1"}) {
    INFO(bad);
    const std::string found = std::string(": value: found '") + bad + "', expected ";
    CHECK(error_of([&] { add_late(what_if, bad); }) ==
          "--late" + found + "FRAME:N, frame FRAME after N following frames");
    CHECK(error_of([&] { add_byte(what_if.corrupt, "--corrupt", bad); }) ==
          "--corrupt" + found + "FRAME:BYTE, a byte of the frame counted from 0");
  }
  for (const char* bad : {"", "x", "1:2", "-1", "1.5"})
    CHECK(error_of([&] { add_frame(what_if.drop, "--drop", bad); }) ==
          std::string("--drop: value: found '") + bad + "', expected a frame number");
  for (const char* bad : {"", "%", "x", "2", "-0.1", "101%", "nan", "0.1x", "1e999"})
    CHECK(error_of([&] { set_random_drop(what_if, bad); }) ==
          std::string("--random-drop: value: found '") + bad +
              "', expected P, a probability (0.02 or 2%)");
  for (const char* bad : {"", "0.1", "2:3", "0.1:", ":1", "0.1:x", "x:1", "0.1:-1"})
    CHECK(error_of([&] { set_random_late(what_if, bad); }) ==
          std::string("--random-late: value: found '") + bad +
              "', expected P:N, a probability (0.02 or 2%) and a number of frames");
  CHECK(what_if.empty());
}
