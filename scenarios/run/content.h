// What applications write: bytes that tell where they belong, so that a reader can check each one.
#pragma once

#include <cstdint>
#include <memory>

#include "host_stack/netdev/tx_skb.h"
#include "protocol/random.h"

namespace tlsnic::scenarios {

class Content {
 public:
  static constexpr std::size_t largest_view = std::size_t{1} << 20;  // bytes

  explicit Content(std::uint64_t seed) : bytes_(new std::uint8_t[period + largest_view]) {
    Random random(seed);
    for (std::size_t i = 0; i < period; ++i) bytes_[i] = static_cast<std::uint8_t>(random.next());
    for (std::size_t i = period; i < period + largest_view; ++i) bytes_[i] = bytes_[i - period];
  }

  // `size` bytes, at most largest_view, of stream number `stream` from `offset` on. They stay.
  Bytes view(std::uint32_t stream, std::uint64_t offset, std::size_t size) const {
    return {bytes_.get() + (offset + stream * stride) % period, size};
  }
  netdev::TxPiece page(std::uint32_t stream, std::uint64_t offset, std::uint32_t size) const {
    return {bytes_, view(stream, offset, size).data(), size};
  }

 private:
  // A prime that no record or segment size divides: bytes out of place do not fit.
  static constexpr std::uint64_t period = 1'048'573;
  static constexpr std::uint64_t stride = 40'503;

  std::shared_ptr<std::uint8_t[]> bytes_;
};

}  // namespace tlsnic::scenarios
