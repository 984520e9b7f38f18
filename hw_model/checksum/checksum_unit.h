// Validates the TCP checksum before anything else looks at the segment (tls-offload.rst, RX).
//
// Accuracy: full segment and pseudo-header, IPv4 and IPv6.
// Limitations: the IPv4 header checksum is left to the host.
#pragma once

#include "hw_model/packet.h"
#include "protocol/checksum.h"

namespace tlsnic::hw {

class ChecksumUnit {
 public:
  ChecksumUnit(const StageParameters& parameters, Picoseconds clock_period)
      : stage("checksum", parameters, clock_period) {}

  void process(Packet& packet) {
    packet.l4_checksum = TLSNIC_L4_UNKNOWN;
    if (packet.parsed.kind == FrameKind::tcp)
      packet.l4_checksum = tcp_checksum_is_right(packet.wire_frame(), packet.parsed)
                               ? TLSNIC_L4_GOOD
                               : TLSNIC_L4_BAD;
    packet.ready = stage.pass(packet.ready, packet.size);
  }

  Stage stage;
};

}  // namespace tlsnic::hw
