// Writing pcapng: one section, one Ethernet interface, nanoseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "traces/input_file.h"

namespace tlsnic::traces {

// The same calls give the same bytes on any machine (little-endian, no host name or date).
// Throws InputError if the file cannot be created or written.
class PcapngWriter {
 public:
  explicit PcapngWriter(const std::string& path);

  // Embeds a TLS key log, below 4 GiB. Readers want it before the frames that it decrypts.
  void secrets(std::string_view key_log);
  // `time_ns`: since 1970, not negative. `comment`: UTF-8, shown by Wireshark with the frame; what
  // is longer than 65535 bytes is cut.
  void frame(std::int64_t time_ns, Bytes ethernet, std::string_view comment = {});
  // Reports what could not be written. A writer that is destroyed without it keeps silent.
  void close();

 private:
  void begin_block(std::uint32_t type);
  void put16(std::uint16_t value);
  void put32(std::uint32_t value);
  void put_padded(const void* data, std::size_t size);
  void put_option(std::uint16_t code, std::string_view value);
  void end_block();
  void check(bool written) const;

  std::string path_;
  BufferedFile file_;
  std::vector<std::uint8_t> block_;
};

}  // namespace tlsnic::traces
