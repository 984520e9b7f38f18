// What the two capture formats have in common.
#pragma once

#include <cstdint>

#include "protocol/bytes.h"

namespace tlsnic::traces {

// A longer frame is taken for damage; libpcap has the same limit.
constexpr std::uint32_t max_captured_length = 262144;

// A packet as its file has it.
struct RawPacket {
  std::uint64_t number = 0;           // Wireshark's frame number, from 1
  std::int64_t time_ns = 0;           // since 1970, never negative
  std::uint32_t link_type = 0;        // LINKTYPE_ or DLT_ number
  std::uint32_t original_length = 0;  // bytes on the wire; data.size() or more
  Bytes data;                         // valid until the next call
};

class PacketSource {
 public:
  virtual ~PacketSource() = default;
  // False at the end of the capture. Throws InputError.
  virtual bool next(RawPacket& packet) = 0;
  virtual std::uint64_t bytes_read() const = 0;
};

}  // namespace tlsnic::traces
