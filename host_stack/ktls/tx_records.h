// The records of a connection in a device, kept until they are acknowledged (facts 1.8).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "host_stack/fifo.h"
#include "host_stack/netdev/tls_dev.h"

namespace tlsnic::host {

class TxRecords {
 public:
  // Forgets everything; the next record starts at `sequence` and has this number. The marker of the
  // start takes the number before it.
  void start(std::uint32_t sequence, std::uint64_t record_number);
  // A record starts at `sequence`, where the one before it ends.
  void push(std::uint32_t sequence, std::vector<netdev::TxPiece> pieces);
  // Records that end at or before snd_una go; one that is partly acknowledged stays whole.
  void clean_acked(std::uint32_t snd_una);

  // tls_get_record; the marker has length 0. A look-up remembers the furthest record found:
  // segments mostly ask in order.
  std::optional<netdev::TlsTxRecord> get_record(std::uint32_t sequence);

  bool empty() const { return records_.empty(); }
  std::size_t size() const { return records_.size(); }  // the marker included

 private:
  struct Record {
    std::uint32_t end_sequence = 0;
    std::uint32_t length = 0;  // header to tag; 0: the start marker
    std::vector<netdev::TxPiece> pieces;

    std::uint32_t start() const { return end_sequence - length; }
    bool is_marker() const { return length == 0; }
  };

  Fifo<Record> records_;
  std::uint64_t unacked_record_number_ = 0;  // of the first in records_
  std::optional<std::size_t> hint_;          // retransmit_hint: an index
};

}  // namespace tlsnic::host
