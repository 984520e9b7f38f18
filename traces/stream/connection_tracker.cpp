#include "traces/stream/connection_tracker.h"

#include <algorithm>

namespace tlsnic::traces {
namespace {

bool goes_first(const Endpoint& a, const Endpoint& b) {
  if (a.port != b.port) return a.port < b.port;
  return a.address.bytes <= b.address.bytes;
}

}  // namespace

Stream::Stream(std::uint64_t number, const FourTuple& ends, std::size_t presumed_client)
    : number_(number), ends_(ends), client_(presumed_client) {}

std::optional<std::uint32_t> Stream::initial_sequence(Direction direction) const {
  return sides_[direction == Direction::client_to_server ? client_ : 1 - client_].syn;
}

void Stream::see(const ParsedFrame& segment, std::size_t sender) {
  Side& here = sides_[sender];
  Side& there = sides_[1 - sender];
  const bool is_syn = segment.has(tcp_syn);
  const bool is_ack = segment.has(tcp_ack);
  // Wireshark believes a later SYN/ACK more than what it took for the beginning before.
  if (!here.first || (is_syn && is_ack))
    here.first = is_syn ? segment.sequence : segment.sequence - 1;
  if (!there.first && is_ack) there.first = segment.acknowledgement - 1;
  if (!is_syn) return;
  if (!here.syn) here.syn = segment.sequence;
  if (!there.syn && is_ack) there.syn = segment.acknowledgement - 1;
  if (is_client_certain_) return;
  client_ = is_ack ? 1 - sender : sender;
  is_client_certain_ = true;
}

bool Stream::is_reopened_by(const ParsedFrame& segment, std::size_t sender) const {
  const auto& first = sides_[sender].first;
  return segment.has(tcp_syn) && !segment.has(tcp_ack) && first && *first != segment.sequence;
}

ConnectionTracker::ConnectionTracker(std::size_t max_streams)
    : max_streams_(std::max<std::size_t>(max_streams, 1)) {}

Stream* ConnectionTracker::find(const FourTuple& ends) {
  if (last_ != nullptr && last_->ends_ == ends) return last_;
  const auto found = newest_.find(ends);
  if (found == newest_.end()) return nullptr;
  return &streams_[static_cast<std::size_t>(found->second - streams_.front().number())];
}

Stream& ConnectionTracker::open(const FourTuple& ends, std::size_t presumed_client) {
  const std::uint64_t number = streams_.empty() ? 0 : streams_.back().number() + 1;
  streams_.emplace_back(number, ends, presumed_client);
  newest_[ends] = number;
  if (streams_.size() > max_streams_) {
    const auto oldest = newest_.find(streams_.front().ends_);
    if (oldest->second == streams_.front().number()) newest_.erase(oldest);
    streams_.pop_front();
  }
  return streams_.back();
}

TrackedSegment ConnectionTracker::track(const ParsedFrame& segment) {
  const bool in_order = goes_first(segment.tuple.source, segment.tuple.destination);
  const std::size_t sender = in_order ? 0 : 1;
  const FourTuple ends = in_order ? segment.tuple : segment.tuple.reversed();

  Stream* stream = find(ends);
  const bool opens = stream == nullptr || stream->is_reopened_by(segment, sender);
  if (opens) {
    // Place 1 has the higher port.
    const bool same_ports = ends.source.port == ends.destination.port;
    stream = &open(ends, same_ports ? sender : 1);
  }
  stream->see(segment, sender);
  last_ = stream;
  return {stream, stream->direction_of(sender), opens};
}

}  // namespace tlsnic::traces
