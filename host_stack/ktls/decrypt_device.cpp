#include "host_stack/ktls/decrypt_device.h"

#include <algorithm>

namespace tlsnic::host {

RecordOffload classify_record(gsl::span<const Piece> record) {
  bool any_marked = false;
  bool all_marked = true;
  for (const Piece& piece : record) {
    any_marked |= piece.decrypted;
    all_marked &= piece.decrypted;
  }
  if (!any_marked) return RecordOffload::not_offloaded;
  return all_marked ? RecordOffload::entirely : RecordOffload::partially;
}

void strip_framing(gsl::span<const Piece> record, std::size_t prepend, std::size_t tail,
                   std::vector<Bytes>& out) {
  out.clear();
  out.reserve(record.size());
  for (const Piece& piece : record) {
    const std::size_t skip = std::min<std::size_t>(prepend, piece.bytes.size());
    prepend -= skip;
    if (skip < piece.bytes.size()) out.push_back(piece.bytes.subspan(skip));
  }
  while (tail > 0 && !out.empty()) {
    const std::size_t cut = std::min<std::size_t>(tail, out.back().size());
    tail -= cut;
    out.back() = out.back().first(out.back().size() - cut);
    if (out.back().empty()) out.pop_back();
  }
}

std::optional<std::uint8_t> strip_padding(std::vector<Bytes>& inner_plaintext) {
  while (!inner_plaintext.empty()) {
    const Bytes piece = inner_plaintext.back();
    std::size_t n = piece.size();
    while (n > 0 && piece.data()[n - 1] == 0) --n;
    if (n > 1)
      inner_plaintext.back() = piece.first(n - 1);
    else
      inner_plaintext.pop_back();
    if (n > 0) return piece.data()[n - 1];
  }
  return std::nullopt;
}

}  // namespace tlsnic::host
