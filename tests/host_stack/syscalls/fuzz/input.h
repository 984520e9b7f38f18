// A fuzz input as numbers and bytes, front to end; zeros after its end.
#pragma once

#include <algorithm>

#include "protocol/bytes.h"

namespace tlsnic::host::test {

class Input {
 public:
  explicit Input(Bytes bytes) : left_(bytes) {}

  bool is_over() const { return left_.empty(); }
  std::uint8_t u8() {
    if (left_.empty()) return 0;
    const std::uint8_t value = left_[0];
    left_ = left_.subspan(1);
    return value;
  }
  std::uint16_t u16() {
    const std::uint8_t high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  Bytes bytes(std::size_t most) {
    const Bytes out = left_.first(std::min(most, left_.size()));
    left_ = left_.subspan(out.size());
    return out;
  }
  template <typename T, std::size_t n>
  T one_of(const T (&values)[n]) {
    return values[u8() % n];
  }

 private:
  Bytes left_;
};

}  // namespace tlsnic::host::test
