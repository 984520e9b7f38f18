// The device's part of a sending kTLS connection: adding it, the records kept for it, its resync,
// and what remains when the device goes (facts 1.4, 1.8, 1.9, 1.14, 1.16).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host_stack/ktls/fallback.h"
#include "host_stack/ktls/tx_records.h"
#include "host_stack/ktls/tx_tcp.h"
#include "host_stack/netdev/net_device.h"
#include "host_stack/probe.h"

namespace tlsnic::host {

class TxDevice : public netdev::TlsTxOffload {
 public:
  // netdev: of the socket's route; may be null. The others, and the device while it is not null,
  // outlive this.
  TxDevice(netdev::NetDevice* netdev, netdev::TlsConnection& connection, TcpSendSide& tcp,
           const ProbeSlot& probes)
      : netdev_(netdev), connection_(connection), tcp_(tcp), probes_(probes) {}
  TxDevice(const TxDevice&) = delete;
  TxDevice& operator=(const TxDevice&) = delete;

  // The kernel's tls_set_device_offload from its checks to tls_dev_add at write_seq. 0, -EEXIST (in
  // the device already), -EINVAL (no device, cipher, device down), -EOPNOTSUPP (no feature, TLS
  // version), or what the driver says. Records of an earlier add() must all be acknowledged.
  int add(const netdev::TlsCryptoInfo& crypto_info, bool tls13_offload);
  // tls_dev_del, if the connection is in the device. Its segments are software's from now on.
  void remove();
  // The device is going down: this connection never gets back into a device.
  void degrade();

  bool installed() const { return installed_; }
  bool degraded() const { return netdev_ == nullptr; }
  bool uses(const netdev::NetDevice& device) const { return netdev_ == &device; }

  // A record is about to be appended at write_seq. Keeps it, and serves a resync request.
  void push_record(std::uint64_t record_number, std::vector<netdev::TxPiece> pieces);
  void clean_acked(std::uint32_t snd_una) { records_.clean_acked(snd_una); }

  // Bytes from write_seq on are ready for the wire (a new key's, facts 1.17) until add().
  void end_records() { records_end_ = tcp_.write_seq(); }
  // No byte from before end_records() will be sent again.
  void forget_records();

  // The socket's transmit hook. For out_device == the connection's device: as it is, for the
  // driver, sealed if it is from behind end_records(); else through the software fallback, with no
  // connection: nothing is left for a driver to do. Nothing: dropped.
  std::optional<netdev::TxSkb> validate_xmit_skb(netdev::TxSkb skb,
                                                 const netdev::NetDevice& out_device);

  // netdev::TlsTxOffload
  std::optional<netdev::TlsTxRecord> get_record(std::uint32_t sequence) override {
    return records_.get_record(sequence);
  }
  void resync_request(std::uint32_t got_sequence, std::uint32_t expected_sequence) override;
  bool resync_pending() const override { return resync_pending_; }
  std::optional<netdev::TxSkb> encrypt_skb(netdev::TxSkb skb) override;

 private:
  int check(const TrafficKeys& keys, bool tls13_offload) const;
  void resync(std::uint64_t record_number);
  bool is_past_records(std::uint32_t sequence) const;

  netdev::NetDevice* netdev_;  // null: degraded, or none from the start
  netdev::TlsConnection& connection_;
  TcpSendSide& tcp_;
  const ProbeSlot& probes_;
  TxRecords records_;
  std::optional<SoftwareFallback> fallback_;  // from the first add()
  bool installed_ = false;
  bool resync_pending_ = false;  // TLS_TX_SYNC_SCHED
  bool records_forgotten_ = false;
  std::optional<std::uint32_t> records_end_;
};

}  // namespace tlsnic::host
