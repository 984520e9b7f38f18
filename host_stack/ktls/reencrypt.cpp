#include "host_stack/ktls/reencrypt.h"

#include <algorithm>

namespace tlsnic::host {

void reencrypt(RecordAead& aead, std::uint64_t record_number, gsl::span<const Piece> pieces,
               MutableBytes record, MutableBytes scratch) {
  aead.apply_key_stream(record, record_number, scratch);
  const std::size_t text_start = aead.format().prepend();
  const std::size_t text_end = record.size() - aead_tag_size;
  std::size_t start = 0;
  for (const Piece& piece : pieces) {
    const std::size_t end = start + piece.bytes.size();
    if (piece.decrypted) {
      const std::size_t from = std::max(start, text_start);
      const std::size_t to = std::min(end, text_end);
      if (from < to)
        std::memcpy(record.data() + from, scratch.data() + (from - text_start), to - from);
    }
    start = end;
  }
}

}  // namespace tlsnic::host
