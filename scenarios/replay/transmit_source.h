// Gives the segments of a capture to the drivers of their senders, each at its captured time.
//
// A segment can be given only when all of its records are known to the last byte. So the capture is
// read ahead, as far as that takes and max_ahead allows; the simulation's time does not notice.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "scenarios/replay.h"
#include "scenarios/replay/capture_feed.h"
#include "scenarios/replay/wire_check.h"
#include "traces/capture/capture_reader.h"
#include "traces/stream/connection_tracker.h"
#include "traces/tls/handshake_follower.h"

namespace tlsnic::scenarios {

// One direction of a captured connection.
struct TransmitLane {
  traces::Direction direction = traces::Direction::client_to_server;
  bool is_live = true;  // its segments are given to a driver
  bool is_closed = false;
  std::optional<std::uint32_t> first_sequence;
  std::uint64_t highest = 0;  // offset behind the last byte seen; sequence numbers are near it
  std::optional<std::uint64_t> end;        // offset behind the FIN that was given to the driver
  std::unique_ptr<TransmitSender> sender;  // once it is known where encryption begins
  TransmitResult result;

  // Offset of a sequence number: bytes from the first payload byte. Nothing if it lies before it.
  std::optional<std::uint64_t> offset_of(std::uint32_t sequence) const;
  void gives_up(const std::string& reason);
};

struct TransmitConnection {
  FourTuple client_tuple;
  bool has_endpoints = false;
  bool is_tls = true;  // until the payload says otherwise
  bool has_payload = false;
  std::unique_ptr<traces::HandshakeFollower> follower;
  std::array<TransmitLane, 2> lanes;  // by traces::Direction

  TransmitLane& lane(traces::Direction direction) { return lanes[traces::index_of(direction)]; }
};

class TransmitSource : public CaptureFeed {
 public:
  static constexpr std::size_t max_ahead = std::size_t{64} << 20;         // bytes of frames
  static constexpr std::uint64_t max_in_flight = std::uint64_t{4} << 20;  // payload in the drivers

  struct Sender {
    netdev::NetDevice& device;
    WireCheck& wire;
    bool offload;  // switched on
  };

  // All arguments outlive this.
  TransmitSource(sc_core::sc_module_name name, const ReplayOptions& options,
                 const traces::KeyLog& keys, Sender client, Sender server, InFlight& in_flight);

  std::deque<TransmitConnection>& connections() { return connections_; }

 private:
  // A frame that was read and whose time has not come.
  struct Ahead {
    std::uint64_t number = 0;
    std::int64_t time_ns = 0;
    TransmitConnection* connection = nullptr;
    traces::Direction direction = traces::Direction::client_to_server;
    ParsedFrame parsed;
    std::vector<std::uint8_t> bytes;  // empty: no payload, or not to be given
    bool is_damaged = false;          // its bytes are not what was sent
    bool is_added = false;            // to the stream of its direction
  };

  void feed() override;
  void read_frame();
  TransmitConnection& connection_of(const traces::TrackedSegment& tracked);
  void follow(TransmitConnection& connection, const traces::TrackedSegment& tracked,
              const Ahead& frame, Bytes payload);
  void decide(TransmitConnection& connection);
  void add_to_stream(Ahead& frame);
  void find_records(TransmitLane& lane);
  void end_of_capture();
  bool is_ready(const Ahead& frame);
  void give_up_waiting(const Ahead& frame);

  void pass(Ahead& frame);
  void give(Ahead& frame, TransmitLane& lane);
  void acknowledge(TransmitLane& lane, std::uint32_t sequence);
  void close(TransmitLane& lane);
  Sender& sender(traces::Direction direction) {
    return direction == traces::Direction::client_to_server ? client_ : server_;
  }

  const ReplayOptions& options_;
  const traces::KeyLog& keys_;
  Sender client_;
  Sender server_;
  std::array<host::ProbeSlot, 2> probes_;  // by traces::Direction
  InFlight& in_flight_;
  traces::CaptureReader capture_;
  traces::ConnectionTracker tracker_;
  std::deque<TransmitConnection> connections_;  // by stream number
  std::deque<Ahead> ahead_;
  std::size_t ahead_bytes_ = 0;
  bool at_end_ = false;
  std::int64_t first_time_ns_ = 0;
};

}  // namespace tlsnic::scenarios
