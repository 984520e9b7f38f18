// The TLS unit of the transmit path: contexts, parameters that come in order with the packets, and
// the engine. A packet's context is the one that its descriptor names; addresses and ports are not
// looked at (tls-offload.rst, "5-tuple matching limitations"). Logic only; hw_model/tx_path.cpp
// gives it its time.
//
// Accuracy: parameters and DUMPs take effect between the packets where the driver put them, as in
// mlx5 (facts 4.1.1). A packet without payload passes and changes nothing. A packet that fails is
// dropped before anything of it is changed: headers are checked before bytes are encrypted.
// Limitations: static parameters on a running context stop it until progress parameters follow;
// what a real device does then is documented nowhere.
#pragma once

#include <array>

#include "hw_model/timing/parameters.h"
#include "hw_model/tls/context_store.h"
#include "hw_model/tls/key_table.h"
#include "hw_model/tls/tx_job.h"

namespace tlsnic::hw {

struct TxCounters {
  std::uint64_t packets = 0;  // sent; one that is cut counts once
  std::uint64_t frames = 0;   // of those, as they go on the wire
  std::uint64_t encrypted_packets = 0;
  std::uint64_t encrypted_bytes = 0;  // TCP payload
  std::uint64_t dump_operations = 0;
  std::uint64_t dump_bytes = 0;
  std::uint64_t parameter_operations = 0;
  // Operations by how they ended; all but ok put nothing on the wire.
  std::array<std::uint64_t, tx_reasons> by_reason{};

  std::uint64_t count(TxReason reason) const { return by_reason[static_cast<std::size_t>(reason)]; }
};

class TxUnit {
 public:
  // keys: the chip's, shared with the receive side; must outlive the unit.
  TxUnit(const NicParameters& parameters, const KeyTable& keys)
      : contexts(parameters.max_contexts, parameters.cached_contexts), keys_(keys) {}

  // Commands TLSNIC_CMD_TX_CONTEXT_*; TLSNIC_STATUS_*. Operations that name a context which is gone
  // fail from then on.
  std::uint8_t create_context(std::uint32_t id);
  std::uint8_t destroy_context(std::uint32_t id);

  // Forgets every context; what was counted stays.
  void reset() { contexts = TxContextStore(contexts.capacity(), contexts.cached()); }

  struct Work {
    std::uint64_t aead_bytes = 0;
    std::uint64_t records = 0;
    bool context_fetched = false;
  };
  // Runs a complete job: sets its reason and, for a packet, makes it ready for write_frame().
  // Returns what it cost.
  Work process(TxJob& job);

  const TxCounters& counters() const { return counters_; }

  TxContextStore contexts;

 private:
  Work run(TxJob& job);
  Work run_packet(TxJob& job);
  Work encrypt(TxJob& job, std::uint32_t sequence, MutableBytes bytes);
  TxReason set_static_params(TxContext& context, const tlsnic_tx_static_params& params);
  void count(const TxJob& job);

  const KeyTable& keys_;
  TxCounters counters_;
};

}  // namespace tlsnic::hw
