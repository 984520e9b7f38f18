#include <catch2/catch.hpp>

#include "tests/traces/capture/capture_bytes.h"
#include "traces/capture/embedded_secrets.h"
#include "traces/capture/pcapng_clock.h"

using namespace tlsnic::testing;
using tlsnic::traces::embedded_secrets;
using tlsnic::traces::PcapngClock;

namespace {

const ByteVector ip = tcp_packet("hello");
const ByteVector frame_a = on_ethernet(ip);
constexpr std::uint64_t second = 1'700'000'000;

// Two interfaces of different link types and resolutions, every kind of packet block.
ByteVector mixed_capture(bool big_endian) {
  CaptureBytes capture(big_endian);
  capture.section().interface(1).interface(101, 0, 9);
  capture.enhanced(0, second * 1'000'000 + 1, frame_a);
  capture.begin(0x7777).put32(1).end();  // a block that nobody knows
  capture.enhanced(1, second * 1'000'000'000 + 2, ip);
  capture.simple(frame_a);
  capture.begin(4).put32(0).end();  // names
  capture.obsolete(1, second * 1'000'000'000 + 4, ip);
  capture.secrets("late secrets");
  return capture.bytes;
}

ReadResult read_section(CaptureBytes& capture) {
  return read_capture(capture.bytes);
}

std::string error_of(const CaptureBytes& capture) {
  return read_capture(capture.bytes).error;
}

}  // namespace

TEST_CASE("pcapng of both byte orders with different interfaces") {
  const ReadResult result = read_capture(mixed_capture(GENERATE(false, true)));
  CHECK(result.error.empty());
  REQUIRE(result.frames.size() == 4);
  const auto base = static_cast<std::int64_t>(second * 1'000'000'000);
  const std::int64_t times[] = {base + 1000, base + 2, base + 2, base + 4};
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(result.frames[i].number == i + 1);
    CHECK(result.frames[i].time_ns == times[i]);
    CHECK(result.frames[i].ethernet == frame_a);
  }
}

TEST_CASE("a pcapng cut after any byte") {
  const ByteVector whole = mixed_capture(GENERATE(false, true));
  int clean = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const ByteVector part(whole.begin(), whole.begin() + static_cast<long>(size));
    const ReadResult result = read_capture(part);
    clean += result.error.empty() ? 1 : 0;
    CHECK_NOTHROW(embedded_secrets(TemporaryFile(part).path()));
  }
  // Between the ten blocks.
  CHECK(clean == 9);
}

TEST_CASE("sections differ in byte order and have interfaces of their own") {
  CaptureBytes first(false);
  first.section().interface(1).enhanced(0, 1, frame_a);
  CaptureBytes second_section(true);
  second_section.section().interface(101).enhanced(0, 2, ip);
  const ByteVector both = joined(first.bytes, second_section.bytes);
  const ReadResult result = read_capture(both);
  CHECK(result.error.empty());
  REQUIRE(result.frames.size() == 2);
  CHECK(result.frames[1].number == 2);
  CHECK(result.frames[1].ethernet == frame_a);

  CaptureBytes without_interface(false);
  without_interface.section().enhanced(0, 3, frame_a);
  CHECK(read_capture(joined(both, without_interface.bytes)).error ==
        "test: frame 3: found interface 0, expected one of the 0 interfaces that the section "
        "describes");
}

TEST_CASE("timestamps of any resolution") {
  constexpr std::uint64_t s = 1'000'000'000;
  CHECK(PcapngClock().to_ns(5) == 5000);
  CHECK(PcapngClock(0, 0).to_ns(5) == 5 * s);
  CHECK(PcapngClock(3, 0).to_ns(5) == 5'000'000);
  CHECK(PcapngClock(9, 0).to_ns(5) == 5);
  CHECK(PcapngClock(12, 0).to_ns(5'999) == 5);
  CHECK(PcapngClock(28, 0).to_ns(~0ull) == 1);
  CHECK(PcapngClock(29, 0).to_ns(~0ull) == 0);
  CHECK(PcapngClock(127, 0).to_ns(~0ull) == 0);
  CHECK(PcapngClock(0x80, 0).to_ns(5) == 5 * s);
  CHECK(PcapngClock(0x80 | 1, 0).to_ns(5) == 5 * s / 2);
  CHECK(PcapngClock(0x80 | 32, 0).to_ns((7ull << 32) + (1ull << 31)) == 7 * s + s / 2);
  CHECK(PcapngClock(0x80 | 63, 0).to_ns(3ull << 62) == s + s / 2);
  CHECK(PcapngClock(0xff, 0).to_ns(~0ull) == 0);
  CHECK(PcapngClock(6, 100).to_ns(1) == 100 * s + 1000);
  CHECK(PcapngClock(6, -1).to_ns(1'000'001) == 1000);
  CHECK_FALSE(PcapngClock(6, -1).to_ns(999'999));
  CHECK_FALSE(PcapngClock(6, 0).to_ns(~0ull));
  CHECK_FALSE(PcapngClock(0, INT64_MAX).to_ns(~0ull));
  CHECK_FALSE(PcapngClock(0, INT64_MIN).to_ns(~0ull));
  CHECK(PcapngClock(9, 0).to_ns(INT64_MAX) == INT64_MAX);
}

TEST_CASE("interface options reach the clock") {
  CaptureBytes capture(GENERATE(false, true));
  capture.section().interface(1, 0, 0x80 | 10, 1000).enhanced(0, 1536, frame_a);
  CHECK(read_section(capture).frames.at(0).time_ns == 1'001'500'000'000);
}

TEST_CASE("simple packets are cut by the interface's snap length") {
  CaptureBytes capture(false);
  const ByteVector arp = on_ethernet(ByteVector(46), 0x0806);
  capture.section().interface(1, 20).simple({arp.data(), 20}, 60);
  const ReadResult result = read_section(capture);
  CHECK(result.error.empty());
  CHECK(result.frames.at(0).ethernet.size() == 20);
  CHECK(result.frames.at(0).original_length == 60);
}

TEST_CASE("blocks that Wireshark numbers as frames are counted") {
  CaptureBytes capture(false);
  capture.section().interface(1).enhanced(0, 1, frame_a);
  capture.begin(9).put32(0x203d5f5f).end().begin(0xbad).put32(32473).end();
  capture.enhanced(0, 2, frame_a);
  CHECK(read_section(capture).frames.at(1).number == 4);
}

TEST_CASE("damaged pcapng") {
  CaptureBytes capture(false);
  capture.section().interface(1);
  SECTION("byte order") {
    CaptureBytes bad(false);
    bad.begin(0x0a0d0d0a).put32(0x11223344).put64(0).put64(0).end();
    CHECK(error_of(bad) ==
          "test: byte 0: found a byte-order magic of 0x44332211, expected 0x1a2b3c4d in either "
          "byte order");
  }
  SECTION("version") {
    CHECK(error_of(CaptureBytes(false).section(2)) ==
          "test: byte 0: found pcapng version 2.0, expected version 1");
  }
  SECTION("short section header") {
    CaptureBytes bad(false);
    bad.begin(0x0a0d0d0a).put32(0x1a2b3c4d).put32(1).end().put64(0);
    CHECK(error_of(bad) ==
          "test: byte 0: found a section header of 20 bytes, expected at least 28 bytes");
  }
  SECTION("block length") {
    capture.put32(0x7777).put32(13);
    CHECK(
        error_of(capture) ==
        "test: byte 60: found a block length of 13, expected a multiple of 4 that is at least 12");
  }
  SECTION("lengths that differ") {
    capture.put32(0x7777).put32(12).put32(16);
    CHECK(error_of(capture) ==
          "test: byte 60: found a block length of 12 before and 16 after the block, expected equal "
          "lengths");
  }
  SECTION("lengths of a packet that differ") {
    capture.enhanced(0, 1, frame_a);
    capture.bytes.back() = 1;
    CHECK_THAT(error_of(capture),
               Catch::StartsWith("test: frame 1: found a block length of 92 before and"));
  }
  SECTION("an unknown block of 4 GiB") {
    capture.put32(0x7777).put32(0xfffffffc).put32(0);
    CHECK(error_of(capture) ==
          "test: byte 60: found the end of the file after 12 bytes of the block, expected "
          "4294967292 bytes");
  }
  SECTION("a packet block of 4 GiB") {
    capture.put32(6).put32(0xfffffffc).put32(0);
    CHECK(error_of(capture) ==
          "test: frame 1: found a block of 4294967292 bytes, expected at most 1048576 bytes");
  }
  SECTION("a cut packet") {
    capture.enhanced(0, 1, frame_a);
    capture.bytes.resize(60 + 50);
    CHECK(
        error_of(capture) ==
        "test: frame 1: found the end of the file after 50 bytes of the block, expected 92 bytes");
  }
  SECTION("a cut block header") {
    capture.put32(6).put16(0);
    CHECK(error_of(capture) ==
          "test: byte 60: found the end of the file after 6 bytes of the block, expected a block "
          "header of 8 bytes");
  }
  SECTION("captured length beyond the block") {
    capture.begin(6).put32(0).put64(0).put32(9).put32(9).put64(0).end();
    CHECK(error_of(capture) ==
          "test: frame 1: found a captured length of 9 bytes, expected at most 8");
  }
  SECTION("a frame of more than 256 KiB") {
    capture.enhanced(0, 1, ByteVector(262145));
    CHECK(error_of(capture) ==
          "test: frame 1: found a captured length of 262145 bytes, expected at most 262144");
  }
  SECTION("short packet blocks") {
    CaptureBytes simple = capture;
    CHECK(error_of(simple.begin(3).end()) ==
          "test: frame 1: found a packet block of 0 bytes, expected at least 4");
    CHECK(error_of(capture.begin(6).put64(0).end()) ==
          "test: frame 1: found a packet block of 8 bytes, expected at least 20");
  }
  SECTION("a time after 2262") {
    capture.enhanced(0, ~0ull, frame_a);
    CHECK(
        error_of(capture) ==
        "test: frame 1: found a time of 18446744073709551615 ticks, expected one in 1970 to 2262");
  }
  SECTION("options that lie") {
    CaptureBytes resolution = capture;
    CHECK(error_of(resolution.begin(1).put64(1).put16(9).put16(2).put32(0).end()) ==
          "test: byte 60: found a timestamp option of 2 bytes, expected 1 bytes");
    CHECK(error_of(capture.begin(1).put64(1).put16(2).put16(99).put32(0).end()) ==
          "test: byte 60: found an option of 99 bytes, expected at most the 4 bytes left in its "
          "block");
  }
  SECTION("a short interface") {
    CHECK(error_of(capture.begin(1).put32(1).end()) ==
          "test: byte 60: found an interface description of 4 bytes, expected at least 8");
  }
  SECTION("too many interfaces") {
    for (int i = 0; i < 65536; ++i) capture.begin(1).put64(1).end();
    CHECK_THAT(error_of(capture), Catch::EndsWith("found more interfaces, expected at most 65536"));
  }
}

TEST_CASE("a link type is refused when a frame of it comes") {
  CaptureBytes capture(false);
  capture.section().interface(1).interface(189).enhanced(0, 1, frame_a);
  CHECK(error_of(capture).empty());
  capture.enhanced(1, 1, frame_a);
  CHECK_THAT(error_of(capture), Catch::StartsWith("test: frame 2: found link type 189"));
}

TEST_CASE("blocks larger than the read window") {
  CaptureBytes capture(false);
  capture.section().interface(1);
  // 3 MiB in the way, and frames enough to move the window several times.
  capture.begin(0x7777).put(ByteVector(3 << 20)).end();
  const ByteVector large = on_ethernet(ByteVector(200'000), 0x0806);
  for (unsigned i = 0; i < 20; ++i) {
    ByteVector frame = large;
    frame.back() = static_cast<std::uint8_t>(i);
    capture.enhanced(0, i, frame);
  }
  const ReadResult result = read_section(capture);
  CHECK(result.error.empty());
  REQUIRE(result.frames.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(result.frames[i].ethernet.size() == large.size());
    CHECK(result.frames[i].ethernet.back() == i);
  }
}

TEST_CASE("secrets are found wherever they are") {
  CaptureBytes capture(GENERATE(false, true));
  capture.section().secrets("one\n").interface(1);
  for (int i = 0; i < 3; ++i) capture.enhanced(0, 1, ByteVector(250'000));
  capture.secrets("not for TLS", 0x57474b4c).secrets("two");
  capture.section().secrets("three");
  CHECK(embedded_secrets(TemporaryFile(capture.bytes).path()) == "one\n\ntwo\nthree\n");
}

TEST_CASE("secrets of a damaged or other file are left out without a word") {
  CHECK(embedded_secrets("/nonexistent").empty());
  CHECK(embedded_secrets("/").empty());
  CHECK(embedded_secrets(TemporaryFile().path()).empty());
  CHECK(embedded_secrets(TemporaryFile("plain text, no capture at all").path()).empty());
  CaptureBytes pcap(false);
  pcap.pcap_header(0xa1b2c3d4, 1).pcap_frame(1, 1, frame_a);
  CHECK(embedded_secrets(TemporaryFile(pcap.bytes).path()).empty());
  CaptureBytes lying(false);
  lying.section().secrets("good").begin(10).put32(0x544c534b).put32(0x7fffffff).end();
  CHECK(embedded_secrets(TemporaryFile(lying.bytes).path()) == "good\n");
}
