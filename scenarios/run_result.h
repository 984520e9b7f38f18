// What came out of a scenario: numbers by name, events in order, and what became of each segment
// and record.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "traces/stream/direction.h"

namespace tlsnic::scenarios {

struct RunEvent {
  std::uint64_t time_ns = 0;
  std::string name;  // "client.resync_request", "server.tx_resync"
  std::string text;  // for people: sequence, record number
};

// A segment with payload as it reached the receiver's chip, in order of arrival, from the first
// byte of the first record on.
struct SegmentRow {
  std::uint32_t flow = 0;
  std::uint64_t sent_number = 0;  // from 1, among the flow's segments in order of first sending
  std::uint64_t time_ns = 0;
  std::uint64_t offset = 0;  // of its first byte, from the first record's first byte
  std::uint32_t length = 0;
  std::string verdict;  // "decrypted", or the reason why not (docs/reading-the-result.md)
  std::string state;    // of the context afterwards
  bool retransmission = false;
};

struct RecordRow {
  std::uint32_t flow = 0;
  std::uint64_t number = 0;  // from 1
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  // on the wire
  std::string verdict;       // "entirely", "partially", "not", or the error's name
};

struct RunResult {
  // "client.rx_tls_decrypted_packets", "to_client.records.entirely", "to_client.link.lost",
  // "server.tcp.retransmissions", ... in a fixed order.
  std::vector<std::pair<std::string, double>> values;
  std::vector<RunEvent> events;
  std::array<std::vector<SegmentRow>, 2> segments;  // by traces::Direction; the first 100,000
  std::array<std::vector<RecordRow>, 2> records;    // likewise
  // Of all that was sent, flow after flow; only if the rules are checked.
  std::array<std::string, 2> wire_sha256;
  std::vector<std::string> failures;  // rules that did not hold: wrong bytes, R1 to R7, not ended
};

}  // namespace tlsnic::scenarios
