// The bytes of one direction of a TCP connection, put in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::traces {

// For handshakes only: it flags every byte that it holds, and holds few. Segments may come in
// any order, more than once, overlapping, across the wrap of the sequence number. Of a byte that
// comes twice the first copy counts.
class StreamAssembler {
 public:
  static constexpr std::size_t default_limit = 256 * 1024;

  // first_sequence: of the direction's first payload byte, one past its SYN.
  // limit: bytes after offset() within which data is held.
  explicit StreamAssembler(std::uint32_t first_sequence, std::size_t limit = default_limit);

  // sequence: of the first byte of payload. What lies before offset() is dropped. False if payload
  // leaves the limit: what is within it was still taken.
  bool add(std::uint32_t sequence, Bytes payload);

  // Bytes in order from offset() on; valid until the next add() or consume().
  Bytes ready() const { return Bytes(data_).subspan(begin_, ready_end_ - begin_); }

  // Yields the first count bytes of ready() for good.
  void consume(std::size_t count);

  // Bytes consumed; place of ready() in the stream, whose first payload byte has place 0.
  std::uint64_t offset() const { return offset_; }

  // True if data is held behind a gap.
  bool has_gap() const { return ready_end_ < data_.size(); }

 private:
  std::uint32_t first_sequence_;
  std::size_t limit_;
  std::uint64_t offset_ = 0;
  // data_[begin_] is the stream's byte number offset_.
  std::size_t begin_ = 0;
  std::size_t ready_end_ = 0;
  std::vector<std::uint8_t> data_;
  std::vector<bool> present_;
};

}  // namespace tlsnic::traces
