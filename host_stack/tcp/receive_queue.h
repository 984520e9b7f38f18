// The receiving end of a TCP stream whose segments come from a link or a replayed capture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "host_stack/fifo.h"
#include "host_stack/netdev/sk_buff.h"
#include "protocol/frame.h"

namespace tlsnic::host {

// Consecutive stream bytes that arrived in one segment; decrypted: the segment's mark.
struct Piece {
  Bytes bytes;
  bool decrypted = false;
};

// Buffer memory of out-of-order segments of all sockets of a host, in bytes (as Linux's tcp_mem).
struct OutOfOrderMemory {
  std::size_t limit;
  std::size_t used = 0;
};

// All in payload bytes.
struct ReceiveQueueStatistics {
  std::uint64_t duplicate_bytes = 0;     // held or read already: the first copy stays
  std::uint64_t out_of_order_bytes = 0;  // had to wait for a hole to be filled
  std::uint64_t over_rcvbuf_bytes = 0;   // out of order and beyond the limits: dropped
  std::uint64_t unwanted_bytes = 0;      // after the end of the stream, or after discard()
};

// Sends nothing: a capture has its acknowledgements already. Segments with different marks are
// never merged and payload is not copied, so that every byte keeps the mark it arrived with
// (facts 1.7). Stream offsets are bytes from the initial sequence + 1, in 64 bits: they do not
// wrap.
class ReceiveQueue {
 public:
  static constexpr std::size_t default_rcvbuf = std::size_t{8} << 20;

  // initial_sequence: that of the SYN. rcvbuf: bounds the memory of out-of-order segments, in bytes
  // of buffer rather than payload (tiny segments hold whole pages). In-order data is always taken:
  // the peer of a capture cannot be told to stop. shared: a further bound, null for none; outlives
  // this.
  explicit ReceiveQueue(std::uint32_t initial_sequence, std::size_t rcvbuf = default_rcvbuf,
                        OutOfOrderMemory* shared = nullptr);
  ~ReceiveQueue() { release_memory(out_of_order_memory_); }
  ReceiveQueue(const ReceiveQueue&) = delete;
  ReceiveQueue& operator=(const ReceiveQueue&) = delete;

  // parsed: of the frame in skb. True if rcv_nxt moved or the FIN was reached.
  bool receive(netdev::SkBuff skb, const ParsedFrame& parsed);

  std::uint32_t copied_seq() const { return sequence_at(copied_); }  // next byte to read
  std::uint32_t rcv_nxt() const { return sequence_at(rcv_nxt_); }    // next byte to arrive
  std::uint64_t copied_offset() const { return copied_; }
  std::uint64_t rcv_nxt_offset() const { return rcv_nxt_; }
  // End of the furthest segment that arrived, held or not.
  std::uint64_t highest_offset() const { return highest_; }
  std::uint32_t sequence_at(std::uint64_t offset) const {
    return first_sequence_ + static_cast<std::uint32_t>(offset);
  }
  // In-order bytes that wait for a reader (tcp_inq).
  std::size_t available() const {
    return discarding_ ? 0 : static_cast<std::size_t>(rcv_nxt_ - copied_);
  }

  // The first bytes of the unread data, no more than out.size(); how many there were.
  std::size_t copy(MutableBytes out) const;
  // The first n unread bytes (or all, if fewer) as they arrived; replaces what is in `out`.
  void pieces(std::size_t n, std::vector<Piece>& out) const;
  // n <= available(). Pieces of the bytes consumed stay valid until release() or the next
  // consume().
  void consume(std::size_t n);
  // The reader has copied what it consumed: its buffers go back to the device.
  void release() { consumed_.clear(); }
  // The reader keeps the first n unread bytes in memory of its own: they take no room of the
  // receive buffer any more, though they are read later (kTLS: "copy mode", facts 3). n <=
  // available().
  void set_aside(std::size_t n) { aside_ = n; }
  std::size_t aside() const { return aside_; }
  // The reader has given up: frees what is held (not what was consumed last) and drops what comes.
  void discard();

  bool fin_reached() const { return fin_.has_value() && rcv_nxt_ >= *fin_; }
  // Stream offset of the first missing byte while something after it has arrived.
  std::optional<std::uint64_t> hole() const;
  // True once data was dropped for want of memory.
  bool cut() const { return statistics_.over_rcvbuf_bytes != 0; }
  std::size_t out_of_order_memory() const { return out_of_order_memory_; }
  const ReceiveQueueStatistics& statistics() const { return statistics_; }

 private:
  struct Segment {
    netdev::SkBuff skb;
    const std::uint8_t* data = nullptr;  // first byte not yet consumed
    std::uint64_t start = 0;             // its stream offset
    std::uint32_t length = 0;

    std::uint64_t end() const { return start + length; }
    std::size_t memory() const;
    void drop_front(std::uint64_t n);
    Segment copy_front(std::uint32_t n) const;
  };

  void store(Segment segment);
  void hold_in_gaps(Segment segment);
  void hold(Segment segment);
  void append(Segment segment);
  void append_held();
  bool take_memory(std::size_t bytes);
  void release_memory(std::size_t bytes);

  std::uint32_t first_sequence_;
  std::size_t rcvbuf_;
  OutOfOrderMemory* shared_;
  bool discarding_ = false;
  std::size_t aside_ = 0;
  std::uint64_t copied_ = 0;
  std::uint64_t rcv_nxt_ = 0;
  std::uint64_t highest_ = 0;
  std::optional<std::uint64_t> fin_;
  std::size_t out_of_order_memory_ = 0;
  Fifo<Segment> in_order_;
  std::map<std::uint64_t, Segment> out_of_order_;  // by start; disjoint, all beyond rcv_nxt
  Fifo<Segment> consumed_;
  ReceiveQueueStatistics statistics_;
};

}  // namespace tlsnic::host
