// The TLS unit of the receive path: look-up of the connection, its context and key, and the engine.
// Logic only; hw_model/rx_path.cpp gives it its time.
#pragma once

#include "hw_model/flow/flow_table.h"
#include "hw_model/packet.h"
#include "hw_model/timing/parameters.h"
#include "hw_model/tls/context_store.h"
#include "hw_model/tls/key_table.h"

namespace tlsnic::hw {

class RxUnit {
 public:
  // keys: the chip's, shared with the transmit side; must outlive the unit.
  RxUnit(const NicParameters& parameters, const KeyTable& keys)
      : flows(parameters.max_contexts),
        contexts(parameters.max_contexts, parameters.cached_contexts),
        engine(parameters.rx),
        keys_(&keys) {}

  struct Work {
    std::uint64_t aead_bytes = 0;
    std::uint64_t records = 0;
    bool context_fetched = false;
  };
  // Fills the packet's verdict and, if it is decrypted, its clear bytes. Returns what it cost.
  Work process(Packet& packet);

  FlowTable flows;
  RxContextStore contexts;
  RxEngine engine;

 private:
  const KeyTable* keys_;
};

}  // namespace tlsnic::hw
