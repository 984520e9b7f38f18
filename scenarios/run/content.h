// What applications write: bytes that tell where they belong, so that a reader can check each one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/random.h"

namespace tlsnic::scenarios {

class Content {
 public:
  static constexpr std::size_t largest_view = std::size_t{1} << 20;  // bytes

  explicit Content(std::uint64_t seed) {
    std::vector<std::uint8_t> bytes(period + largest_view);
    Random random(seed);
    for (std::size_t i = 0; i < period; ++i) bytes[i] = static_cast<std::uint8_t>(random.next());
    for (std::size_t i = period; i < period + largest_view; ++i) bytes[i] = bytes[i - period];
    file_ = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  }

  // `size` bytes, at most largest_view, of stream number `stream` from `offset` on. They stay.
  Bytes view(std::uint32_t stream, std::uint64_t offset, std::size_t size) const {
    return {file_->data() + position(stream, offset), size};
  }
  // The same bytes begin here in file().
  static std::uint64_t position(std::uint32_t stream, std::uint64_t offset) {
    return (offset + stream * stride) % period;
  }
  const std::shared_ptr<const std::vector<std::uint8_t>>& file() const { return file_; }

 private:
  // A prime that no record or segment size divides: bytes out of place do not fit.
  static constexpr std::uint64_t period = 1'048'573;
  static constexpr std::uint64_t stride = 40'503;

  std::shared_ptr<const std::vector<std::uint8_t>> file_;
};

}  // namespace tlsnic::scenarios
