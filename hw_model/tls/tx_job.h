// One operation of the transmit ring, from its first descriptor to its completion. Every number in
// a descriptor is the driver's and is checked here or in TxUnit. Logic only; the ring gives the
// descriptors and does the reading of host memory.
#pragma once

#include <vector>

#include "hw_model/tls/tx_engine.h"
#include "protocol/frame.h"

namespace tlsnic::hw {

// What has to be read from host memory before a job goes on; nothing if `into` is empty.
struct TxRead {
  std::uint64_t address = 0;
  MutableBytes into;  // valid until the job's next take() or reset()
};

class TxJob {
 public:
  // Ready for another operation; memory is kept.
  void reset();

  // Takes the next descriptor; not if the job is complete.
  TxRead take(const tlsnic_tx_descriptor& descriptor);
  // The bus refused what take() wanted to read.
  void refuse_address() { fail(TxReason::bad_address); }
  // All its descriptors are there: it may go to the TxUnit.
  bool is_complete() const { return is_complete_; }
  bool is_begun() const { return descriptors_ != 0; }
  std::uint32_t descriptors() const { return descriptors_; }  // taken so far

  // The job fails, unless it has already; a packet's other fragments are taken and not read.
  void fail(TxReason why) {
    if (reason == TxReason::ok) reason = why;
  }
  bool has(std::uint8_t flag) const { return (first.flags & flag) != 0; }
  bool is_packet() const { return first.opcode == TLSNIC_TX_OP_SEND; }
  // Whether the chip has to know the packet's headers.
  bool is_offloaded() const { return has(TLSNIC_TX_CHECKSUM | TLSNIC_TX_SEGMENT | TLSNIC_TX_TLS); }
  std::uint16_t mss() const { return has(TLSNIC_TX_SEGMENT) ? first.body.fragment.mss : 0; }
  MutableBytes bytes() { return {bytes_.data(), size_}; }
  Bytes bytes() const { return {bytes_.data(), size_}; }

  // Frames to put on the wire, 0 if it failed or is no packet. Once TxUnit has processed it.
  std::uint32_t frames() const;
  std::uint32_t frame_size(std::uint32_t index) const;
  // Writes frame `index`, which is less than frames(), to frame_size() bytes at out.
  void write_frame(std::uint32_t index, MutableBytes out) const;

  // All but time and phase.
  tlsnic_tx_completion completion() const;

  tlsnic_tx_descriptor first{};  // of the operation
  TxReason reason = TxReason::ok;
  ParsedFrame parsed;      // by TxUnit, if is_offloaded()
  bool encrypted = false;  // by TxUnit: TLS payload went through the cipher

 private:
  TxRead read(std::uint64_t address, std::uint32_t length, std::uint32_t limit);
  TxRead take_fragment(const tlsnic_tx_descriptor& descriptor);

  std::vector<std::uint8_t> bytes_;  // grows only
  std::uint32_t size_ = 0;
  std::uint32_t descriptors_ = 0;
  std::uint32_t token_ = 0;
  bool is_complete_ = false;
};

}  // namespace tlsnic::hw
