// Segments on their way down, looked at and cut by a driver.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "host_stack/netdev/tx_skb.h"

namespace tlsnic::driver {

// Frames that the segment becomes on the wire (gso_segs).
inline std::uint32_t frame_count(const netdev::TxSkb& skb) {
  if (skb.gso_size == 0 || skb.payload_size <= skb.gso_size) return 1;
  return (skb.payload_size + skb.gso_size - 1) / skb.gso_size;
}

// Calls take with the runs of memory of the pieces' bytes [offset, offset + size), each at most
// `limit` long, which is not 0. False if the pieces end before.
bool slice_pieces(gsl::span<const netdev::TxPiece> pieces, std::uint32_t offset, std::uint32_t size,
                  std::uint32_t limit, const std::function<void(netdev::TxPiece)>& take);
// The same bytes in one new run of memory; nothing if the pieces end before.
std::optional<netdev::TxPiece> copy_pieces(gsl::span<const netdev::TxPiece> pieces,
                                           std::uint32_t offset, std::uint32_t size);

// Place of the TCP header in the segment's headers. Sets the IP length field to 0 if it is not that
// of the headers alone: the chip fills it in. Nothing if they are not TCP over IP.
std::optional<std::uint32_t> find_tcp_header(netdev::TxSkb& skb);

// The changes below need tcp_header, the place of the TCP header.

// Takes the first `size` bytes of payload out, less than all, as a segment of its own without FIN
// and PSH.
netdev::TxSkb split_front(netdev::TxSkb& skb, std::uint32_t size, std::uint32_t tcp_header);
// Drops the last `size` bytes of payload, less than all.
void trim_end(netdev::TxSkb& skb, std::uint32_t size);
// Puts the stream's bytes before the segment in front of it.
void prepend(netdev::TxSkb& skb, netdev::TxPiece piece, std::uint32_t tcp_header);

}  // namespace tlsnic::driver
