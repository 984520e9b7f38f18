#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/traces/capture/capture_bytes.h"

using namespace tlsnic::testing;

namespace {

constexpr std::uint32_t magic_us = 0xa1b2c3d4;
constexpr std::uint32_t magic_ns = 0xa1b23c4d;

const ByteVector frame_a = on_ethernet(tcp_packet("hello"));
const ByteVector frame_b = on_ethernet(tcp_packet_v6("a longer payload"), 0x86dd);

ByteVector two_frames(bool big_endian, std::uint32_t magic) {
  CaptureBytes capture(big_endian);
  capture.pcap_header(magic, 1);
  capture.pcap_frame(1'700'000'000, 123'456, frame_a).pcap_frame(4'000'000'000, 999'999, frame_b);
  return capture.bytes;
}

std::string error_of(const ByteVector& file) {
  return read_capture(file).error;
}

}  // namespace

TEST_CASE("classic pcap of both byte orders and resolutions") {
  const bool big_endian = GENERATE(false, true);
  const bool nanoseconds = GENERATE(false, true);
  const ReadResult result = read_capture(two_frames(big_endian, nanoseconds ? magic_ns : magic_us));
  CHECK(result.error.empty());
  REQUIRE(result.frames.size() == 2);
  const std::int64_t unit = nanoseconds ? 1 : 1000;
  CHECK(result.frames[0].number == 1);
  CHECK(result.frames[0].time_ns == 1'700'000'000'000'000'000 + 123'456 * unit);
  CHECK(result.frames[0].ethernet == frame_a);
  CHECK(result.frames[0].original_length == frame_a.size());
  CHECK(result.frames[1].number == 2);
  // After 2038 the seconds need all 32 bits.
  CHECK(result.frames[1].time_ns == 4'000'000'000'000'000'000 + 999'999 * unit);
  CHECK(result.frames[1].ethernet == frame_b);
}

TEST_CASE("a classic pcap cut after any byte") {
  const bool big_endian = GENERATE(false, true);
  const ByteVector whole = two_frames(big_endian, magic_us);
  const std::size_t after_first = 24 + 16 + frame_a.size();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const ReadResult result =
        read_capture({whole.begin(), whole.begin() + static_cast<long>(size)});
    CHECK(result.frames.size() == (size >= after_first ? 1 : 0));
    CHECK(result.error.empty() == (size == 24 || size == after_first));
  }
}

TEST_CASE("what is said about a cut classic pcap") {
  const ByteVector whole = two_frames(false, magic_us);
  const auto cut = [&](std::size_t size) {
    return error_of({whole.begin(), whole.begin() + static_cast<long>(size)});
  };
  CHECK(cut(0) == "test: byte 0: found an empty file, expected a pcap or pcapng capture");
  CHECK(cut(3) == "test: byte 0: found a file of 3 bytes, expected a pcap or pcapng capture");
  CHECK(cut(20) ==
        "test: file header: found the end of the file after 20 bytes, expected 24 bytes");
  CHECK(
      cut(24 + 10) ==
      "test: frame 1: found the end of the file after 10 bytes of frame header, expected 16 bytes");
  CHECK(cut(24 + 16 + frame_a.size() + 16 + 7) ==
        "test: frame 2: found the end of the file after 7 bytes of frame data, expected 90 bytes");
}

TEST_CASE("files that are no capture") {
  const auto starts_with = [](ByteVector start) {
    start.resize(40);
    return error_of(start);
  };
  const std::string expected = ", expected a pcap or pcapng capture";
  CHECK(starts_with({0x7f, 'E', 'L', 'F'}) ==
        "test: byte 0: found the bytes 7f 45 4c 46" + expected);
  CHECK(starts_with({0x1f, 0x8b, 8}) == "test: byte 0: found a gzip-compressed file" + expected);
  CHECK(starts_with({0x28, 0xb5, 0x2f, 0xfd}) ==
        "test: byte 0: found a zstd-compressed file" + expected);
  CHECK(starts_with({0x04, 0x22, 0x4d, 0x18}) ==
        "test: byte 0: found an lz4-compressed file" + expected);
  CHECK(read_capture_file("/nonexistent/x.pcap").error ==
        "/nonexistent/x.pcap: open: found No such file or directory" + expected);
  CHECK(read_capture_file("/").error == "/: open: found a directory" + expected);
}

TEST_CASE("damaged classic pcap") {
  SECTION("version") {
    ByteVector file = two_frames(false, magic_us);
    file[4] = 9;
    CHECK_THAT(error_of(file), Catch::StartsWith("test: file header: found \"") &&
                                   Catch::EndsWith("expected a pcap header of version 2.4"));
  }
  SECTION("absurd length") {
    CaptureBytes capture(false);
    capture.pcap_header(magic_us, 1).put32(1).put32(1).put32(0x7fffffff).put32(0x7fffffff);
    CHECK_THAT(error_of(capture.bytes), Catch::StartsWith("test: frame 1: found \"") &&
                                            Catch::EndsWith("expected a whole frame"));
  }
  SECTION("time") {
    CaptureBytes capture(false);
    capture.pcap_header(magic_ns, 1).pcap_frame(1, 1'000'000'000, frame_a);
    CHECK(
        error_of(capture.bytes) ==
        "test: frame 1: found a time of 1000000000 ns past the second, expected 0 to 999999999 ns");
  }
}

TEST_CASE("a link type that cannot be read is named with its first frame") {
  CaptureBytes capture(false);
  capture.pcap_header(magic_us, 105);
  CHECK(error_of(capture.bytes).empty());
  capture.pcap_frame(1, 1, frame_a);
  CHECK(
      error_of(capture.bytes) ==
      "test: frame 1: found link type 105 (IEEE802_11), expected Ethernet, Linux cooked, raw IP or "
      "BSD loopback");
}

TEST_CASE("a pipe can be read, too") {
  const ByteVector file = two_frames(false, magic_us);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], file.data(), file.size()) == static_cast<ssize_t>(file.size()));
  close(ends[1]);
  tlsnic::traces::CaptureReader reader(fdopen(ends[0], "rb"), "pipe");
  tlsnic::traces::CapturedFrame frame;
  REQUIRE(reader.next(frame));
  CHECK(frame.time_ns == 1'700'000'000'123'456'000);
  CHECK(reader.next(frame));
  CHECK_FALSE(reader.next(frame));
  CHECK(reader.file_size() == 0);
}

TEST_CASE("progress through a capture ends at its size") {
  const TemporaryFile file(two_frames(false, magic_us));
  tlsnic::traces::CaptureReader reader(file.path());
  tlsnic::traces::CapturedFrame frame;
  CHECK(reader.bytes_read() == 24);
  while (reader.next(frame)) continue;
  CHECK(reader.bytes_read() == reader.file_size());
}
