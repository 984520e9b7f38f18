// A segment on its way down, after Linux's struct sk_buff: headers apart, payload by reference.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::netdev {

struct TlsConnection;

// A run of payload bytes that stays readable as long as somebody holds it.
struct TxPiece {
  std::shared_ptr<const std::uint8_t[]> owner;
  const std::uint8_t* data = nullptr;
  std::uint32_t size = 0;

  Bytes bytes() const { return {data, size}; }
};

struct TxSkb {
  // Ethernet, IP and TCP header of the segment as a whole. Length and checksum fields need not be
  // right: the device fills in both, for each frame that it makes of the segment.
  std::vector<std::uint8_t> headers;
  std::vector<TxPiece> payload;  // in stream order
  std::uint32_t sequence = 0;    // of the first payload byte
  std::uint32_t payload_size = 0;
  std::uint16_t gso_size = 0;  // payload bytes per frame; 0: the segment is one frame
  // Payload is plaintext with room for tags, for the device or the software fallback to encrypt
  // (facts 1.7). Never mixed with bytes that are not.
  bool decrypted = false;
  TlsConnection* connection = nullptr;  // set if the socket's transmit side is TLS_HW
  // Of such a socket, but nothing for its device to encrypt: the records of a key that is not in
  // the device yet (facts 1.17). It only keeps its place among the others.
  bool sealed = false;
};

}  // namespace tlsnic::netdev
