// The search for a record header in a stream whose framing is lost (tls-offload.rst, "Stream scan
// resynchronization"). A header may begin in one segment and end in the next one.
//
// Limitations: a header cut over two segments is found only if the two arrive one after the other.
#pragma once

#include <optional>

#include "hw_model/tls/rx_context.h"
#include "hw_model/tls/rx_policy.h"
#include "protocol/bytes.h"

namespace tlsnic::hw {

// A segment together with the bytes carried over from the one before it, as one run of bytes.
class ScanWindow {
 public:
  // carry is used only if it ends where the segment begins.
  ScanWindow(const RxContext& context, std::uint32_t sequence, Bytes payload);

  std::uint32_t begin() const { return begin_; }  // sequence of the first byte
  std::size_t size() const { return carry_size_ + payload_.size(); }
  std::uint8_t operator[](std::size_t i) const {
    return i < carry_size_ ? carry_[i] : payload_[i - carry_size_];
  }
  // The five bytes at i; i + 5 <= size().
  RecordHeader header_at(std::size_t i) const;
  // Index of the first place from i on at which the policy sees a header, or size() if none is
  // whole.
  std::size_t find(std::size_t i, HeaderTest test, const RecordFormat& format) const;
  // Keeps what may be the beginning of a header: the bytes from i on, four at most.
  void carry_over(RxContext& context, std::size_t i) const;

 private:
  std::uint32_t begin_;
  std::uint32_t end_;
  std::uint8_t carry_[4] = {};
  std::size_t carry_size_ = 0;
  Bytes payload_;
};

}  // namespace tlsnic::hw
