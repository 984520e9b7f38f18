// TCP options: MSS (RFC 9293, section 3.7.1), window scale and timestamps (RFC 7323), SACK (RFC
// 2018).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/bytes.h"

namespace tlsnic::host {

struct SackBlock {
  std::uint32_t left = 0;   // first sequence number held
  std::uint32_t right = 0;  // the one after the last
};

struct Timestamps {
  std::uint32_t value = 0;
  std::uint32_t echo = 0;
};

constexpr std::size_t max_sack_blocks = 4;
constexpr std::uint8_t max_window_scale = 14;  // RFC 7323, section 2.3
constexpr std::size_t max_options_size = 40;
constexpr std::size_t timestamps_size = 12;  // with the padding that everybody puts before it

struct TcpOptions {
  std::optional<std::uint16_t> mss;
  std::optional<std::uint8_t> window_scale;  // never above max_window_scale
  bool sack_permitted = false;
  std::optional<Timestamps> timestamps;
  std::array<SackBlock, max_sack_blocks> sack{};
  std::size_t sack_count = 0;
};

using EncodedOptions = std::array<std::uint8_t, max_options_size>;

// Reads what it knows, passes over the rest, and stops at the first option whose length lies.
TcpOptions read_options(Bytes options);

// In the order and with the padding that Linux uses. Returns the size: a multiple of 4, at most 40
// if there are no more SACK blocks than fit (3 beside timestamps).
std::size_t write_options(const TcpOptions& options, EncodedOptions& out);

// Bytes that so many SACK blocks take; 0 for none.
inline std::size_t sack_option_size(std::size_t blocks) {
  return blocks == 0 ? 0 : 4 + 8 * blocks;
}

}  // namespace tlsnic::host
