// Captures made byte by byte, in either byte order, right and wrong ones; and what reading them
// gives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/bytes.h"
#include "traces/capture/capture_reader.h"

namespace tlsnic::testing {

using ByteVector = std::vector<std::uint8_t>;

class CaptureBytes {
 public:
  explicit CaptureBytes(bool big_endian) : big_endian_(big_endian) {}

  CaptureBytes& put8(unsigned value);
  CaptureBytes& put16(unsigned value);
  CaptureBytes& put32(std::uint32_t value);
  CaptureBytes& put64(std::uint64_t value);
  CaptureBytes& put(Bytes data);
  CaptureBytes& pad();

  // Classic pcap.
  CaptureBytes& pcap_header(std::uint32_t magic, std::uint32_t link_type,
                            std::uint32_t snap_length = 262144);
  CaptureBytes& pcap_frame(std::uint32_t seconds, std::uint32_t fraction, Bytes data,
                           std::uint32_t original = 0);  // 0: as captured

  // pcapng. A block is begun, filled and ended; the others are whole blocks.
  CaptureBytes& begin(std::uint32_t type);
  CaptureBytes& end();
  CaptureBytes& section(unsigned major = 1);
  CaptureBytes& interface(unsigned link_type, std::uint32_t snap_length = 0, int resolution = -1,
                          std::int64_t offset_s = 0);
  CaptureBytes& enhanced(std::uint32_t interface, std::uint64_t ticks, Bytes data,
                         std::uint32_t original = 0);
  CaptureBytes& obsolete(unsigned interface, std::uint64_t ticks, Bytes data);
  CaptureBytes& simple(Bytes data, std::uint32_t original = 0);
  CaptureBytes& secrets(std::string_view text, std::uint32_t type = 0x544c534b);

  ByteVector bytes;

 private:
  bool big_endian_;
  std::size_t block_ = 0;
};

struct ReadFrame {
  std::uint64_t number;
  std::int64_t time_ns;
  std::uint32_t original_length;
  ByteVector ethernet;
};

struct ReadResult {
  std::vector<ReadFrame> frames;
  std::string error;  // what InputError said, or empty
};

// Reads from memory, under the name "test".
ReadResult read_capture(const ByteVector& file);
ReadResult read_capture_file(const std::string& path);

// TCP over IPv4: 14 + 20 + 20 bytes and the payload; without the Ethernet header.
ByteVector tcp_packet(std::string_view payload);
ByteVector tcp_packet_v6(std::string_view payload);
ByteVector on_ethernet(const ByteVector& packet, std::uint16_t ethertype = 0x0800);
ByteVector joined(ByteVector a, const ByteVector& b);

// A file that goes away with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const ByteVector& content = {});
  explicit TemporaryFile(std::string_view content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Standard output of a shell command; empty if it fails.
std::string run_command(const std::string& command);
// True, with a warning in the test's output, if there is no such program.
bool missing_program(const std::string& name);

}  // namespace tlsnic::testing
