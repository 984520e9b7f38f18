// What a send gives to records: bytes that are copied, or pages that may be referred to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <gsl/span>

#include "host_stack/ktls/tx_open_record.h"

namespace tlsnic::host {

inline std::size_t bytes_in(gsl::span<const Bytes> parts) {
  std::size_t size = 0;
  for (const Bytes part : parts) size += part.size();
  return size;
}

inline std::size_t bytes_in(gsl::span<const netdev::TxPiece> parts) {
  std::size_t size = 0;
  for (const netdev::TxPiece& part : parts) size += part.size;
  return size;
}

// Goes through parts of any number and size, front to end.
template <typename Part>
class TxSource {
 public:
  // may_refer: pages are not copied. They outlive this.
  TxSource(gsl::span<const Part> parts, bool may_refer)
      : parts_(parts), left_(bytes_in(parts)), may_refer_(may_refer) {}

  std::size_t left() const { return left_; }  // bytes

  // Puts some of what is left, at most `max` bytes, into the record. How many; 0: no memory.
  // Something is left, and max is not 0.
  std::size_t fill(OpenRecord& record, std::size_t max) {
    while (bytes_of(parts_.front()).size() == offset_) {
      parts_ = parts_.subspan(1);
      offset_ = 0;
    }
    const Part& part = parts_.front();
    const Bytes rest = bytes_of(part).subspan(offset_);
    const std::size_t size = put(record, part, rest.first(std::min(rest.size(), max)));
    offset_ += size;
    left_ -= size;
    return size;
  }

 private:
  static Bytes bytes_of(Bytes part) { return part; }
  static Bytes bytes_of(const netdev::TxPiece& part) { return part.bytes(); }

  std::size_t put(OpenRecord& record, Bytes, Bytes rest) const { return record.copy(rest); }
  std::size_t put(OpenRecord& record, const netdev::TxPiece& part, Bytes rest) const {
    if (!may_refer_ || part.owner == nullptr) return record.copy(rest);
    record.refer({part.owner, rest.data(), static_cast<std::uint32_t>(rest.size())});
    return rest.size();
  }

  gsl::span<const Part> parts_;
  std::size_t offset_ = 0;  // in the first part
  std::size_t left_;
  bool may_refer_;
};

}  // namespace tlsnic::host
