#include "host_stack/tcp/send_queue.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace tlsnic::host {

bool SendQueue::continues_last(const netdev::TxPiece& piece, bool decrypted) const {
  if (fence_ || chunks_.empty()) return false;
  const Chunk& last = chunks_.back();
  return last.decrypted == decrypted && last.piece.owner == piece.owner &&
         last.piece.data + last.piece.size == piece.data &&
         piece.size <= std::numeric_limits<std::uint32_t>::max() - last.piece.size;
}

void SendQueue::append(netdev::TxPiece piece, bool decrypted) {
  if (piece.size == 0) return;
  const std::uint64_t start = end_;
  end_ += piece.size;
  if (continues_last(piece, decrypted)) {
    chunks_.back().piece.size += piece.size;
    return;
  }
  chunks_.push_back({std::move(piece), start, decrypted, fence_});
  fence_ = false;
}

void SendQueue::release(std::uint64_t offset) {
  start_ = std::max(start_, std::min(offset, end_));
  while (!chunks_.empty() && chunks_.front().end() <= start_) {
    chunks_.pop_front();
    if (found_last_ > 0) --found_last_;
  }
}

std::size_t SendQueue::find(std::uint64_t offset) const {
  const auto holds = [&](std::size_t i) {
    return i < chunks_.size() && chunks_[i].start <= offset && offset < chunks_[i].end();
  };
  if (holds(found_last_)) return found_last_;
  if (holds(found_last_ + 1)) return ++found_last_;
  const auto past =
      std::upper_bound(chunks_.begin(), chunks_.end(), offset,
                       [](std::uint64_t o, const Chunk& chunk) { return o < chunk.start; });
  found_last_ = static_cast<std::size_t>(std::distance(chunks_.begin(), past)) - 1;
  return found_last_;
}

SendQueue::Run SendQueue::run(std::uint64_t from, std::uint32_t max) const {
  if (from >= end_ || max == 0) return {};
  const std::size_t first = find(from);
  Run out;
  out.decrypted = chunks_[first].decrypted;
  for (std::size_t i = first; i < chunks_.size() && out.size < max; ++i) {
    const Chunk& chunk = chunks_[i];
    if (i > first &&
        (chunk.fenced || chunk.decrypted != out.decrypted || i - first == max_pieces_)) {
      out.closed = true;
      break;
    }
    const std::uint64_t usable = chunk.end() - (from + out.size);
    out.size += static_cast<std::uint32_t>(std::min<std::uint64_t>(usable, max - out.size));
  }
  return out;
}

void SendQueue::cut(std::uint64_t from, std::uint32_t size,
                    std::vector<netdev::TxPiece>& out) const {
  for (std::size_t i = size > 0 ? find(from) : 0; size > 0; ++i) {
    netdev::TxPiece piece = chunks_[i].piece;
    const std::uint64_t skip = from - chunks_[i].start;
    piece.data += skip;
    piece.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(piece.size - skip, size));
    from += piece.size;
    size -= piece.size;
    out.push_back(std::move(piece));
  }
}

}  // namespace tlsnic::host
