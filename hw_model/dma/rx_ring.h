// Receive ring: takes the driver's buffers, writes packets into them, and reports each packet in
// the completion queue. Logic only; hw_model/rx_path.cpp gives it its time.
//
// Limitations: a buffer that the bus refuses is used up and its bytes are lost: the driver lied.
#pragma once

#include <deque>
#include <vector>

#include "hw_model/abi/descriptors.h"
#include "hw_model/dma/dma_port.h"
#include "hw_model/packet.h"

namespace tlsnic::hw {

struct RingLocation {
  std::uint64_t address = 0;
  std::uint32_t entries = 0;

  bool is_valid() const {
    return entries >= 2 && entries <= 65536 && (entries & (entries - 1)) == 0;
  }
};

class RxRing {
 public:
  explicit RxRing(DmaPort& dma) : dma_(dma) {}

  // False if the rings cannot be used as they are described.
  bool configure(const RingLocation& ring, const RingLocation& completions);
  void stop() { state_ = {}; }
  void set_producer(std::uint32_t producer);

  // Sets buffers aside for a frame of this size; false if the driver has not offered enough of
  // them.
  bool reserve(std::uint32_t size);
  // Writes the frame, joined with those behind it, and its completion. Frames are delivered in the
  // order in which they were reserved.
  void deliver(const Packet& packet);
  std::uint32_t completions_written() const { return state_.completion_index; }

 private:
  struct State {
    RingLocation ring;
    RingLocation completions;
    std::uint32_t producer = 0;
    std::uint32_t fetched = 0;  // index after the last descriptor read from host memory
    std::uint32_t completion_index = 0;
    std::deque<tlsnic_rx_descriptor> descriptors;
    std::size_t reserved = 0;      // of those, from the front
    std::uint64_t free_bytes = 0;  // in the others
  };
  void fetch_descriptors();

  DmaPort& dma_;
  State state_;
  std::vector<std::uint8_t> joined_;  // a frame being delivered
};

}  // namespace tlsnic::hw
