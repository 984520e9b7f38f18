// What was written and not yet acknowledged, by reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host_stack/fifo.h"
#include "host_stack/netdev/tx_skb.h"

namespace tlsnic::host {

// Offsets count sequence numbers from the SYN, which is 0, in 64 bits: they do not wrap.
class SendQueue {
 public:
  // Bytes that may travel in one segment.
  struct Run {
    std::uint32_t size = 0;
    bool decrypted = false;
    bool closed = false;  // something else than the queue's end forbids a longer one
  };

  // max_pieces: see TcpSettings.
  explicit SendQueue(std::uint32_t max_pieces) : max_pieces_(max_pieces) {}

  // decrypted: see netdev::TxSkb.
  void append(netdev::TxPiece piece, bool decrypted);
  // No segment will hold bytes from both sides of this point: the end-of-record mark that Linux
  // sets when offload begins and at every resync (facts 1.4, 1.7, 1.9).
  void fence() { fence_ = true; }
  // Bytes below are acknowledged.
  void release(std::uint64_t offset);

  std::uint64_t start() const { return start_; }  // of the first byte not acknowledged
  std::uint64_t end() const { return end_; }
  std::uint64_t size() const { return end_ - start_; }

  // The longest run from `from` (start() <= from <= end()), no longer than max.
  Run run(std::uint64_t from, std::uint32_t max) const;
  // Appends the pieces of the `size` bytes from `from`, which must lie within one run.
  void cut(std::uint64_t from, std::uint32_t size, std::vector<netdev::TxPiece>& out) const;

 private:
  struct Chunk {
    netdev::TxPiece piece;
    std::uint64_t start = 0;
    bool decrypted = false;
    bool fenced = false;  // a fence lies before it

    std::uint64_t end() const { return start + piece.size; }
  };

  std::size_t find(std::uint64_t offset) const;
  bool continues_last(const netdev::TxPiece& piece, bool decrypted) const;

  std::uint32_t max_pieces_;
  bool fence_ = false;
  std::uint64_t start_ = 1;
  std::uint64_t end_ = 1;
  mutable std::size_t found_last_ = 0;  // segments are cut one after another
  Fifo<Chunk> chunks_;
};

}  // namespace tlsnic::host
