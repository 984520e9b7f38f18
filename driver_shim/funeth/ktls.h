// kTLS offload as the Fungible funeth driver does it (facts 4.4; funeth_ktls.c, funeth_tx.c):
// transmit only, by the rule of next_record_ktls.h.
#pragma once

#include "driver_shim/next_record_ktls.h"

namespace tlsnic::driver::funeth {

class FunethKtls : public NextRecordKtls {
 public:
  using NextRecordKtls::NextRecordKtls;

  void received(ReceivedFrame&) override {}
  EthtoolCounters counters() const override {
    EthtoolCounters out = queue_counters();
    out.insert(out.end(), {{"tx_tls_ctx", connections_.added()},
                           {"tx_tls_del", connections_.removed()},
                           {"tx_tls_resync", tx_counters_.resync}});
    return out;
  }
  // The queue's own before the sums over all of them, which the device's follow.
  EthtoolCounters ethtool_stats() const override {
    EthtoolCounters out = queue_counters();
    for (auto& [name, value] : out) name += "[0]";
    const EthtoolCounters whole = counters();
    out.insert(out.end(), whole.begin(), whole.end());
    return out;
  }

 private:
  EthtoolCounters queue_counters() const {
    return {{"tx_tls_encrypted_packets", tx_counters_.encrypted_packets},
            {"tx_tls_encrypted_bytes", tx_counters_.encrypted_bytes},
            {"tx_tls_ooo", tx_counters_.fallback},
            {"tx_tls_drop_no_sync_data", tx_counters_.drop_no_sync_data}};
  }
};

}  // namespace tlsnic::driver::funeth
