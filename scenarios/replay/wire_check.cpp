#include "scenarios/replay/wire_check.h"

#include <algorithm>
#include <utility>

#include "protocol/checksum.h"
#include "protocol/tcp_sequence.h"

namespace tlsnic::scenarios {
namespace {

constexpr std::size_t max_waiting = std::size_t{64} << 20;  // bytes per connection and direction
constexpr std::size_t segment_cost = 512;                   // beside its bytes
// A driver may move so many bytes, a tag's but for one, from one segment to the next.
constexpr std::uint32_t max_moved = aead_tag_size - 1;

std::uint64_t now_ns() {
  return sc_core::sc_time_stamp().value() / 1000;
}

// Lengths and checksums as a device makes them.
void complete(std::vector<std::uint8_t>& frame, const ParsedFrame& parsed) {
  const bool is_ipv6 = parsed.tuple.source.address.is_ipv6;
  const std::size_t length = frame.size() - parsed.l3_offset - (is_ipv6 ? 40 : 0);
  store_be16(&frame[parsed.l3_offset + (is_ipv6 ? 4u : 2u)], static_cast<std::uint16_t>(length));
  repair_checksums(frame, parsed);
}

// Bytes of headers that differ in every segment of a cut: length, identification, header checksum;
// sequence, flags, checksum.
bool changes_in_a_cut(const ParsedFrame& parsed, std::uint32_t byte) {
  const std::uint32_t l3 = byte - parsed.l3_offset;  // wraps before it
  const std::uint32_t l4 = byte - parsed.l4_offset;
  const bool is_ipv6 = parsed.tuple.source.address.is_ipv6;
  const bool in_ip = is_ipv6 ? l3 == 4 || l3 == 5 : (l3 >= 2 && l3 < 6) || l3 == 10 || l3 == 11;
  return in_ip || (l4 >= 4 && l4 < 8) || l4 == 13 || l4 == 16 || l4 == 17;
}

bool same_headers(Bytes a, Bytes b, const ParsedFrame& parsed) {
  for (std::uint32_t i = 0; i < parsed.payload_offset; ++i)
    if (a[i] != b[i] && i != parsed.l4_offset + 16 && i != parsed.l4_offset + 17) return false;
  return true;
}

}  // namespace

// Bytes [first, last) could be sent for it.
bool WireCheck::Expected::holds(std::uint32_t first, std::uint32_t last) const {
  return !sequence_before(first, sequence - max_moved) && sequence_before(sequence, last) &&
         sequence_at_or_before(last, end());
}

void WireCheck::expect(std::uint64_t number, Bytes frame, const ParsedFrame& parsed,
                       const OutgoingSegment& segment, TransmitResult& result) {
  const auto [place, is_new] = queues_.try_emplace(parsed.tuple);
  Queue& queue = place->second;
  if (is_new) order_.push_back(&queue);
  Expected& expected = queue.segments.emplace_back();
  expected.result = &result;
  expected.number = number;
  expected.sequence = segment.skb.sequence;
  expected.size = segment.skb.payload_size;
  expected.begin = segment.begin;
  expected.parsed = parsed;
  expected.parsed.payload_length = expected.size;
  expected.is_plain = segment.is_plain;
  expected.time_ns = now_ns();
  const Bytes payload = parsed.payload(frame).subspan(segment.begin, segment.skb.payload_size);
  expected.bytes.reserve(parsed.payload_offset + payload.size());
  expected.bytes = segment.skb.headers;
  expected.bytes.insert(expected.bytes.end(), payload.begin(), payload.end());
  complete(expected.bytes, expected.parsed);
  if (expected.size == parsed.payload_length)
    expected.is_unfinished =
        !std::equal(expected.bytes.begin(), expected.bytes.end(), frame.begin());
  queue.bytes += expected.bytes.size() + segment_cost;
  while (queue.bytes > max_waiting) pop(queue);
}

void WireCheck::not_sent(std::uint64_t number, const ParsedFrame& parsed, TransmitResult& result,
                         const char* reason, std::uint64_t& counter) {
  ++counter;
  Expected expected;
  expected.result = &result;
  expected.number = number;
  expected.sequence = parsed.sequence;
  expected.size = parsed.payload_length;
  expected.time_ns = now_ns();
  log(expected, "not_compared", reason);
}

void WireCheck::finish() {
  for (Queue* queue : order_)
    while (!queue->segments.empty()) pop(*queue);
}

void WireCheck::pop(Queue& queue) {
  const Expected expected = std::move(queue.segments.front());
  queue.bytes -= expected.bytes.size() + segment_cost;
  queue.segments.pop_front();
  finish(expected);
}

void WireCheck::pop_before(Queue& queue, std::size_t index) {
  for (; index > 0; --index) pop(queue);
}

// ---- from the chip

void WireCheck::frame_transmitted(Bytes frame) {
  const ParsedFrame parsed = parse_frame(frame);
  const auto place = parsed.kind == FrameKind::tcp ? queues_.find(parsed.tuple) : queues_.end();
  last_sent_ = nullptr;
  if (place == queues_.end()) {
    ++stray_frames_;
    return;
  }
  Queue& queue = place->second;
  auto& segments = queue.segments;
  const std::uint32_t first = parsed.sequence + (parsed.has(tcp_syn) ? 1 : 0);
  const std::uint32_t last = first + parsed.payload_length;
  const auto is_exact = [&](const Expected& e) {
    return !e.is_seen && e.sequence == first && e.end() == last &&
           e.parsed.payload_offset == parsed.payload_offset;
  };
  auto found = std::find_if(segments.begin(), segments.end(), [&](const Expected& e) {
    return is_exact(e) && same_headers(frame, e.bytes, parsed);
  });
  if (found == segments.end())
    found = std::find_if(segments.begin(), segments.end(), [&](const Expected& e) {
      return e.holds(first, last) && e.parsed.payload_offset == parsed.payload_offset;
    });
  if (found == segments.end()) {
    ++stray_frames_;
    return;
  }
  const auto index = static_cast<std::size_t>(found - segments.begin());
  found->time_ns = now_ns();
  last_sent_ = found->result;
  if (is_exact(*found)) {
    compare_whole(*found, frame, parsed);
    pop_before(queue, index + 1);
    return;
  }
  compare_part(queue, index, frame, parsed);
  const bool is_complete = found->end() == last;
  pop_before(queue, is_complete ? index + 1 : index);
}

void WireCheck::compare_whole(Expected& expected, Bytes frame, const ParsedFrame& parsed) {
  expected.is_seen = true;
  const std::size_t end = parsed.payload_offset + parsed.payload_length;
  const auto wrong = std::mismatch(expected.bytes.begin(), expected.bytes.end(), frame.begin(),
                                   frame.begin() + static_cast<std::ptrdiff_t>(end));
  if (wrong.first == expected.bytes.end()) return;
  // Other payload has another checksum: the payload is what is named.
  const std::size_t checksum = parsed.l4_offset + 16u;
  auto byte = static_cast<std::size_t>(wrong.first - expected.bytes.begin());
  if (byte == checksum || byte == checksum + 1)
    for (std::size_t i = parsed.payload_offset; i < end; ++i) {
      if (expected.bytes[i] == frame[i]) continue;
      byte = i;
      break;
    }
  expected.differs_at(static_cast<std::uint32_t>(byte));
}

// The frame begins in a segment before, or ends before the segment does.
void WireCheck::compare_part(Queue& queue, std::size_t index, Bytes frame,
                             const ParsedFrame& parsed) {
  Expected& own = queue.segments[index];
  own.is_seen = own.is_recut = true;
  for (std::uint32_t i = 0; i < parsed.payload_offset; ++i)
    if (own.bytes[i] != frame[i] && !changes_in_a_cut(parsed, i)) own.differs_at(i);
  if (!tcp_checksum_is_right(frame, parsed)) own.differs_at(parsed.l4_offset + 16);
  const std::uint8_t flags = own.bytes[parsed.l4_offset + 13] ^ frame[parsed.l4_offset + 13];
  if ((flags & ~(tcp_psh | tcp_fin)) != 0) own.differs_at(parsed.l4_offset + 13);
  const Bytes payload = parsed.payload(frame);
  for (std::size_t i = 0; i <= index; ++i) {
    Expected& expected = queue.segments[i];
    // Without the bytes of its beginning a segment is not all there.
    if (i != index && !expected.is_seen) continue;
    for (std::uint32_t k = 0; k < payload.size(); ++k) {
      const std::uint32_t at = parsed.sequence + k - expected.sequence;
      if (at >= expected.size) continue;
      if (payload[k] != expected.bytes[parsed.payload_offset + at])
        expected.differs_at(parsed.payload_offset + at);
    }
  }
}

void WireCheck::operation_finished(const hw::TxReport& report) {
  if (report.context == TLSNIC_NO_CONTEXT || report.reason != hw::TxReason::ok) return;
  if (report.context >= work_.size()) work_.resize(report.context + 1);
  ContextWork& work = work_[report.context];
  if (report.opcode == TLSNIC_TX_OP_PROGRESS_PARAMS) ++work.placements;
  if (report.opcode == TLSNIC_TX_OP_DUMP) {
    ++work.dump_packets;
    work.dump_bytes += report.bytes;
  }
  // Of which connection a context is, its next packet tells.
  if (report.opcode != TLSNIC_TX_OP_SEND || last_sent_ == nullptr) return;
  last_sent_->placements += work.placements;
  last_sent_->counts().dump_packets += work.dump_packets;
  last_sent_->counts().dump_bytes += work.dump_bytes;
  work = {};
}

void WireCheck::tx_fallback(const netdev::TlsConnection& connection, std::uint32_t sequence,
                            std::uint32_t size, host::FallbackOutcome outcome) {
  if (outcome != host::FallbackOutcome::encrypted) return;
  const auto place = queues_.find(connection.received.reversed());
  if (place == queues_.end()) return;
  // Mostly it is the segment that was just given to the driver.
  auto& segments = place->second.segments;
  const auto found = std::find_if(segments.rbegin(), segments.rend(), [&](const Expected& e) {
    return !e.is_seen && !e.is_fallback && e.holds(sequence, sequence + size);
  });
  if (found != segments.rend()) found->is_fallback = true;
}

// ---- results

void WireCheck::finish(const Expected& expected) {
  observe::TransmitSummary& counts = expected.result->counts();
  counts.recut += expected.is_recut ? 1 : 0;
  counts.unfinished += expected.is_unfinished ? 1 : 0;
  const char* reason = expected.is_recut        ? "recut"
                       : expected.is_unfinished ? "unfinished"
                                                : "as_captured";
  if (!expected.is_seen) {
    ++counts.packets.dropped;
    return log(expected, "dropped", "not_on_the_wire");
  }
  if (expected.difference) {
    ++counts.packets.different;
    const std::uint32_t moved =
        *expected.difference < expected.parsed.payload_offset ? 0 : expected.begin;
    const observe::FrameByte byte{expected.number, *expected.difference + moved};
    if (!counts.first_difference || byte.frame < counts.first_difference->frame)
      counts.first_difference = byte;
    return log(expected, "different", "");
  }
  if (expected.is_plain) {
    ++counts.packets.plain;
    log(expected, "plain", reason);
  } else if (expected.is_fallback) {
    ++counts.packets.fallback;
    log(expected, "fallback", reason);
  } else {
    ++counts.packets.encrypted;
    log(expected, "encrypted", reason);
  }
}

void WireCheck::log(const Expected& expected, const char* verdict, const char* reason) {
  if (!packets_.enabled()) return;
  observe::PacketRow row;
  row.frame = expected.number;
  row.time_ns = expected.time_ns;
  row.stream = expected.result->stream;
  row.direction = expected.result->sender;
  row.sequence = expected.sequence;
  row.length = expected.size;
  row.verdict = verdict;
  row.reason = reason;
  packets_.write(row);
}

}  // namespace tlsnic::scenarios
