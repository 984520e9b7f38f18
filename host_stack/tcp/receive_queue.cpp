#include "host_stack/tcp/receive_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/tcp_sequence.h"

namespace tlsnic::host {

ReceiveQueue::ReceiveQueue(std::uint32_t initial_sequence, std::size_t rcvbuf,
                           OutOfOrderMemory* shared)
    : first_sequence_(initial_sequence + 1), rcvbuf_(rcvbuf), shared_(shared) {}

std::size_t ReceiveQueue::Segment::memory() const {
  return std::max<std::size_t>(skb.length, netdev::DmaMemory::page_size);
}

void ReceiveQueue::Segment::drop_front(std::uint64_t n) {
  data += n;
  start += n;
  length -= static_cast<std::uint32_t>(n);
}

bool ReceiveQueue::receive(netdev::SkBuff skb, const ParsedFrame& parsed) {
  const std::uint64_t length = parsed.payload_length;
  if (parsed.payload_offset + length > skb.length) return false;
  if (discarding_ || fin_reached()) {
    statistics_.unwanted_bytes += length;
    return false;
  }
  const std::uint32_t sequence = parsed.sequence + (parsed.has(tcp_syn) ? 1 : 0);
  const std::int64_t start =
      static_cast<std::int64_t>(rcv_nxt_) + sequence_distance(sequence, rcv_nxt());
  const std::int64_t end = start + static_cast<std::int64_t>(length);
  if (end < static_cast<std::int64_t>(rcv_nxt_)) {
    statistics_.duplicate_bytes += length;
    return false;
  }
  if (parsed.has(tcp_fin) && !fin_) fin_ = static_cast<std::uint64_t>(end);
  highest_ = std::max(highest_, static_cast<std::uint64_t>(end));

  const std::uint64_t before = rcv_nxt_;
  const std::uint64_t old = start < static_cast<std::int64_t>(rcv_nxt_)
                                ? rcv_nxt_ - static_cast<std::uint64_t>(start)
                                : 0;
  statistics_.duplicate_bytes += old;
  if (old < length) {
    Segment segment;
    segment.data = skb.buffer.data() + parsed.payload_offset + old;
    segment.start = static_cast<std::uint64_t>(start + static_cast<std::int64_t>(old));
    segment.length = static_cast<std::uint32_t>(length - old);
    segment.skb = std::move(skb);
    store(std::move(segment));
  }
  return rcv_nxt_ != before || fin_reached();
}

// A buffer has one owner: when a held piece splits a segment, one part gets a buffer of its own.
ReceiveQueue::Segment ReceiveQueue::Segment::copy_front(std::uint32_t n) const {
  Segment part;
  part.skb.buffer = netdev::PacketBuffer(n);
  part.skb.length = n;
  part.skb.decrypted = skb.decrypted;
  std::memcpy(part.skb.buffer.data(), data, n);
  part.data = part.skb.buffer.data();
  part.start = start;
  part.length = n;
  return part;
}

void ReceiveQueue::store(Segment segment) {
  while (segment.start == rcv_nxt_) {
    if (!out_of_order_.empty() && out_of_order_.begin()->first < segment.end()) {
      const Segment& held = out_of_order_.begin()->second;
      const auto gap = static_cast<std::uint32_t>(held.start - segment.start);
      if (held.end() < segment.end()) {
        append(segment.copy_front(gap));
        append_held();
        const std::uint64_t known = std::min(rcv_nxt_, segment.end()) - segment.start;
        statistics_.duplicate_bytes += known - gap;
        segment.drop_front(known);
        if (segment.length == 0) return;
        continue;
      }
      statistics_.duplicate_bytes += segment.length - gap;
      segment.length = gap;
    }
    append(std::move(segment));
    append_held();
    return;
  }
  statistics_.out_of_order_bytes += segment.length;
  hold_in_gaps(std::move(segment));
}

void ReceiveQueue::append_held() {
  while (!out_of_order_.empty() && out_of_order_.begin()->first == rcv_nxt_) {
    auto node = out_of_order_.extract(out_of_order_.begin());
    release_memory(node.mapped().memory());
    append(std::move(node.mapped()));
  }
}

void ReceiveQueue::hold_in_gaps(Segment segment) {
  auto next = out_of_order_.upper_bound(segment.start);
  if (next != out_of_order_.begin()) --next;
  for (; next != out_of_order_.end() && next->first < segment.end(); ++next) {
    const Segment& held = next->second;
    if (held.end() <= segment.start) continue;
    if (held.start > segment.start) {
      const auto gap = static_cast<std::uint32_t>(held.start - segment.start);
      if (held.end() >= segment.end()) {
        statistics_.duplicate_bytes += segment.length - gap;
        segment.length = gap;
        break;
      }
      hold(segment.copy_front(gap));
      segment.drop_front(gap);
    }
    const std::uint64_t known = std::min(held.end(), segment.end()) - segment.start;
    statistics_.duplicate_bytes += known;
    segment.drop_front(known);
    if (segment.length == 0) return;
  }
  hold(std::move(segment));
}

void ReceiveQueue::hold(Segment segment) {
  if (!take_memory(segment.memory())) {
    statistics_.over_rcvbuf_bytes += segment.length;
    return;
  }
  const std::uint64_t start = segment.start;
  out_of_order_.emplace_hint(out_of_order_.end(), start, std::move(segment));
}

void ReceiveQueue::append(Segment segment) {
  rcv_nxt_ += segment.length;
  in_order_.push_back(std::move(segment));
}

std::size_t ReceiveQueue::copy(MutableBytes out) const {
  std::size_t done = 0;
  for (const Segment& segment : in_order_) {
    if (done == out.size()) break;
    const std::size_t n = std::min<std::size_t>(segment.length, out.size() - done);
    std::memcpy(out.data() + done, segment.data, n);
    done += n;
  }
  return done;
}

void ReceiveQueue::pieces(std::size_t n, std::vector<Piece>& out) const {
  out.clear();
  out.reserve(std::min<std::size_t>(in_order_.size(), 16));
  for (const Segment& segment : in_order_) {
    if (n == 0) break;
    const std::size_t length = std::min<std::size_t>(segment.length, n);
    out.push_back({Bytes(segment.data, length), segment.skb.decrypted});
    n -= length;
  }
}

void ReceiveQueue::consume(std::size_t n) {
  consumed_.clear();
  n = std::min(n, available());
  copied_ += n;
  aside_ -= std::min(n, aside_);
  while (n > 0) {
    Segment& front = in_order_.front();
    if (n < front.length) {
      front.drop_front(n);
      break;
    }
    n -= front.length;
    consumed_.push_back(std::move(front));
    in_order_.pop_front();
  }
}

void ReceiveQueue::discard() {
  if (discarding_) return;
  discarding_ = true;
  aside_ = 0;
  // Its beginning may belong to what was consumed last.
  if (!in_order_.empty()) consumed_.push_back(std::move(in_order_.front()));
  in_order_.clear();
  out_of_order_.clear();
  release_memory(out_of_order_memory_);
}

bool ReceiveQueue::take_memory(std::size_t bytes) {
  if (out_of_order_memory_ + bytes > rcvbuf_) return false;
  if (shared_ != nullptr) {
    if (shared_->used + bytes > shared_->limit) return false;
    shared_->used += bytes;
  }
  out_of_order_memory_ += bytes;
  return true;
}

void ReceiveQueue::release_memory(std::size_t bytes) {
  out_of_order_memory_ -= bytes;
  if (shared_ != nullptr) shared_->used -= bytes;
}

std::optional<std::uint64_t> ReceiveQueue::hole() const {
  if (highest_ > rcv_nxt_) return rcv_nxt_;
  return std::nullopt;
}

}  // namespace tlsnic::host
