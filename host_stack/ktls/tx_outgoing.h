// A closed record on its way into TCP, which may take it in parts (the kernel's partially sent
// record, facts 1.6).
#pragma once

#include <cstddef>
#include <utility>

#include "host_stack/ktls/tx_open_record.h"
#include "host_stack/ktls/tx_tcp.h"

namespace tlsnic::host {

class TxOutgoing {
 public:
  bool empty() const { return pieces_.empty(); }
  const OpenRecord::Pieces& pieces() const { return pieces_; }

  // The record is put into what this returns; only when empty(). decrypted, more: as for
  // TcpSendSide::append(). eor: TCP begins a new segment after the record.
  OpenRecord::Pieces& fill(bool decrypted, bool more, bool eor) {
    decrypted_ = decrypted;
    more_ = more;
    eor_ = eor;
    next_ = 0;
    return pieces_;
  }

  // As much as there is room for. True if nothing is left.
  bool push(TcpSendSide& tcp) {
    for (; next_ < pieces_.size(); ++next_) {
      netdev::TxPiece& piece = pieces_[next_];
      const std::size_t room = tcp.writable();
      if (room < piece.size) {
        if (room > 0) append_part(tcp, piece, static_cast<std::uint32_t>(room));
        return false;
      }
      const bool is_last = next_ + 1 == pieces_.size();
      tcp.append(std::move(piece), decrypted_, more_ || !is_last);
    }
    if (!pieces_.empty() && eor_) tcp.fence();
    pieces_.clear();
    return true;
  }

  void drop() { pieces_.clear(); }

 private:
  void append_part(TcpSendSide& tcp, netdev::TxPiece& piece, std::uint32_t size) {
    netdev::TxPiece part{piece.owner, piece.data, size};
    piece.data += size;
    piece.size -= size;
    tcp.append(std::move(part), decrypted_, true);
  }

  OpenRecord::Pieces pieces_;
  std::size_t next_ = 0;
  bool decrypted_ = false;
  bool more_ = false;
  bool eor_ = false;
};

}  // namespace tlsnic::host
