#include "host_stack/tcp/options.h"

#include <algorithm>

namespace tlsnic::host {
namespace {

constexpr std::uint8_t end_of_options = 0;
constexpr std::uint8_t no_operation = 1;
constexpr std::uint8_t kind_mss = 2;
constexpr std::uint8_t kind_window_scale = 3;
constexpr std::uint8_t kind_sack_permitted = 4;
constexpr std::uint8_t kind_sack = 5;
constexpr std::uint8_t kind_timestamps = 8;

class Writer {
 public:
  explicit Writer(EncodedOptions& out) : at_(out.data()) {}

  void byte(std::uint8_t value) { *at_++ = value; }
  void option(std::uint8_t kind, std::size_t size) {
    byte(kind);
    byte(static_cast<std::uint8_t>(size));
  }
  void two_bytes(std::uint16_t value) {
    store_be16(at_, value);
    at_ += 2;
  }
  void four_bytes(std::uint32_t value) {
    store_be32(at_, value);
    at_ += 4;
  }
  std::size_t size(const EncodedOptions& out) const {
    return static_cast<std::size_t>(at_ - out.data());
  }

 private:
  std::uint8_t* at_;
};

void read_sack(const std::uint8_t* p, std::size_t size, TcpOptions& out) {
  out.sack_count = std::min((size - 2) / 8, max_sack_blocks);
  for (std::size_t i = 0; i < out.sack_count; ++i)
    out.sack[i] = {load_be32(p + 2 + 8 * i), load_be32(p + 6 + 8 * i)};
}

}  // namespace

TcpOptions read_options(Bytes options) {
  TcpOptions out;
  const std::uint8_t* p = options.data();
  std::size_t left = options.size();
  while (left > 0 && p[0] != end_of_options) {
    if (p[0] == no_operation) {
      ++p;
      --left;
      continue;
    }
    if (left < 2 || p[1] < 2 || p[1] > left) break;
    const std::size_t size = p[1];
    if (p[0] == kind_mss && size == 4) out.mss = load_be16(p + 2);
    if (p[0] == kind_window_scale && size == 3) out.window_scale = std::min(p[2], max_window_scale);
    if (p[0] == kind_sack_permitted && size == 2) out.sack_permitted = true;
    if (p[0] == kind_timestamps && size == 10)
      out.timestamps = Timestamps{load_be32(p + 2), load_be32(p + 6)};
    if (p[0] == kind_sack && size >= 10 && size % 8 == 2) read_sack(p, size, out);
    p += size;
    left -= size;
  }
  return out;
}

std::size_t write_options(const TcpOptions& options, EncodedOptions& out) {
  Writer writer(out);
  if (options.mss) {
    writer.option(kind_mss, 4);
    writer.two_bytes(*options.mss);
  }
  if (options.timestamps) {
    // SACK-permitted takes the place of the padding.
    if (options.sack_permitted) {
      writer.option(kind_sack_permitted, 2);
    } else {
      writer.byte(no_operation);
      writer.byte(no_operation);
    }
    writer.option(kind_timestamps, 10);
    writer.four_bytes(options.timestamps->value);
    writer.four_bytes(options.timestamps->echo);
  } else if (options.sack_permitted) {
    writer.byte(no_operation);
    writer.byte(no_operation);
    writer.option(kind_sack_permitted, 2);
  }
  if (options.window_scale) {
    writer.byte(no_operation);
    writer.option(kind_window_scale, 3);
    writer.byte(*options.window_scale);
  }
  if (options.sack_count > 0) {
    writer.byte(no_operation);
    writer.byte(no_operation);
    writer.option(kind_sack, 2 + 8 * options.sack_count);
    for (std::size_t i = 0; i < options.sack_count; ++i) {
      writer.four_bytes(options.sack[i].left);
      writer.four_bytes(options.sack[i].right);
    }
  }
  return writer.size(out);
}

}  // namespace tlsnic::host
