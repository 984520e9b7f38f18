#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/traces/capture/capture_bytes.h"
#include "traces/capture/embedded_secrets.h"
#include "traces/capture/pcap_writer.h"
#include "traces/capture/pcapng_writer.h"
#include "traces/input_error.h"

using namespace tlsnic::testing;
using tlsnic::traces::embedded_secrets;
using tlsnic::traces::InputError;
using tlsnic::traces::PcapngWriter;
using tlsnic::traces::PcapWriter;

namespace {

constexpr std::int64_t time_ns = 1'700'000'000'123'456'789;
const ByteVector frame_a = on_ethernet(tcp_packet("hello"));
const ByteVector frame_b = on_ethernet(tcp_packet_v6("a longer payload"), 0x86dd);

std::string tshark(const std::string& path, const std::string& fields) {
  return run_command("tshark -r " + path + " -T fields " + fields);
}

void check_frames(const std::string& path) {
  const ReadResult result = read_capture_file(path);
  CHECK(result.error.empty());
  REQUIRE(result.frames.size() == 2);
  CHECK(result.frames[0].time_ns == time_ns);
  CHECK(result.frames[0].ethernet == frame_a);
  CHECK(result.frames[1].time_ns == time_ns + 1);
  CHECK(result.frames[1].ethernet == frame_b);
}

}  // namespace

TEST_CASE("pcapng that is written can be read, by Wireshark too") {
  const TemporaryFile file;
  {
    PcapngWriter writer(file.path());
    writer.secrets("# a key log\n");
    writer.frame(time_ns, frame_a, "offloaded");
    writer.frame(time_ns + 1, frame_b);
    writer.close();
  }
  check_frames(file.path());
  CHECK(embedded_secrets(file.path()) == "# a key log\n\n");
  if (missing_program("tshark")) return;
  CHECK(tshark(file.path(), "-e frame.number -e frame.time_epoch -e frame.comment -e frame.len") ==
        fmt::format("1\t1700000000.123456789\toffloaded\t{}\n2\t1700000000.123456790\t\t{}\n",
                    frame_a.size(), frame_b.size()));
}

TEST_CASE("pcap that is written can be read, by Wireshark too") {
  const TemporaryFile file;
  {
    PcapWriter writer(file.path());
    writer.frame(time_ns, frame_a);
    writer.frame(time_ns + 1, frame_b);
    writer.close();
  }
  check_frames(file.path());
  if (missing_program("tshark")) return;
  CHECK(tshark(file.path(), "-e frame.time_epoch -e frame.len") ==
        fmt::format("1700000000.123456789\t{}\n1700000000.123456790\t{}\n", frame_a.size(),
                    frame_b.size()));
}

TEST_CASE("a comment that is too long is cut between characters") {
  const TemporaryFile file;
  PcapngWriter writer(file.path());
  std::string comment(65534, 'x');
  comment += "\xc3\xa9";
  writer.frame(time_ns, frame_a, comment);
  writer.frame(time_ns + 1, frame_b);
  writer.close();
  check_frames(file.path());
  if (missing_program("tshark")) return;
  CHECK(tshark(file.path(), "-Y frame.number==1 -e frame.comment") ==
        std::string(65534, 'x') + "\n");
}

TEST_CASE("writing the latest times") {
  const TemporaryFile file;
  PcapngWriter pcapng(file.path());
  pcapng.frame(INT64_MAX, frame_a);
  pcapng.close();
  CHECK(read_capture_file(file.path()).frames.at(0).time_ns == INT64_MAX);

  PcapWriter pcap(file.path());
  constexpr std::int64_t last_second = 4'294'967'295'000'000'000;
  pcap.frame(last_second, frame_a);
  CHECK_THROWS_WITH(pcap.frame(last_second + 1'000'000'000, frame_a),
                    file.path() +
                        ": write: found a time of 4294967296 s, expected one before 2106, "
                        "where pcap ends (write pcapng)");
  pcap.close();
  CHECK(read_capture_file(file.path()).frames.at(0).time_ns == last_second);
}

TEST_CASE("files that cannot be written") {
  const std::string missing =
      "/nonexistent/x: open: found No such file or directory, expected a file "
      "to write to";
  CHECK_THROWS_WITH(PcapngWriter("/nonexistent/x"), missing);
  CHECK_THROWS_WITH(PcapWriter("/nonexistent/x"), missing);

  const std::string full =
      "/dev/full: write: found No space left on device, expected a file to write to";
  PcapngWriter pcapng("/dev/full");
  pcapng.frame(time_ns, frame_a);
  CHECK_THROWS_WITH(pcapng.close(), full);
  PcapWriter pcap("/dev/full");
  pcap.frame(time_ns, frame_a);
  CHECK_THROWS_WITH(pcap.close(), full);
}
