// Transmit offload without rebuilding: what is out of order goes through the stack's software
// fallback, and after a jump forward the stack says where the next record begins. nfp and funeth do
// this alike (facts 4.2, 4.4; nfp_net_tls_tx, fun_tls_tx).
//
// Accuracy: a retransmission leaves the state alone; a jump forward is what lies less than a
// quarter of the sequence space ahead; one request at a time; a packet that is not posted is
// undone. Limitations: TLS 1.2 with AES-GCM-128, as in the real drivers. Where the state stands
// reaches the chip with the next packet that is offloaded, through the transmit ring; in the real
// drivers a message to firmware does that, and tls_dev_resync() waits for it.
#pragma once

#include "driver_shim/ktls.h"

namespace tlsnic::driver {

class NextRecordKtls : public Ktls {
 protected:
  struct Counters {
    std::uint64_t encrypted_packets = 0;  // frames
    std::uint64_t encrypted_bytes = 0;    // TCP payload
    std::uint64_t fallback = 0;           // segments given to the software fallback
    std::uint64_t drop_no_sync_data = 0;  // of those, dropped by it
    std::uint64_t resync = 0;             // tls_dev_resync(TX)
  };

  using Ktls::Ktls;
  bool supports(const TrafficKeys& keys, netdev::TlsDirection direction) const override;
  void offload(TxConnection& entry, netdev::TxSkb skb) override;
  int resync_tx(TxConnection& entry, std::uint32_t sequence, std::uint64_t record_number) override;

  Counters tx_counters_;
};

}  // namespace tlsnic::driver
