#include "driver_shim/tx_segment.h"

#include <algorithm>
#include <utility>

#include "protocol/frame.h"

namespace tlsnic::driver {
namespace {

constexpr std::uint16_t ethertype_ipv6 = 0x86dd;

void move_to(netdev::TxSkb& skb, std::uint32_t sequence, std::uint32_t tcp_header) {
  skb.sequence = sequence;
  store_be32(&skb.headers[tcp_header + 4], sequence);
}

}  // namespace

bool slice_pieces(gsl::span<const netdev::TxPiece> pieces, std::uint32_t offset, std::uint32_t size,
                  std::uint32_t limit, const std::function<void(netdev::TxPiece)>& take) {
  for (const netdev::TxPiece& piece : pieces) {
    if (size == 0) break;
    if (offset >= piece.size) {
      offset -= piece.size;
      continue;
    }
    for (; size > 0 && offset < piece.size;) {
      const std::uint32_t n = std::min({piece.size - offset, size, limit});
      take({piece.owner, piece.data + offset, n});
      offset += n;
      size -= n;
    }
    offset = 0;
  }
  return size == 0;
}

std::optional<netdev::TxPiece> copy_pieces(gsl::span<const netdev::TxPiece> pieces,
                                           std::uint32_t offset, std::uint32_t size) {
  const std::shared_ptr<std::uint8_t[]> bytes(new std::uint8_t[size]);
  std::uint32_t done = 0;
  const auto append = [&](const netdev::TxPiece& piece) {
    std::memcpy(bytes.get() + done, piece.data, piece.size);
    done += piece.size;
  };
  if (!slice_pieces(pieces, offset, size, size, append)) return std::nullopt;
  return netdev::TxPiece{bytes, bytes.get(), size};
}

std::optional<std::uint32_t> find_tcp_header(netdev::TxSkb& skb) {
  ParsedFrame parsed = parse_frame(skb.headers);
  if (parsed.kind == FrameKind::malformed && parsed.l3_offset >= 14) {
    // The parser takes length 0 for "to the end of the frame".
    const bool is_ipv6 = load_be16(&skb.headers[parsed.l3_offset - 2]) == ethertype_ipv6;
    const std::size_t field = parsed.l3_offset + (is_ipv6 ? 4u : 2u);
    if (field + 2 > skb.headers.size()) return std::nullopt;
    store_be16(&skb.headers[field], 0);
    parsed = parse_frame(skb.headers);
  }
  if (parsed.kind != FrameKind::tcp) return std::nullopt;
  return parsed.l4_offset;
}

netdev::TxSkb split_front(netdev::TxSkb& skb, std::uint32_t size, std::uint32_t tcp_header) {
  netdev::TxSkb front = skb;
  front.headers[tcp_header + 13] &= static_cast<std::uint8_t>(~(tcp_fin | tcp_psh));
  trim_end(front, skb.payload_size - size);
  std::vector<netdev::TxPiece> rest;
  slice_pieces(skb.payload, size, skb.payload_size - size, skb.payload_size,
               [&](netdev::TxPiece piece) { rest.push_back(std::move(piece)); });
  skb.payload = std::move(rest);
  skb.payload_size -= size;
  move_to(skb, skb.sequence + size, tcp_header);
  return front;
}

void trim_end(netdev::TxSkb& skb, std::uint32_t size) {
  skb.payload_size -= size;
  while (size > 0 && !skb.payload.empty()) {
    netdev::TxPiece& last = skb.payload.back();
    const std::uint32_t n = std::min(size, last.size);
    last.size -= n;
    size -= n;
    if (last.size == 0) skb.payload.pop_back();
  }
}

void prepend(netdev::TxSkb& skb, netdev::TxPiece piece, std::uint32_t tcp_header) {
  // No frame becomes longer than one that TCP made, but for a few bytes that fit anywhere.
  if (skb.gso_size == 0)
    skb.gso_size = static_cast<std::uint16_t>(std::clamp(skb.payload_size, piece.size, 0xffffu));
  skb.payload_size += piece.size;
  move_to(skb, skb.sequence - piece.size, tcp_header);
  skb.payload.insert(skb.payload.begin(), std::move(piece));
}

}  // namespace tlsnic::driver
