// The transmit side of a replay: what left the chip against what was captured
// (docs/transmit-replay.md).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace tlsnic::observe {

// Captured segments with payload that were given to the driver, by verdict. The first three left
// the chip as captured.
struct SentCounts {
  std::uint64_t encrypted = 0;  // by the chip
  std::uint64_t fallback = 0;   // by the stack's software fallback, for the driver
  std::uint64_t plain = 0;      // nothing to encrypt: before the offload, or software's from a
                                // KeyUpdate on
  std::uint64_t different = 0;
  std::uint64_t dropped = 0;  // by driver or chip
};

// Segments that were not given to it, and so not compared.
struct NotSentCounts {
  std::uint64_t record_incomplete = 0;  // the capture does not have all bytes of a record in it
  std::uint64_t acknowledged = 0;       // TCP would not have sent it: it was acknowledged before
  std::uint64_t bad_checksum = 0;       // neither right nor unfinished: damaged on the way
  std::uint64_t too_large = 0;          // for IP's length field
  std::uint64_t not_offloaded = 0;      // the connection is not in the device
  std::uint64_t closed = 0;             // after FIN and its acknowledgement, or RST

  std::uint64_t total() const {
    return record_incomplete + acknowledged + bad_checksum + too_large + not_offloaded + closed;
  }
};

struct FrameByte {
  std::uint64_t frame;  // Wireshark's frame number
  std::uint64_t byte;   // of the frame, from 0
};

struct UnauthenticRecord {
  std::uint64_t number;
  std::uint64_t stream_offset;  // bytes from the direction's first payload byte
  std::uint64_t first_frame;    // that holds bytes of it
  std::uint64_t last_frame;
};

struct TransmitSummary {
  std::uint64_t records = 0;
  std::uint64_t failed = 0;                       // of these, did not authenticate
  std::vector<UnauthenticRecord> failed_records;  // the first hundred
  SentCounts packets;
  NotSentCounts not_compared;
  std::uint64_t recut = 0;       // left in other pieces than captured; compared as a stream
  std::uint64_t unfinished = 0;  // captured with lengths or checksums that the chip still fills in
  std::uint64_t rebuilds = 0;    // the context was placed anew
  std::uint64_t dump_packets = 0;
  std::uint64_t dump_bytes = 0;
  std::optional<FrameByte> first_difference;
};

struct RunSummary;
struct FlowSummary;
struct DirectionSummary;

nlohmann::ordered_json transmit_json(const DirectionSummary& direction);
// The table of connections, and what it means.
std::string transmit_flows_text(const RunSummary& summary);

}  // namespace tlsnic::observe
