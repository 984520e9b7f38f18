// A connection of a scenario while it runs: what each sender has sent and each receiver has read.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <systemc>

#include "host_stack/probe.h"
#include "host_stack/socket/tcp_socket.h"
#include "scenarios/run_result.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

using traces::Direction;

// A record as its sender made it. Offsets are bytes from the first record's first byte.
struct SentRecord {
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  // on the wire
  std::uint8_t type = 0;
  std::uint64_t plaintext_offset = 0;  // of application data, in the sender's stream
};

// One direction of a connection.
struct FlowDirection {
  std::uint32_t content_stream = 0;  // see Content
  TrafficKeys keys;                  // the last ones set
  RecordFormat format;
  bool started = false;              // the sender has made a record
  std::uint32_t start_sequence = 0;  // of the first record's first byte
  std::deque<SentRecord> records;    // all of them if the rules are checked, else the latest few
  std::uint64_t first_record = 0;    // number (from 0) of records.front()
  std::uint64_t records_sent = 0;
  std::uint64_t plaintext_in_records = 0;
  std::uint64_t plaintext_read = 0;
  std::uint64_t records_read = 0;
  std::uint64_t wire_end = 0;       // offset behind the last byte that was sent for the first time
  std::uint64_t segments_sent = 0;  // with payload, for the first time
  bool receiver_done = false;

  // As long as there is no record, everything is.
  bool is_before_records(std::uint32_t sequence) const {
    return !started || offset_of(sequence) < 0;
  }
  // Of `size` bytes, at most 2^31 of them, from this sequence number on.
  std::uint32_t bytes_before_records(std::uint32_t sequence, std::uint32_t size) const {
    if (!started) return size;
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(-offset_of(sequence), 0, size));
  }
  // 64-bit offset of a sequence number near what was sent last; negative: before the records.
  std::int64_t offset_of(std::uint32_t sequence) const {
    const auto end = start_sequence + static_cast<std::uint32_t>(wire_end);
    return static_cast<std::int64_t>(wire_end) + static_cast<std::int32_t>(sequence - end);
  }
};

struct Flow {
  std::uint32_t index = 0;
  const FlowSettings* settings = nullptr;
  FourTuple tuple;                          // source is the client
  std::array<FlowDirection, 2> directions;  // by Direction
  int ends_ready = 0;                       // that have installed their keys
  sc_core::sc_event ready;                  // both have

  FlowDirection& at(Direction direction) { return directions[traces::index_of(direction)]; }
  bool sends(Direction direction) const {
    return settings->sender == Sender::both ||
           (settings->sender == Sender::client) == (direction == Direction::client_to_server);
  }
};

// Addresses tell the flow: 50,000 ports for each client address.
FourTuple flow_tuple(std::uint32_t index);
// The flow that a frame or a connection belongs to; nothing if it is none of `count`.
std::optional<std::uint32_t> flow_index(const Endpoint& client, std::size_t count);

}  // namespace tlsnic::scenarios
