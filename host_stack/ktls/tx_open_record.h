// The record that a sender is filling (facts 1.6; the kernel's open_record).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host_stack/ktls/record_framing.h"
#include "host_stack/ktls/tx_memory.h"
#include "protocol/record_aead.h"

namespace tlsnic::host {

class OpenRecord {
 public:
  using Pieces = std::vector<netdev::TxPiece>;

  explicit OpenRecord(const TxMemoryPool* pool) : memory_(pool) {}

  bool is_open() const { return !pieces_.empty(); }
  std::uint8_t type() const { return type_; }
  std::size_t plaintext_size() const { return plaintext_size_; }
  // Runs of memory that the record is made of so far, its header's included.
  std::size_t fragments() const { return pieces_.size(); }

  // False: no memory, and no record.
  bool open(std::uint8_t type, const RecordFraming& framing);
  void discard() { pieces_.clear(); }
  // Keeps the first `size` bytes of plaintext; nothing of the record if that is 0.
  void trim(std::size_t size);

  // More plaintext: as many of the bytes as lie in one run of memory, at least one unless there are
  // none, or no memory. How many were taken.
  std::size_t copy(Bytes bytes);
  // By reference: the piece is read again for every transmission.
  void refer(netdev::TxPiece piece);

  // Ends the record, for which there is always memory: `out` gets its bytes, header to tag, as
  // plaintext with a placeholder.
  void close(RecordFraming& framing, Pieces& out);
  // Ends the record encrypted: `out` gets its bytes in one piece.
  void close_sealed(RecordFraming& framing, RecordAead& aead, std::uint64_t record_number,
                    Pieces& out);

 private:
  void append(netdev::TxPiece piece);

  TxMemory memory_;
  Pieces pieces_;
  std::uint8_t* start_ = nullptr;  // of the header
  std::size_t plaintext_size_ = 0;
  std::uint8_t type_ = 0;
};

}  // namespace tlsnic::host
