// The bug segment_split_in_two: a segment in which the chip has found its place again leaves as two
// frames, the rest of the broken record as it came and the records behind it decrypted.
#pragma once

#include "hw_model/dma/rx_ring.h"
#include "hw_model/packet.h"
#include "protocol/checksum.h"

namespace tlsnic::hw {

// The frame's headers in front of `payload`, which lies `offset` bytes into the packet's.
inline std::vector<std::uint8_t> frame_of_part(const Packet& packet, Bytes payload,
                                               std::uint32_t offset) {
  std::vector<std::uint8_t> out(packet.wire.begin(),
                                packet.wire.begin() + packet.parsed.payload_offset);
  out.insert(out.end(), payload.begin(), payload.end());
  store_be16(out.data() + packet.parsed.l3_offset + 2,
             static_cast<std::uint16_t>(out.size() - packet.parsed.l3_offset));
  store_be32(out.data() + packet.parsed.l4_offset + 4, packet.parsed.sequence + offset);
  repair_checksums(out, parse_frame(out));
  return out;
}

// False if there is nothing to split, or no buffer for a second frame: nothing is delivered then.
inline bool split_delivery(RxRing& ring, const Packet& packet) {
  const std::uint32_t size = packet.parsed.payload_length;
  const std::uint32_t behind = packet.outcome.aead_bytes;  // what follows the header that was found
  if (packet.outcome.reason != RxReason::rebase || behind >= size) return false;
  const Bytes wire = packet.parsed.payload(packet.wire_frame());
  // The engine writes what it has decrypted to the beginning of the room for the payload.
  const Bytes clear(packet.clear.data() + packet.parsed.payload_offset, behind);
  Packet first;
  first.wire = frame_of_part(packet, wire.first(size - behind), 0);
  Packet second;
  second.wire = second.clear = frame_of_part(packet, clear, size - behind);
  second.tls = TLSNIC_TLS_DECRYPTED;
  if (!ring.reserve(static_cast<std::uint32_t>(second.wire.size()))) return false;
  for (Packet* part : {&first, &second}) {
    part->size = static_cast<std::uint32_t>(part->wire.size());
    part->context = packet.context;
    part->l4_checksum = packet.l4_checksum;
    part->arrival = packet.arrival;
    ring.deliver(*part);
  }
  return true;
}

}  // namespace tlsnic::hw
