// The result of a run as a value, and as summary.json (docs/reading-the-result.md).
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver_shim/probe.h"
#include "observe/summary_transmit.h"

namespace tlsnic::observe {

struct RecordCounts {
  std::uint64_t entirely = 0;   // every segment decrypted by the chip
  std::uint64_t partially = 0;  // some
  std::uint64_t not_offloaded = 0;
  std::uint64_t failed = 0;  // did not authenticate: in none of the classes above

  std::uint64_t total() const { return entirely + partially + not_offloaded + failed; }
};

struct FailedRecord {
  std::uint64_t number;
  std::uint64_t stream_offset;  // bytes from the direction's first payload byte
};

// Packets of one direction of a connection, by verdict.
struct PacketCounts {
  std::uint64_t decrypted = 0;
  std::uint64_t passed = 0;
  std::uint64_t bad_checksum = 0;
  std::uint64_t control = 0;
  std::uint64_t not_tls = 0;
};

// What one end sent, as the other end received it; in a replay of the transmit side, as it was
// sent.
struct DirectionSummary {
  bool in_hardware = false;  // TLS_HW at the receiving end (transmit: at the sending end)
  std::string reason;        // why not in hardware, or why it is not decrypted at all
  RecordCounts records;
  PacketCounts packets;
  std::uint64_t resyncs = 0;  // answers given to the chip
  std::uint64_t plaintext_bytes = 0;
  std::string plaintext_sha256;              // empty unless asked for
  std::vector<FailedRecord> failed_records;  // the first hundred
  std::string cut;                           // why the stream ends early; empty: it does not
  // Replay of the transmit side: in place of records, packets, resyncs, plaintext and
  // failed_records above.
  std::optional<TransmitSummary> transmit;
};

struct FlowSummary {
  std::uint64_t stream = 0;  // Wireshark's tcp.stream
  std::string client;
  std::string server;
  std::string version;  // empty: unknown
  std::string cipher;   // the suite's standard name
  bool offloaded = false;
  std::string reason;
  std::array<DirectionSummary, 2> directions;  // sent by the client, sent by the server
};

struct UnitSummary {
  std::string name;  // "client.tls"
  std::uint64_t packets = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t waited_ns = 0;  // sum over packets
};

struct RunSummary {
  std::string capture;
  std::uint64_t seed = 0;
  std::string transmit_driver;     // replay of the transmit side: the personality; else empty
  std::uint64_t stray_frames = 0;  // ... frames that left a chip and are no captured segment
  std::vector<FlowSummary> flows;
  driver::EthtoolCounters counters;   // of all chips together
  std::uint64_t answers_ignored = 0;  // by a chip: for a candidate that it no longer tracked
  std::uint64_t context_hits = 0;     // look-ups of a context that was in on-chip memory
  std::uint64_t context_misses = 0;   // ... that was not
  std::vector<std::pair<std::string, std::uint64_t>> tls_stat;
  std::uint64_t frames = 0;
  std::uint64_t simulated_ns = 0;
  std::uint64_t systemc_events = 0;  // instants at which the kernel had something to do
  std::vector<UnitSummary> units;
  std::vector<std::string> warnings;  // about the key log
  std::vector<std::string> hints;     // what the user may want to do about what was seen

  // The unit that was occupied for the greatest share of the time; null if none worked.
  const UnitSummary* bottleneck() const;
  // Replay of the transmit side: everything that left a chip was as captured.
  bool same_wire() const;
};

nlohmann::ordered_json to_json(const RunSummary& summary);

// The connections, the counters and the bottleneck, for a terminal.
std::string to_text(const RunSummary& summary);

}  // namespace tlsnic::observe
