// Large receive offload: consecutive segments of a connection reach the host as one. Logic only;
// hw_model/rx_path.cpp gives it its time.
//
// Accuracy: what joins is what a real device joins: TCP data that follow one another, with nothing
// but ACK and PSH set and no option but timestamps, found right by the checksum unit, alike in
// every other field of the headers, and alike in what TLS offload says of them: decrypted and other
// segments are never joined, nor is one with a candidate or a failure (facts 1.7). PSH, a frame
// that does not follow, 64 KiB, a full packet buffer and a time-out end it. The joined frame has
// the last one's header with the first one's sequence number, and right checksums. Limitations: one
// at a time, so that frames of all connections reach the host in the order in which they came;
// devices keep several. Its frames wait in the chip's packet buffer. How a real device joins this
// with TLS offload is not published.
#pragma once

#include <array>

#include "hw_model/packet.h"

namespace tlsnic::hw {

class LroUnit {
 public:
  // From the first frame's way through the TLS unit to the end, in ps.
  explicit LroUnit(Picoseconds time_out) : time_out_(time_out) {}

  bool is_on() const { return is_on_; }
  void turn_on(bool on) { is_on_ = on; }

  // What goes on to the host now, in order, nulls left out by the caller: what was open, if this
  // packet does not join it; the packet, or what it completes. Packets that are joined are a chain
  // by Packet::joined_next.
  std::array<Packet*, 2> take(Packet* packet);
  // The first of the packets that wait to be joined; null if there is none.
  const Packet* open() const { return first_; }
  Picoseconds deadline() const { return deadline_; }  // of open()
  // Ends it: the host gets what there is. Null if nothing was open.
  Packet* close();

 private:
  bool continues(const Packet& packet) const;

  Picoseconds time_out_;
  bool is_on_ = false;
  Packet* first_ = nullptr;
  Packet* last_ = nullptr;
  Picoseconds deadline_ = 0;
};

// The frame that the host gets of this packet and those joined to it, of which there is one at
// least.
void write_joined(const Packet& first, std::vector<std::uint8_t>& out);

}  // namespace tlsnic::hw
