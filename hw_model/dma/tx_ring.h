// Transmit ring: reads the driver's descriptors and writes the completions of operations. Logic
// only; hw_model/tx_path.cpp gives it its time.
//
// Accuracy: descriptors are read in batches, each of them once. Limitations: a part of the ring
// that the bus refuses reads as zeros, which are operations that fail; a packet of more descriptors
// than the ring has never ends, and the ring stands until the chip is reset.
#pragma once

#include <array>

#include "hw_model/abi/transmit.h"
#include "hw_model/dma/rx_ring.h"

namespace tlsnic::hw {

class TxRing {
 public:
  explicit TxRing(DmaPort& dma) : dma_(dma) {}

  // False if the rings cannot be used as they are described. A ring without entries can: the driver
  // does not transmit.
  bool configure(const RingLocation& ring, const RingLocation& completions);
  void stop() { state_ = {}; }
  void set_producer(std::uint32_t producer);

  // Takes the next descriptor; false if the driver has written no more.
  bool take(tlsnic_tx_descriptor& descriptor);
  // Answers the oldest operation; fills in the phase.
  void complete(tlsnic_tx_completion completion);
  std::uint32_t completions_written() const { return state_.completion_index; }

 private:
  static constexpr std::uint32_t fetch_batch = 64;  // descriptors per read

  struct State {
    RingLocation ring;
    RingLocation completions;
    std::uint32_t producer = 0;
    std::uint32_t fetched = 0;   // index after the last descriptor read from host memory
    std::uint32_t answered = 0;  // index after the last descriptor of a completed operation
    std::uint32_t completion_index = 0;
    std::uint32_t waiting = 0;  // descriptors read and not taken, the last ones of the batch
    std::uint32_t batch_size = 0;
  };
  void fetch();

  DmaPort& dma_;
  State state_;
  std::array<tlsnic_tx_descriptor, fetch_batch> batch_{};
};

}  // namespace tlsnic::hw
