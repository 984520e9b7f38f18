// The packet log: one line per frame that reached a chip, in the order of arrival at that chip.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace tlsnic::observe {

struct PacketRow {
  std::uint64_t frame = 0;              // Wireshark's frame number
  std::uint64_t time_ns = 0;            // arrival of the last bit, since the capture's first frame
  std::optional<std::uint64_t> stream;  // Wireshark's tcp.stream; none: not TCP
  const char* direction = "";           // "client" or "server": who sent it
  std::uint32_t sequence = 0;           // raw TCP sequence number
  std::uint32_t length = 0;             // TCP payload, bytes
  const char* verdict = "";             // decrypted passed bad_checksum control not_tls
  const char* reason = "";              // docs/reading-the-result.md
  const char* state = "";               // of the connection's context afterwards; empty: none
};

class PacketLog {
 public:
  // Takes over the file; null: none.
  PacketLog(std::FILE* csv, bool to_terminal);
  ~PacketLog();
  PacketLog(const PacketLog&) = delete;
  PacketLog& operator=(const PacketLog&) = delete;

  bool enabled() const { return csv_ != nullptr || to_terminal_; }
  void write(const PacketRow& row);
  // False if something could not be written.
  bool close();

 private:
  std::FILE* csv_;
  bool to_terminal_;
  std::string line_;
};

}  // namespace tlsnic::observe
