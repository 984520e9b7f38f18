#include "scenarios/replay_source.h"

#include <fmt/format.h>

#include "protocol/checksum.h"
#include "traces/input_error.h"

namespace tlsnic::scenarios {
namespace {

constexpr std::uint64_t frames_per_progress = 4096;
// SystemC counts picoseconds in 64 bits, which is 213 days.
constexpr std::int64_t max_time_ns = std::int64_t{200} * 86'400 * 1'000'000'000;

traces::Direction sent_direction(const ReplayedFrame& frame) {
  return frame.to_server ? traces::Direction::client_to_server
                         : traces::Direction::server_to_client;
}

}  // namespace

ReplaySource::ReplaySource(sc_core::sc_module_name name, const ReplayOptions& options,
                           const traces::KeyLog& keys, Receiver client, Receiver server,
                           observe::PacketLog& packets, observe::PlaintextFiles& plaintext)
    : CaptureFeed(name),
      options_(options),
      keys_(keys),
      client_(*this, client),
      server_(*this, server),
      packets_(packets),
      plaintext_(plaintext),
      capture_(options.capture),
      what_if_(options.what_if, [this](const ReplayedFrame& frame) { send(frame); }) {
  client.end.nic.probe = &client_;
  server.end.nic.probe = &server_;
}

void ReplaySource::feed() {
  while (flush_paused() && !at_end_) {
    if (!frame_is_due()) return;
    if (at_end_)
      what_if_.end(capture_.name(), frames_);
    else
      process();
  }
}

// Reads the next frame if none is at hand; false if its time is still to come.
bool ReplaySource::frame_is_due() {
  if (!has_frame_) {
    if (!capture_.next(frame_)) {
      at_end_ = true;
      return true;
    }
    has_frame_ = true;
    frames_ = frame_.number;
    if (frame_.number == 1) first_time_ns_ = frame_.time_ns;
    if (frame_.time_ns - first_time_ns_ > max_time_ns)
      throw traces::input_error(capture_.name(), fmt::format("frame {}", frame_.number),
                                fmt::format("a time {} days after the first frame",
                                            (frame_.time_ns - first_time_ns_) / 86'400'000'000'000),
                                "at most 200 days");
  }
  const std::int64_t due_ps = (frame_.time_ns - first_time_ns_) * 1000;
  const std::int64_t now_ps = static_cast<std::int64_t>(sc_core::sc_time_stamp().value());
  if (due_ps <= now_ps) return true;
  next_trigger(sc_core::sc_time::from_value(static_cast<std::uint64_t>(due_ps - now_ps)));
  return false;
}

void ReplaySource::process() {
  has_frame_ = false;
  if (options_.progress && frames_ % frames_per_progress == 0)
    options_.progress({capture_.bytes_read(), capture_.file_size(), frames_,
                       sc_core::sc_time_stamp().value() / 1000});
  ReplayedFrame out;
  out.number = frame_.number;
  out.bytes = frame_.ethernet;
  const ParsedFrame parsed = parse_frame(frame_.ethernet);
  if (parsed.kind == FrameKind::tcp) {
    const traces::TrackedSegment tracked = tracker_.track(parsed);
    Connection& connection = connection_of(tracked);
    observe_segment(connection, tracked, parsed, parsed.payload(frame_.ethernet));
    out.stream = connection.stream;
    out.to_server = tracked.direction == traces::Direction::client_to_server;
    out.is_tls_stream = connection.is_tls;
    out.sequence = parsed.sequence;
    out.payload_length = parsed.payload_length;
    if (options_.repair_checksums) {
      repaired_.assign(frame_.ethernet.begin(), frame_.ethernet.end());
      repair_checksums(repaired_, parsed);
      out.bytes = repaired_;
    }
  }
  what_if_.frame(out);
}

Connection& ReplaySource::connection_of(const traces::TrackedSegment& tracked) {
  const std::uint64_t number = tracked.stream->number();
  while (connections_.size() <= number) {
    Connection& connection = connections_.emplace_back();
    connection.stream = connections_.size() - 1;
    connection.follower = std::make_unique<traces::HandshakeFollower>(keys_);
    for (const auto direction :
         {traces::Direction::client_to_server, traces::Direction::server_to_client})
      connection.side(direction).plaintext.emplace(
          plaintext_,
          fmt::format("plaintext/stream-{}.{}.bin", connection.stream,
                      traces::sender_of(direction)),
          options_.hash_plaintext);
  }
  return connections_[number];
}

// What the capture shows of the connection is known at once, whatever a what-if does to the frame.
void ReplaySource::observe_segment(Connection& connection, const traces::TrackedSegment& tracked,
                                   const ParsedFrame& parsed, Bytes payload) {
  if (!connection.has_endpoints) {
    connection.client_tuple = tracked.stream->client_tuple();
    connection.has_endpoints = tracked.stream->is_client_certain();
  }
  for (const auto direction :
       {traces::Direction::client_to_server, traces::Direction::server_to_client}) {
    ReceiveSide& side = connection.side(direction);
    if (side.socket != nullptr || side.phase != ReadPhase::handshake) continue;
    if (const auto initial = tracked.stream->initial_sequence(direction)) {
      connection.follower->set_initial_sequence(direction, *initial);
      Port& port = direction == traces::Direction::client_to_server ? server_ : client_;
      port.receiver.reader.open(connection, *initial);
    }
  }
  connection.has_payload |= !payload.empty();
  if (connection.follower->is_finished() || payload.empty()) return;
  connection.follower->segment(tracked.direction, parsed.sequence + (parsed.has(tcp_syn) ? 1 : 0),
                               payload);
  const traces::Obstacle* obstacle = connection.follower->obstacle(tracked.direction);
  connection.is_tls = obstacle == nullptr || obstacle->kind != traces::ObstacleKind::not_tls;
  client_.receiver.reader.reconsider(connection);
  server_.receiver.reader.reconsider(connection);
}

// ---- to the chips

void ReplaySource::send(const ReplayedFrame& frame) {
  if (options_.observer != nullptr) options_.observer->frame_sent(frame);
  if (paused_.empty() && try_send(frame)) return;
  paused_.push_back({frame, {frame.bytes.begin(), frame.bytes.end()}});
}

bool ReplaySource::try_send(const ReplayedFrame& frame) {
  Port& port = frame.to_server ? server_ : client_;
  if (!port.receiver.end.nic.receive({frame.number, frame.bytes})) return false;
  port.inside.push_back(frame);
  return true;
}

// False if the link is still paused; run() is then called again when it resumes.
bool ReplaySource::flush_paused() {
  while (!paused_.empty()) {
    Paused& next = paused_.front();
    next.frame.bytes = next.bytes;
    if (!try_send(next.frame)) {
      Port& port = next.frame.to_server ? server_ : client_;
      next_trigger(port.receiver.end.nic.resumed());
      return false;
    }
    paused_.pop_front();
  }
  return true;
}

// ---- from the chips

void ReplaySource::received(Port& port, const hw::Packet& packet) {
  const ReplayedFrame frame = port.inside.front();
  port.inside.pop_front();
  if (options_.observer != nullptr) options_.observer->frame_received(frame, packet);
  const char* verdict = "";
  const char* reason = "";
  count(frame, packet, verdict, reason);
  if (!packets_.enabled()) return;
  observe::PacketRow row;
  row.frame = frame.number;
  row.time_ns = packet.arrival / 1000;
  row.stream = frame.stream;
  row.direction = frame.stream ? traces::sender_of(sent_direction(frame)) : "";
  row.sequence = frame.sequence;
  row.length = frame.payload_length;
  row.verdict = verdict;
  row.reason = reason;
  row.state = packet.context == TLSNIC_NO_CONTEXT ? "" : to_string(packet.state_after);
  packets_.write(row);
}

void ReplaySource::count(const ReplayedFrame& frame, const hw::Packet& packet, const char*& verdict,
                         const char*& reason) {
  reason = hw::to_string(packet.outcome.reason);
  if (!frame.stream) {
    verdict = "not_tls";
    return;
  }
  observe::PacketCounts& counts =
      connections_[*frame.stream].side(sent_direction(frame)).summary.packets;
  const auto is = [&](const char* name, std::uint64_t& counter) {
    verdict = name;
    ++counter;
  };
  if (packet.l4_checksum == TLSNIC_L4_BAD) {
    is("bad_checksum", counts.bad_checksum);
  } else if (packet.tls == TLSNIC_TLS_DECRYPTED) {
    is("decrypted", counts.decrypted);
  } else if (packet.outcome.reason == hw::RxReason::no_payload) {
    is("control", counts.control);
  } else if (!frame.is_tls_stream || packet.parsed.kind != FrameKind::tcp) {
    if (!frame.is_tls_stream) reason = "other_protocol";
    is("not_tls", counts.not_tls);
  } else {
    is("passed", counts.passed);
  }
}

}  // namespace tlsnic::scenarios
