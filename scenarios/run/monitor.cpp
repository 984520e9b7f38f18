#include "scenarios/run/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "protocol/tcp_sequence.h"

namespace tlsnic::scenarios {
namespace {

const char* host_name(bool server) {
  return server ? "server" : "client";
}

const char* class_name(host::RecordOffload offload) {
  switch (offload) {
    case host::RecordOffload::entirely:
      return "entirely";
    case host::RecordOffload::partially:
      return "partially";
    case host::RecordOffload::not_offloaded:
      break;
  }
  return "not";
}

}  // namespace

Monitor::Monitor(std::deque<Flow>& flows, Rules* rules, RunResult& result)
    : flows_(flows),
      rules_(rules),
      result_(result),
      hosts_{Host(*this, false), Host(*this, true)},
      chips_{Chip(*this, false, 0), Chip(*this, false, 1), Chip(*this, true, 0),
             Chip(*this, true, 1)},
      links_{Link(*this, Direction::client_to_server), Link(*this, Direction::server_to_client)} {
  for (std::size_t i = 0; i < 2; ++i) {
    sent_[i].resize(flows.size());
    states_[i].assign(flows.size(), hw::SyncState::offload);
  }
}

Flow* Monitor::flow_of(const ParsedFrame& frame, Direction direction) {
  const Endpoint& client =
      direction == Direction::client_to_server ? frame.tuple.source : frame.tuple.destination;
  const auto index = flow_index(client, flows_.size());
  return index ? &flows_[*index] : nullptr;
}

std::uint64_t Monitor::sent_number(const Flow& flow, Direction direction,
                                   std::uint64_t offset) const {
  const std::vector<std::uint64_t>& offsets =
      sent_[traces::index_of(direction)][flow.index].offsets;
  const auto after = std::upper_bound(offsets.begin(), offsets.end(), offset);
  return static_cast<std::uint64_t>(after - offsets.begin());
}

std::uint64_t Monitor::number_before_records(const Flow& flow, Direction direction,
                                             std::uint32_t sequence) const {
  const std::vector<std::uint32_t>& sequences =
      sent_[traces::index_of(direction)][flow.index].before_records;
  const auto after =
      std::upper_bound(sequences.begin(), sequences.end(), sequence, sequence_before);
  return static_cast<std::uint64_t>(after - sequences.begin());
}

void Monitor::event(bool server, const char* name, std::string text) {
  if (result_.events.size() >= most_rows) return;
  result_.events.push_back({sc_core::sc_time_stamp().value() / 1000,
                            fmt::format("{}.{}", host_name(server), name), std::move(text)});
}

// ---- the link

void Monitor::Link::frame_sent(const LinkFrame& frame) {
  if (monitor.capture != nullptr)
    monitor.capture->frame(static_cast<std::int64_t>(sc_core::sc_time_stamp().value() / 1000),
                           frame.bytes);
  if (frame.parsed.kind != FrameKind::tcp) return;
  Flow* flow = monitor.flow_of(frame.parsed, direction);
  if (flow == nullptr) return;
  FlowDirection& state = flow->at(direction);
  DirectionCounts& counts = monitor.counts_[traces::index_of(direction)];
  if (frame.parsed.payload_length == 0) {
    // A FIN takes one number.
    const std::int64_t offset = state.offset_of(frame.parsed.sequence);
    counts.acks_ahead_of_data +=
        state.started && offset > static_cast<std::int64_t>(state.wire_end) + 1 ? 1 : 0;
    if (frame.parsed.has(tcp_syn))
      monitor.sent_[traces::index_of(direction)][flow->index].start = frame.parsed.sequence + 1;
    return;
  }
  // Software's records may begin inside a segment (no fence is at their start).
  const Bytes payload = frame.parsed.payload(frame.bytes);
  const std::uint32_t before =
      state.bytes_before_records(frame.parsed.sequence, frame.parsed.payload_length);
  if (before > 0)
    monitor.note_before_records(*flow, direction, frame.parsed.sequence, payload.first(before));
  if (before == payload.size()) return;
  ++counts.data_segments_sent;
  const auto start = static_cast<std::uint64_t>(state.offset_of(frame.parsed.sequence + before));
  const std::uint64_t end = start + (payload.size() - before);
  if (end > state.wire_end) {
    ++state.segments_sent;
    state.wire_end = end;
    SentSegments& sent = monitor.sent_[traces::index_of(direction)][flow->index];
    if (sent.offsets.size() < most_rows) {
      sent.offsets.push_back(start);
      sent.frames.push_back(frame.id);
    }
  } else {
    ++counts.retransmissions;
  }
  if (monitor.rules_ != nullptr)
    monitor.rules_->frame_sent(*flow, direction, start, payload.subspan(before));
}

void Monitor::note_before_records(const Flow& flow, Direction direction, std::uint32_t start,
                                  Bytes payload) {
  SentSegments& sent = sent_[traces::index_of(direction)][flow.index];
  const std::uint32_t end = start + static_cast<std::uint32_t>(payload.size());
  if (sent.before_records.empty() || sequence_before(sent.end_before_records, end)) {
    if (sent.before_records.size() >= most_rows) return;
    sent.before_records.push_back(start);
    sent.end_before_records = end;
  }
  if (rules_ != nullptr)
    rules_->frame_sent_before_records(flow, direction, start - sent.start, payload);
}

void Monitor::Link::frame_lost(const LinkFrame& frame, LossCause) {
  if (frame.parsed.kind == FrameKind::tcp && frame.parsed.payload_length > 0)
    ++monitor.counts_[traces::index_of(direction)].lost_data_segments;
}

void Monitor::Link::frame_arrived(const LinkFrame& frame) {
  if (monitor.rules_ != nullptr) monitor.rules_->frame_arrived(direction, chip(), frame.id);
}

// ---- the chip

void Monitor::Chip::packet_received(const hw::Packet& packet) {
  const Direction direction = is_server ? Direction::client_to_server : Direction::server_to_client;
  if (monitor.rules_ != nullptr) monitor.rules_->packet_delivered(direction, number, packet);
  if (packet.parsed.kind != FrameKind::tcp || packet.parsed.payload_length == 0) return;
  Flow* flow = monitor.flow_of(packet.parsed, direction);
  if (flow == nullptr) return;
  const FlowDirection& state = flow->at(direction);
  if (state.is_before_records(packet.parsed.sequence)) return;
  const auto offset = static_cast<std::uint64_t>(state.offset_of(packet.parsed.sequence));
  DirectionCounts& counts = monitor.counts_[traces::index_of(direction)];
  ++counts.segments[static_cast<std::size_t>(packet.outcome.reason)];
  ++(packet.tls == TLSNIC_TLS_DECRYPTED ? counts.decrypted_segments : counts.passed_segments);
  if (monitor.rules_ != nullptr) monitor.rules_->segment_received(*flow, direction, offset, packet);
  monitor.note_state(*flow, is_server, packet);
  monitor.note_segment(*flow, direction, packet);
}

void Monitor::note_state(Flow& flow, bool server, const hw::Packet& packet) {
  if (packet.context == TLSNIC_NO_CONTEXT) return;
  hw::SyncState& before = states_[server ? 1 : 0][flow.index];
  if (packet.state_after == before) return;
  before = packet.state_after;
  event(server, to_string(packet.state_after),
        fmt::format("flow {}, sequence {}", flow.index, packet.parsed.sequence));
}

void Monitor::note_segment(Flow& flow, Direction direction, const hw::Packet& packet) {
  auto& rows = result_.segments[traces::index_of(direction)];
  if (rows.size() >= most_rows) return;
  SegmentRow row;
  row.flow = flow.index;
  row.time_ns = packet.arrival / 1000;
  row.offset = static_cast<std::uint64_t>(flow.at(direction).offset_of(packet.parsed.sequence));
  row.length = packet.parsed.payload_length;
  row.verdict = packet.tls == TLSNIC_TLS_DECRYPTED ? "decrypted" : to_string(packet.outcome.reason);
  row.state = packet.context == TLSNIC_NO_CONTEXT ? "" : to_string(packet.state_after);
  row.sent_number = sent_number(flow, direction, row.offset);
  const auto& frames = sent_[traces::index_of(direction)][flow.index].frames;
  row.retransmission = row.sent_number == 0 || packet.id > frames[row.sent_number - 1];
  rows.push_back(std::move(row));
}

void Monitor::Chip::resync_answered(std::uint32_t context, std::uint32_t sequence, bool accepted) {
  monitor.event(is_server, accepted ? "resync_accepted" : "resync_ignored",
                fmt::format("context {}, sequence {}", context, sequence));
}

// ---- the host

Flow* Monitor::Host::flow_of(const netdev::TlsConnection& connection) const {
  const Endpoint& client = is_server ? connection.received.source : connection.received.destination;
  const auto index = flow_index(client, monitor.flows_.size());
  return index ? &monitor.flows_[*index] : nullptr;
}

void Monitor::Host::event(const char* what, std::string text) const {
  monitor.event(is_server, what, std::move(text));
}

// Of a record that arrived, from the first record's first byte.
std::uint64_t Monitor::Host::offset_of(const Flow& flow, const host::RecordInfo& record) const {
  return static_cast<std::uint64_t>(
      flow.directions[traces::index_of(receives())].offset_of(record.sequence));
}

void Monitor::Host::record_sent(const netdev::TlsConnection& connection,
                                const host::SentRecordInfo& record, bool) {
  Flow* flow = flow_of(connection);
  if (flow == nullptr) return;
  FlowDirection& state = flow->at(sends());
  if (!state.started) {
    state.started = true;
    state.start_sequence = record.sequence;
    state.format = record_format(flow->settings->version, flow->settings->cipher);
  }
  const std::uint64_t start =
      state.records.empty() ? 0 : state.records.back().offset + state.records.back().length;
  state.records.push_back({start, record.length, record.type, state.plaintext_in_records});
  if (record.type == record_application_data)
    state.plaintext_in_records += record.length - state.format.overhead();
  ++state.records_sent;
  // Enough for what events and a receiver may still ask about.
  constexpr std::size_t kept = 4096;
  if (monitor.rules_ == nullptr && state.records.size() > kept) {
    state.records.pop_front();
    ++state.first_record;
  }
  if (flow->index == 0 && records_sent) records_sent(state.records_sent);
}

void Monitor::Host::record_read(const netdev::TlsConnection& connection,
                                const host::RecordInfo& record, std::size_t) {
  ++monitor.counts_[traces::index_of(receives())].records[static_cast<std::size_t>(record.offload)];
  auto& rows = monitor.result_.records[traces::index_of(receives())];
  Flow* flow = flow_of(connection);
  if (flow == nullptr) return;
  const std::uint64_t number = ++flow->at(receives()).records_read;
  if (rows.size() >= most_rows) return;
  rows.push_back({flow->index, number, offset_of(*flow, record), record.wire_length,
                  class_name(record.offload)});
}

void Monitor::Host::read_error(const netdev::TlsConnection& connection,
                               const host::RecordInfo& record, int error) {
  ++monitor.counts_[traces::index_of(receives())].failed_records;
  const Flow* flow = flow_of(connection);
  auto& rows = monitor.result_.records[traces::index_of(receives())];
  if (flow != nullptr && rows.size() < most_rows)
    rows.push_back({flow->index, record.number + 1, offset_of(*flow, record), record.wire_length,
                    strerrorname_np(error)});
  event("read_error", fmt::format("record {}: {}", record.number, std::strerror(error)));
}

void Monitor::Host::device_offload_set(const netdev::TlsConnection&, std::uint32_t sequence,
                                       std::uint64_t record_number, int result) {
  event(result == 0 ? "rx_offloaded" : "rx_refused",
        fmt::format("sequence {}, record {}, result {}", sequence, record_number, result));
}

void Monitor::Host::device_offload_removed(const netdev::TlsConnection&) {
  event("rx_removed", {});
}

void Monitor::Host::device_rx_resync_request(const netdev::TlsConnection&,
                                             host::ResyncRequest request, std::uint32_t sequence,
                                             std::uint16_t) {
  constexpr const char* names[] = {"resync_request", "resync_start", "resync_end", "resync_cancel"};
  event(names[static_cast<std::size_t>(request)], fmt::format("sequence {}", sequence));
}

void Monitor::Host::device_rx_resync_send(const netdev::TlsConnection&, std::uint32_t sequence,
                                          std::uint64_t record_number, int) {
  event("resync_answer", fmt::format("sequence {}, record {}", sequence, record_number));
}

void Monitor::Host::device_tx_offload_set(const netdev::TlsConnection&, std::uint32_t sequence,
                                          std::uint64_t record_number, int result) {
  event(result == 0 ? "tx_offloaded" : "tx_refused",
        fmt::format("sequence {}, record {}, result {}", sequence, record_number, result));
}

void Monitor::Host::device_tx_offload_removed(const netdev::TlsConnection&) {
  event("tx_removed", {});
}

void Monitor::Host::device_tx_resync_request(const netdev::TlsConnection&,
                                             std::uint32_t got_sequence,
                                             std::uint32_t expected_sequence, bool repeated) {
  event(repeated ? "tx_resync_request_repeated" : "tx_resync_request",
        fmt::format("got {}, expected {}", got_sequence, expected_sequence));
}

void Monitor::Host::device_tx_resync_send(const netdev::TlsConnection&, std::uint32_t sequence,
                                          std::uint64_t record_number, int result) {
  event("tx_resync_answer",
        fmt::format("sequence {}, record {}, result {}", sequence, record_number, result));
}

void Monitor::Host::tx_fallback(const netdev::TlsConnection&, std::uint32_t sequence,
                                std::uint32_t size, host::FallbackOutcome outcome) {
  if (outcome == host::FallbackOutcome::encrypted)
    ++monitor.counts_[traces::index_of(sends())].fallback_segments;
  event("tx_fallback", fmt::format("sequence {}, {} bytes, outcome {}", sequence, size,
                                   static_cast<int>(outcome)));
}

}  // namespace tlsnic::scenarios
