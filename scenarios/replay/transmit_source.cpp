#include "scenarios/replay/transmit_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "protocol/checksum.h"
#include "traces/input_error.h"

namespace tlsnic::scenarios {
namespace {

using traces::Direction;

constexpr std::uint64_t frames_per_progress = 4096;
constexpr std::size_t frame_cost = 256;  // of a frame read ahead, beside its bytes
constexpr std::size_t max_failed_records = 100;
// SystemC counts picoseconds in 64 bits, which is 213 days.
constexpr std::int64_t max_time_ns = std::int64_t{200} * 86'400 * 1'000'000'000;
constexpr Direction directions[] = {Direction::client_to_server, Direction::server_to_client};

// A sender that leaves the TCP checksum to its device writes the sum of the pseudo-header there
// (Linux: with the length; others: of a packet to be cut, without).
bool is_unfinished(Bytes frame, const ParsedFrame& parsed) {
  const bool is_ipv6 = parsed.tuple.source.address.is_ipv6;
  const std::uint16_t addresses = ones_complement_sum(
      is_ipv6 ? frame.subspan(parsed.l3_offset + 8, 32) : frame.subspan(parsed.l3_offset + 12, 8));
  const std::uint32_t length = parsed.payload_offset - parsed.l4_offset + parsed.payload_length;
  const auto sum = [&](std::uint32_t with) {
    std::uint32_t out = addresses + 6u + (with >> 16) + (with & 0xffff);
    while (out >> 16 != 0) out = (out & 0xffff) + (out >> 16);
    return out;
  };
  const std::uint16_t field = load_be16(&frame[parsed.l4_offset + 16]);
  return field == sum(length) || field == sum(0);
}

bool fits_ip(const ParsedFrame& parsed) {
  const std::uint32_t fixed = parsed.tuple.source.address.is_ipv6 ? 40 : 0;
  return parsed.payload_offset + parsed.payload_length - parsed.l3_offset - fixed <= 0xffff;
}

std::string refusal(int error, const traces::Session& session, bool tls13_offload) {
  if (error == -ENOSPC) return "no room in the device";
  if (session.version == TlsVersion::tls13 && !tls13_offload)
    return "TLS 1.3 not offered to the device";
  return "version or cipher not taken by this driver";
}

}  // namespace

std::optional<std::uint64_t> TransmitLane::offset_of(std::uint32_t sequence) const {
  if (!first_sequence) return std::nullopt;
  const auto near = *first_sequence + static_cast<std::uint32_t>(highest);
  const std::int64_t offset =
      static_cast<std::int64_t>(highest) + static_cast<std::int32_t>(sequence - near);
  if (offset < 0) return std::nullopt;
  return static_cast<std::uint64_t>(offset);
}

void TransmitLane::gives_up(const std::string& reason) {
  is_live = false;
  result.summary.reason = reason;
}

TransmitSource::TransmitSource(sc_core::sc_module_name name, const ReplayOptions& options,
                               const traces::KeyLog& keys, Sender client, Sender server,
                               InFlight& in_flight)
    : CaptureFeed(name),
      options_(options),
      keys_(keys),
      client_(client),
      server_(server),
      probes_{host::ProbeSlot{&client.wire}, host::ProbeSlot{&server.wire}},
      in_flight_(in_flight),
      capture_(options.capture) {}

void TransmitSource::feed() {
  for (;;) {
    while (!at_end_ && ahead_bytes_ < max_ahead && (ahead_.empty() || !is_ready(ahead_.front())))
      read_frame();
    if (ahead_.empty()) {
      if (at_end_) return;
      continue;
    }
    Ahead& frame = ahead_.front();
    if (!is_ready(frame)) give_up_waiting(frame);
    const std::int64_t due_ps = (frame.time_ns - first_time_ns_) * 1000;
    const auto now_ps = static_cast<std::int64_t>(sc_core::sc_time_stamp().value());
    if (due_ps > now_ps) {
      next_trigger(sc_core::sc_time::from_value(static_cast<std::uint64_t>(due_ps - now_ps)));
      return;
    }
    if (in_flight_.bytes >= max_in_flight) {
      in_flight_.resume_below = max_in_flight / 2;
      next_trigger(in_flight_.below);
      return;
    }
    pass(frame);
    ahead_bytes_ -= frame.bytes.size() + frame_cost;
    ahead_.pop_front();
  }
}

// ---- reading ahead

void TransmitSource::read_frame() {
  traces::CapturedFrame captured;
  if (!capture_.next(captured)) {
    end_of_capture();
    return;
  }
  frames_ = captured.number;
  if (frames_ == 1) first_time_ns_ = captured.time_ns;
  if (captured.time_ns - first_time_ns_ > max_time_ns)
    throw traces::input_error(capture_.name(), fmt::format("frame {}", frames_),
                              fmt::format("a time {} days after the first frame",
                                          (captured.time_ns - first_time_ns_) / 86'400'000'000'000),
                              "at most 200 days");
  if (options_.progress && frames_ % frames_per_progress == 0)
    options_.progress({capture_.bytes_read(), capture_.file_size(), frames_,
                       sc_core::sc_time_stamp().value() / 1000});
  const ParsedFrame parsed = parse_frame(captured.ethernet);
  if (parsed.kind != FrameKind::tcp) return;
  const traces::TrackedSegment tracked = tracker_.track(parsed);
  TransmitConnection& connection = connection_of(tracked);
  Ahead frame;
  frame.number = captured.number;
  frame.time_ns = captured.time_ns;
  frame.connection = &connection;
  frame.direction = tracked.direction;
  frame.parsed = parsed;
  frame.is_damaged = !options_.repair_checksums &&
                     !tcp_checksum_is_right(captured.ethernet, parsed) &&
                     !is_unfinished(captured.ethernet, parsed);
  follow(connection, tracked, frame, parsed.payload(captured.ethernet));
  TransmitLane& lane = connection.lane(tracked.direction);
  if (!lane.is_live && !connection.lane(opposite(tracked.direction)).is_live) return;
  if (lane.is_live && parsed.payload_length > 0)
    frame.bytes.assign(captured.ethernet.begin(),
                       captured.ethernet.begin() + parsed.payload_offset + parsed.payload_length);
  ahead_bytes_ += frame.bytes.size() + frame_cost;
  ahead_.push_back(std::move(frame));
  if (lane.sender != nullptr) {
    add_to_stream(ahead_.back());
    find_records(lane);
  }
}

TransmitConnection& TransmitSource::connection_of(const traces::TrackedSegment& tracked) {
  const std::uint64_t number = tracked.stream->number();
  while (connections_.size() <= number) {
    TransmitConnection& connection = connections_.emplace_back();
    connection.follower = std::make_unique<traces::HandshakeFollower>(keys_);
    for (const Direction direction : directions) {
      TransmitLane& lane = connection.lane(direction);
      lane.direction = direction;
      lane.result.stream = connections_.size() - 1;
      lane.result.sender = traces::sender_of(direction);
      lane.result.summary.transmit.emplace();
      if (!sender(direction).offload) lane.gives_up("offload not selected at this end");
    }
  }
  return connections_[number];
}

void TransmitSource::follow(TransmitConnection& connection, const traces::TrackedSegment& tracked,
                            const Ahead& frame, Bytes payload) {
  if (!connection.has_endpoints) {
    connection.client_tuple = tracked.stream->client_tuple();
    connection.has_endpoints = tracked.stream->is_client_certain();
  }
  for (const Direction direction : directions) {
    TransmitLane& lane = connection.lane(direction);
    if (lane.first_sequence) continue;
    const auto initial = tracked.stream->initial_sequence(direction);
    if (!initial) continue;
    connection.follower->set_initial_sequence(direction, *initial);
    lane.first_sequence = *initial + 1;
  }
  const std::uint32_t first = frame.parsed.sequence + (frame.parsed.has(tcp_syn) ? 1 : 0);
  TransmitLane& lane = connection.lane(tracked.direction);
  if (frame.is_damaged) return;
  if (const auto offset = lane.offset_of(first))
    lane.highest = std::max(lane.highest, *offset + payload.size());
  connection.has_payload |= !payload.empty();
  if (connection.follower->is_finished() || payload.empty()) return;
  connection.follower->segment(tracked.direction, first, payload);
  decide(connection);
}

// The handshake may now have told where encryption begins, or that it cannot be followed.
void TransmitSource::decide(TransmitConnection& connection) {
  for (const Direction direction : directions) {
    TransmitLane& lane = connection.lane(direction);
    if (const traces::Obstacle* obstacle = connection.follower->obstacle(direction)) {
      connection.is_tls &= obstacle->kind != traces::ObstacleKind::not_tls;
      if (lane.is_live && lane.sender == nullptr) lane.gives_up(obstacle->text);
    }
    const traces::EncryptionStart* start = connection.follower->encryption_start(direction);
    if (start == nullptr || !lane.is_live || lane.is_closed || lane.sender != nullptr) continue;
    if (!is_offloadable(start->keys.cipher)) {
      lane.gives_up("cipher not offloadable: AES-GCM only");
      continue;
    }
    const FourTuple sent = direction == Direction::client_to_server
                               ? connection.client_tuple
                               : connection.client_tuple.reversed();
    lane.sender = std::make_unique<TransmitSender>(
        sender(direction).device, sent.reversed(), *lane.first_sequence, *start,
        connection.follower->session(), options_.parameters.host.tls13_offload,
        probes_[traces::index_of(direction)], in_flight_);
    for (Ahead& frame : ahead_)
      if (frame.connection == &connection && frame.direction == direction) add_to_stream(frame);
    find_records(lane);
  }
}

void TransmitSource::add_to_stream(Ahead& frame) {
  TransmitLane& lane = frame.connection->lane(frame.direction);
  if (frame.is_added || frame.is_damaged || frame.bytes.empty()) return;
  frame.is_added = true;
  const auto offset = lane.offset_of(frame.parsed.sequence + (frame.parsed.has(tcp_syn) ? 1 : 0));
  if (!offset) return;
  const Bytes payload = frame.parsed.payload(frame.bytes);
  const std::uint64_t known = std::max(*offset, lane.sender->captured.complete_to());
  if (known >= *offset + payload.size()) return;
  lane.sender->captured.add(known, payload.subspan(static_cast<std::size_t>(known - *offset)));
}

void TransmitSource::find_records(TransmitLane& lane) {
  observe::TransmitSummary& counts = lane.result.counts();
  while (auto record = lane.sender->captured.next()) {
    ++counts.records;
    if (!record->authentic && ++counts.failed <= max_failed_records) {
      observe::UnauthenticRecord failed{record->number, record->offset, 0, 0};
      for (const Ahead& frame : ahead_) {
        if (&frame.connection->lane(frame.direction) != &lane || !frame.is_added) continue;
        const auto offset = lane.offset_of(frame.parsed.sequence);
        if (!offset || *offset >= record->offset + record->size ||
            *offset + frame.parsed.payload_length <= record->offset)
          continue;
        if (failed.first_frame == 0) failed.first_frame = frame.number;
        failed.last_frame = frame.number;
      }
      counts.failed_records.push_back(failed);
    }
    lane.sender->found(std::move(*record));
  }
  if (lane.sender->captured.has_ended()) lane.result.summary.cut = lane.sender->captured.cut();
}

void TransmitSource::end_of_capture() {
  at_end_ = true;
  for (TransmitConnection& connection : connections_) {
    connection.follower->end_of_capture();
    decide(connection);
    for (TransmitLane& lane : connection.lanes) {
      if (lane.sender == nullptr) continue;
      lane.sender->captured.end_of_capture();
      lane.result.summary.cut = lane.sender->captured.cut();
    }
  }
}

bool TransmitSource::is_ready(const Ahead& frame) {
  TransmitLane& lane = frame.connection->lane(frame.direction);
  if (frame.bytes.empty() || !lane.is_live || lane.is_closed || frame.is_damaged) return true;
  const auto offset = lane.offset_of(frame.parsed.sequence + (frame.parsed.has(tcp_syn) ? 1 : 0));
  if (!offset) return lane.first_sequence.has_value();
  const std::uint64_t end = *offset + frame.parsed.payload_length;
  if (lane.sender == nullptr)
    return end <= frame.connection->follower->stream_offset(frame.direction);
  const CapturedRecords& captured = lane.sender->captured;
  return end <= captured.complete_to() || captured.has_ended();
}

// The capture was read so far ahead that memory does not allow more.
void TransmitSource::give_up_waiting(const Ahead& frame) {
  TransmitLane& lane = frame.connection->lane(frame.direction);
  if (lane.sender == nullptr) {
    lane.gives_up(fmt::format("nothing that ends its handshake is found in {} MiB after it",
                              max_ahead >> 20));
    return;
  }
  lane.sender->captured.end_of_capture();
  lane.result.summary.cut = lane.sender->captured.cut();
}

// ---- to the drivers

void TransmitSource::pass(Ahead& frame) {
  TransmitLane& lane = frame.connection->lane(frame.direction);
  TransmitLane& other = frame.connection->lane(opposite(frame.direction));
  if (!frame.is_damaged && frame.parsed.has(tcp_ack))
    acknowledge(other, frame.parsed.acknowledgement);
  if (lane.is_live && !frame.bytes.empty()) give(frame, lane);
  if (frame.is_damaged) return;
  if (frame.parsed.has(tcp_fin) && !lane.end)
    lane.end = lane.offset_of(frame.parsed.sequence_end());
  if (!frame.parsed.has(tcp_rst)) return;
  close(lane);
  close(other);
}

void TransmitSource::give(Ahead& frame, TransmitLane& lane) {
  const ParsedFrame& parsed = frame.parsed;
  WireCheck& wire = sender(frame.direction).wire;
  observe::NotSentCounts& counts = lane.result.counts().not_compared;
  const auto is_not_sent = [&](const char* reason, std::uint64_t& counter) {
    wire.not_sent(frame.number, parsed, lane.result, reason, counter);
  };
  if (frame.is_damaged) return is_not_sent("bad_checksum", counts.bad_checksum);
  if (lane.is_closed) return is_not_sent("closed", counts.closed);
  if (!fits_ip(parsed)) return is_not_sent("too_large", counts.too_large);
  const auto offset = lane.offset_of(parsed.sequence + (parsed.has(tcp_syn) ? 1 : 0));
  // A keep-alive may repeat the byte before the first.
  if (!offset) return is_not_sent("acknowledged", counts.acknowledged);
  if (lane.sender == nullptr) {
    // Handshake: nothing in it is encrypted by kTLS.
    netdev::TxPiece piece;
    const Bytes payload = parsed.payload(frame.bytes);
    const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[payload.size()]);
    std::copy(payload.begin(), payload.end(), owner.get());
    OutgoingSegment segment;
    segment.is_plain = true;
    segment.skb.headers.assign(frame.bytes.begin(), frame.bytes.begin() + parsed.payload_offset);
    segment.skb.payload.push_back({owner, owner.get(), parsed.payload_length});
    segment.skb.payload_size = parsed.payload_length;
    segment.skb.sequence = parsed.sequence + (parsed.has(tcp_syn) ? 1 : 0);
    wire.expect(frame.number, frame.bytes, parsed, segment, lane.result);
    sender(frame.direction).device.netdev_ops->start_xmit(std::move(segment.skb));
    return;
  }
  TransmitSender& stack = *lane.sender;
  const std::uint64_t end = *offset + parsed.payload_length;
  if (end > stack.captured.complete_to())
    return is_not_sent("record_incomplete", counts.record_incomplete);
  const int error = stack.push_until(end);
  if (error != 0) {
    lane.result.summary.reason = refusal(error, frame.connection->follower->session(),
                                         options_.parameters.host.tls13_offload);
    return is_not_sent("not_offloaded", counts.not_offloaded);
  }
  if (stack.is_released(*offset)) return is_not_sent("acknowledged", counts.acknowledged);
  for (OutgoingSegment& segment : stack.segments(frame.bytes, parsed, *offset)) {
    wire.expect(frame.number, frame.bytes, parsed, segment, lane.result);
    stack.send(std::move(segment.skb));
  }
  if (end == stack.start()) stack.install();
  lane.result.installs = stack.installs();
}

void TransmitSource::acknowledge(TransmitLane& lane, std::uint32_t sequence) {
  const auto offset = lane.offset_of(sequence);
  if (!offset || lane.sender == nullptr) return;
  lane.sender->acknowledge(*offset);
  if (lane.end && *offset >= *lane.end) close(lane);
}

void TransmitSource::close(TransmitLane& lane) {
  lane.is_closed = true;
  lane.sender.reset();
}

}  // namespace tlsnic::scenarios
