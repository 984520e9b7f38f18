// kTLS offload as Chelsio's ch_ktls driver for the T6 does it (facts 4.3; chcr_ktls.c): transmit
// only, TLS 1.2 with AES-GCM-128, and every segment walked record by record.
//
// Accuracy: what is on the wire for each piece of a record, and what is counted. A segment that
// ends inside a tag is cut before the tag, and the next one brings what is missing; one that has
// nothing else goes through the software fallback. Bytes from before the offload go plain, also in
// front of others in one segment. Limitations: inside it differs. The T6 keeps no state between
// packets: it sends a record again from its beginning to make the tag, and uses AES-CTR with up to
// 15 bytes of lead for a piece in the middle; here a context that does not stand where the segment
// begins is rebuilt by DUMPs. There, TCP options and FIN take packets of their own. A segment of
// which any byte has no record is dropped as a whole. tls_dev_add() waits for one answer in the
// real driver, up to 30 s.
#pragma once

#include "driver_shim/ktls.h"

namespace tlsnic::driver::chelsio {

class ChelsioKtls : public Ktls {
 public:
  using Ktls::Ktls;

  void received(ReceivedFrame&) override {}
  EthtoolCounters counters() const override;
  EthtoolCounters debugfs() const override;

 protected:
  bool supports(const TrafficKeys& keys, netdev::TlsDirection direction) const override;
  void offload(TxConnection& entry, netdev::TxSkb skb) override;

 private:
  // The pieces of records that a segment consists of.
  struct Pieces {
    std::uint64_t start = 0;
    std::uint64_t middle = 0;
    std::uint64_t end = 0;
    std::uint64_t complete = 0;
  };
  struct Walk {
    Pieces pieces;
    netdev::TlsTxRecord first;
    netdev::TlsTxRecord last;
  };

  std::optional<Walk> walk(TxConnection& entry, const netdev::TxSkb& skb) const;
  // The bytes from before the offload's start go their way; true if there were no others.
  bool send_before_offload(netdev::TxSkb& skb, std::uint32_t start);
  void bring_missing_tag(TxConnection& entry, netdev::TxSkb& skb);
  // Bytes at the segment's end that belong to a tag which it does not end.
  static std::uint32_t partial_tag(const netdev::TxSkb& skb, const netdev::TlsTxRecord& last);
  void drop() { ++drop_no_sync_data_; }

  std::uint64_t encrypted_packets_ = 0;  // frames
  std::uint64_t encrypted_bytes_ = 0;    // TCP payload
  std::uint64_t ooo_ = 0;
  std::uint64_t skip_no_sync_data_ = 0;
  std::uint64_t drop_no_sync_data_ = 0;
  Pieces pieces_;
  std::uint64_t trimmed_ = 0;
  std::uint64_t fallback_ = 0;
};

}  // namespace tlsnic::driver::chelsio
