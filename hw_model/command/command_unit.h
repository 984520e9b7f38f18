// Runs the driver's commands on the chip's tables. Every index, length and address is the driver's
// and is checked. Logic only; hw_model/nic.cpp gives it its time.
//
// Accuracy: keys are shared by the directions, contexts are not; the same objects and the same
// two-step start (static, then progress parameters) as mlx5 (facts 4.1.2); static parameters on a
// running context are the stack's answer to a resync request. Limitations: one queue, run in order;
// mlx5 has a firmware queue beside one per channel.
#pragma once

#include <optional>

#include "hw_model/abi/commands.h"
#include "hw_model/dma/dma_port.h"
#include "hw_model/probe.h"
#include "hw_model/tls/rx_unit.h"
#include "hw_model/tls/tx_unit.h"

namespace tlsnic::hw {

class CommandUnit {
 public:
  // All of them must outlive the unit.
  CommandUnit(KeyTable& keys, RxUnit& rx, TxUnit& tx, DmaPort& dma)
      : keys_(keys), rx_(rx), tx_(tx), dma_(dma) {}

  // TLSNIC_STATUS_*.
  std::uint8_t run(const tlsnic_command& command, NicProbe* probe);
  // Objects are made by firmware; parameters and queries go through the data path.
  static bool needs_firmware(std::uint8_t opcode);

 private:
  std::uint8_t create_key(std::uint32_t index, const tlsnic_key& key);
  std::uint8_t create_context(std::uint32_t id);
  std::uint8_t destroy_context(std::uint32_t id);
  std::uint8_t set_static_params(std::uint32_t id, const tlsnic_rx_static_params& params,
                                 NicProbe* probe);
  std::uint8_t query_progress(const RxContext& context, std::uint64_t address);
  std::uint8_t add_flow(std::uint32_t id, const tlsnic_flow& flow);

  // Static parameters on a running context may be an answer (mlx5), or the first half of a restart:
  // then progress parameters follow at once (nfp without stream scan, facts 4.2).
  struct Restart {
    std::uint32_t context;
    std::uint64_t record_number;
  };
  std::optional<Restart> restart_;  // of the command before this one

  template <typename Context>
  std::uint8_t dump(const Context* context, std::uint64_t address);

  KeyTable& keys_;
  RxUnit& rx_;
  TxUnit& tx_;
  DmaPort& dma_;
};

}  // namespace tlsnic::hw
