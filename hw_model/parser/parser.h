// Finds the TCP segment in a frame.
//
// Accuracy: Ethernet II, VLAN tags, IPv4 with options, IPv6 with extension headers
// (protocol/frame.h). Limitations: tunnels are not looked into; time does not depend on the number
// of headers.
#pragma once

#include "hw_model/packet.h"

namespace tlsnic::hw {

class Parser {
 public:
  Parser(const StageParameters& parameters, Picoseconds clock_period)
      : stage("parser", parameters, clock_period) {}

  void process(Packet& packet) {
    packet.parsed = parse_frame(packet.wire_frame());
    // Only the headers go through the parser.
    const std::uint32_t headers = packet.parsed.kind == FrameKind::tcp
                                      ? packet.parsed.payload_offset
                                      : std::min<std::uint32_t>(packet.size, 64);
    packet.ready = stage.pass(packet.ready, headers);
  }

  Stage stage;
};

}  // namespace tlsnic::hw
