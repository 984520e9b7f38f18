// Holds the rules R1, R2, R3 and R6 (docs/accuracy.md) against every packet of a run. What must be
// there is made anew from what the applications wrote, with OpenSSL.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "hw_model/packet.h"
#include "scenarios/run/content.h"
#include "scenarios/run/flow.h"

namespace tlsnic::scenarios {

class Rules {
 public:
  // failures: one line for each rule that is broken, at most a hundred. All outlive this.
  Rules(std::size_t flows, const Content& content, std::vector<std::string>& failures);

  // R2: any byte of the stream is the same each time it is sent. payload: as it left the chip.
  void frame_sent(const Flow& flow, Direction direction, std::uint64_t offset, Bytes payload);
  // The same of what is sent before the first record. offset: from the first byte of all.
  void frame_sent_before_records(const Flow& flow, Direction direction, std::uint64_t offset,
                                 Bytes payload);
  // R3: packets leave a chip in the order in which they came. chip: of the receiving host, 0 or 1.
  void frame_arrived(Direction direction, std::size_t chip, std::uint64_t frame);
  // R3; R6: a wrong checksum keeps the offload away.
  void packet_delivered(Direction direction, std::size_t chip, const hw::Packet& packet);
  // R1: whole or untouched.
  void segment_received(const Flow& flow, Direction direction, std::uint64_t offset,
                        const hw::Packet& packet);

  // R2, once the run is over: the stream is what software would have sent.
  void finish(const std::deque<Flow>& flows);
  // SHA-256 of all that was sent in a direction, flow after flow.
  std::string wire_digest(Direction direction) const;

 private:
  struct Stream {
    std::vector<std::uint8_t> bytes;
    std::vector<bool> known;

    // The first byte of the payload that was sent with another value before; adds the others.
    std::optional<std::uint64_t> add(std::uint64_t offset, Bytes payload);
  };
  void fail(const char* rule, const Flow* flow, Direction direction, const std::string& what);

  const Content& content_;
  std::vector<std::string>& failures_;
  std::array<std::vector<Stream>, 2> streams_;  // by Direction, flow
  std::array<std::vector<Stream>, 2> before_;   // likewise: from before the first record
  // Frames, oldest first; by Direction, chip.
  std::array<std::array<std::deque<std::uint64_t>, 2>, 2> in_chip_;
};

}  // namespace tlsnic::scenarios
