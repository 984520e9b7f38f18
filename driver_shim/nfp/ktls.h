// kTLS offload as the Netronome nfp driver does it (facts 4.2; nfp/crypto/tls.c,
// nfp_net_common.c). Transmit: next_record_ktls.h. Receive, with a firmware that scans the stream:
// DRIVER_REQ; without: CORE_NEXT_HINT, the stack says on its own where the next record begins.
//
// Accuracy: what is refused, asked, answered and counted.
// Limitations: with stream scan the real chip puts the candidate's place beside the packet, and
// here the driver asks for it with a command; a candidate that is gone by then counts as ignored.
// Without it this chip scans nevertheless, and nobody listens. The firmware's messages are
// commands, several for one.
#pragma once

#include "driver_shim/next_record_ktls.h"
#include "driver_shim/rx_connections.h"

namespace tlsnic::driver::nfp {

class NfpKtls : public NextRecordKtls {
 public:
  NfpKtls(const KtlsEnvironment& environment, bool stream_scan)
      : NextRecordKtls(environment),
        stream_scan_(stream_scan),
        rx_(environment.memory, environment.commands, environment.objects) {}

  void received(ReceivedFrame& frame) override;
  EthtoolCounters counters() const override;

 protected:
  int add_rx(netdev::TlsConnection& connection, const netdev::TlsCryptoInfo& crypto_info,
             std::uint32_t start_sequence) override;
  void del_rx(netdev::TlsConnection& connection) override { rx_.remove(connection); }
  int resync_rx(netdev::TlsConnection& connection, std::uint32_t sequence,
                std::uint64_t record_number) override;

 private:
  // Whether the stack will be asked.
  bool request_resync(const ReceivedFrame& frame);

  bool stream_scan_;
  RxConnections rx_;
  std::uint64_t decrypted_packets_ = 0;
  std::uint64_t resync_req_ok_ = 0;
  std::uint64_t resync_req_ign_ = 0;
  std::uint64_t resync_sent_ = 0;
};

}  // namespace tlsnic::driver::nfp
