#include "host_stack/ktls/tx_open_record.h"

#include <algorithm>
#include <utility>

namespace tlsnic::host {
namespace {

// Held by the same owner, not just pointing to the same place.
bool is_held_together(const netdev::TxPiece& a, const netdev::TxPiece& b) {
  return !a.owner.owner_before(b.owner) && !b.owner.owner_before(a.owner);
}

}  // namespace

bool OpenRecord::open(std::uint8_t type, const RecordFraming& framing) {
  const std::size_t prepend = framing.format().prepend();
  const MutableBytes room = memory_.try_reserve(prepend);
  if (room.empty()) return false;
  type_ = type;
  plaintext_size_ = 0;
  start_ = room.data();
  pieces_.push_back(memory_.take(prepend));
  return true;
}

void OpenRecord::trim(std::size_t size) {
  if (size == 0) return discard();
  for (std::size_t excess = plaintext_size_ - size; excess > 0;) {
    netdev::TxPiece& last = pieces_.back();
    const std::size_t cut = std::min<std::size_t>(excess, last.size);
    last.size -= static_cast<std::uint32_t>(cut);
    excess -= cut;
    if (last.size == 0) pieces_.pop_back();
  }
  plaintext_size_ = size;
}

void OpenRecord::append(netdev::TxPiece piece) {
  netdev::TxPiece& last = pieces_.back();
  if (is_held_together(last, piece) && last.data + last.size == piece.data)
    last.size += piece.size;
  else
    pieces_.push_back(std::move(piece));
}

std::size_t OpenRecord::copy(Bytes bytes) {
  if (bytes.empty()) return 0;
  const MutableBytes room = memory_.try_reserve(1);
  if (room.empty()) return 0;
  const std::size_t size = std::min<std::size_t>(room.size(), bytes.size());
  std::memcpy(room.data(), bytes.data(), size);
  append(memory_.take(size));
  plaintext_size_ += size;
  return size;
}

void OpenRecord::refer(netdev::TxPiece piece) {
  if (piece.size == 0) return;
  plaintext_size_ += piece.size;
  append(std::move(piece));
}

void OpenRecord::close(RecordFraming& framing, Pieces& out) {
  framing.write_prepend(type_, plaintext_size_, start_);
  framing.write_tail(type_, memory_.reserve(framing.tail()).data());
  append(memory_.take(framing.tail()));
  out.clear();
  out.swap(pieces_);
}

void OpenRecord::close_sealed(RecordFraming& framing, RecordAead& aead, std::uint64_t record_number,
                              Pieces& out) {
  close(framing, out);
  const std::size_t size = plaintext_size_ + framing.format().overhead();
  if (out.size() == 1) {  // built in one run of our own memory
    aead.seal({start_, size}, record_number);
    return;
  }
  const MutableBytes record = memory_.reserve(size).first(size);
  std::size_t filled = 0;
  for (const netdev::TxPiece& piece : out) {
    std::memcpy(record.data() + filled, piece.data, piece.size);
    filled += piece.size;
  }
  aead.seal(record, record_number);
  out.clear();
  out.push_back(memory_.take(size));
}

}  // namespace tlsnic::host
