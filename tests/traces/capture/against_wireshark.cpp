// The captures of the repository, as they are and converted by Wireshark's tools: frame numbers,
// times and bytes must be those that tshark sees.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "protocol/frame.h"
#include "tests/traces/capture/capture_bytes.h"
#include "traces/capture/embedded_secrets.h"

using namespace tlsnic;
using namespace tlsnic::testing;

namespace {

const std::string corpus = TLSNIC_SOURCE_DIR "/traces/corpus/";

std::string md5(const ByteVector& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string seconds(std::int64_t time_ns) {
  return fmt::format("{}.{:09}", time_ns / 1'000'000'000, time_ns % 1'000'000'000);
}

void check_against_tshark(const std::string& path) {
  CAPTURE(path);
  const ReadResult result = read_capture_file(path);
  CHECK(result.error.empty());
  std::string ours;
  for (const ReadFrame& frame : result.frames) {
    ours += fmt::format("{}\t{}\t{}\t{}\n", frame.number, seconds(frame.time_ns),
                        frame.ethernet.size(), md5(frame.ethernet));
  }
  const std::string theirs =
      run_command("tshark -r " + path +
                  " -o frame.generate_md5_hash:TRUE --disable-protocol ip -T fields"
                  " -e frame.number -e frame.time_epoch -e frame.len -e frame.md5_hash");
  REQUIRE_FALSE(ours.empty());
  CHECK((ours == theirs));  // without printing thousands of lines
}

}  // namespace

TEST_CASE("the repository's captures are read as tshark reads them") {
  if (missing_program("tshark")) return;
  int captures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    if (entry.path().extension() != ".pcap") continue;
    check_against_tshark(entry.path());
    ++captures;
  }
  CHECK(captures >= 11);
}

TEST_CASE("what editcap makes of a capture is read the same") {
  if (missing_program("tshark") || missing_program("editcap")) return;
  const std::string original = corpus + "t12-128-clean.rx.pcap";
  const ReadResult want = read_capture_file(original);
  for (const char* format : {"pcap", "nsecpcap", "pcapng", "modpcap"}) {
    CAPTURE(format);
    const TemporaryFile file;
    run_command(fmt::format("editcap -F {} {} {}", format, original, file.path()));
    check_against_tshark(file.path());
    const ReadResult got = read_capture_file(file.path());
    REQUIRE(got.frames.size() == want.frames.size());
    for (std::size_t i = 0; i < want.frames.size(); ++i) {
      CHECK(got.frames[i].time_ns == want.frames[i].time_ns);
      CHECK((got.frames[i].ethernet == want.frames[i].ethernet));
    }
  }
}

TEST_CASE("secrets that editcap puts into a capture are found") {
  if (missing_program("editcap")) return;
  const std::string keys = corpus + "t13-128-mtu-lossy.keys";
  const TemporaryFile file;
  run_command(fmt::format("editcap --inject-secrets tls,{} {} {}", keys,
                          corpus + "t13-128-mtu-lossy.rx.pcap", file.path()));
  CHECK(traces::embedded_secrets(file.path()) == run_command("cat " + keys) + "\n");
}

TEST_CASE("captures of three link types merged into one pcapng") {
  if (missing_program("tshark") || missing_program("mergecap")) return;
  const TemporaryFile parts[3];
  const ByteVector v4 = tcp_packet("four");
  const ByteVector v6 = tcp_packet_v6("and six");
  const ByteVector cooked{0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 0x86, 0xdd};
  const auto write = [](const std::string& path, std::uint32_t magic, std::uint32_t link_type,
                        std::uint32_t fraction, const ByteVector& data) {
    CaptureBytes capture(false);
    capture.pcap_header(magic, link_type);
    for (std::uint32_t i = 0; i < 5; ++i) capture.pcap_frame(100 + i, fraction, data);
    std::FILE* file = std::fopen(path.c_str(), "wb");
    std::fwrite(capture.bytes.data(), 1, capture.bytes.size(), file);
    std::fclose(file);
  };
  write(parts[0].path(), 0xa1b2c3d4, 1, 1, on_ethernet(v4));
  write(parts[1].path(), 0xa1b23c4d, 101, 2, v6);
  write(parts[2].path(), 0xa1b2c3d4, 113, 3, joined(cooked, v6));
  const TemporaryFile merged;
  run_command(fmt::format("mergecap -w {} {} {} {}", merged.path(), parts[0].path(),
                          parts[1].path(), parts[2].path()));
  std::string ours;
  for (const ReadFrame& frame : read_capture_file(merged.path()).frames) {
    const ParsedFrame parsed = parse_frame(frame.ethernet);
    ours += fmt::format("{}\t{}\t{}\t{}\t{}\n", frame.number, seconds(frame.time_ns),
                        parsed.tuple.source.port, parsed.sequence, parsed.payload_length);
  }
  CHECK(ours == run_command("tshark -r " + merged.path() +
                            " -T fields -e frame.number -e frame.time_epoch -e tcp.srcport"
                            " -e tcp.seq_raw -e tcp.len"));
}
