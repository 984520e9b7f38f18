// The device's part of a receiving kTLS connection: adding it, answering its resync requests, and
// what remains when the device goes (facts 1.5, 1.10, 1.14, 1.15).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "host_stack/ktls/rx_resync.h"
#include "host_stack/ktls/tls_stat.h"
#include "host_stack/netdev/net_device.h"
#include "host_stack/probe.h"

namespace tlsnic::host {

class RxDevice {
 public:
  // All outlive this.
  RxDevice(netdev::NetDevice& netdev, netdev::TlsConnection& connection, TlsStat& stat,
           const ProbeSlot& probes)
      : netdev_(&netdev),
        connection_(connection),
        stat_(stat),
        probes_(probes),
        resync_(connection, probes) {}

  // tls_dev_add. start_sequence: of the record whose number is in crypto_info. 0, -EINVAL (device
  // down), -EOPNOTSUPP (device without TLS operations), or what the driver says.
  int add(const netdev::TlsCryptoInfo& crypto_info, std::uint32_t start_sequence);
  // tls_dev_del, if the connection is in the device.
  void remove();
  // The device is going down: this connection never gets back into a device.
  void degrade();

  bool installed() const { return installed_; }
  bool degraded() const { return netdev_ == nullptr; }

  // Arguments as for RxResync; an answer goes to the driver at once. Nothing happens while the
  // connection is not in the device.
  void new_record(std::uint32_t sequence, std::size_t record_length, std::uint64_t record_number,
                  std::size_t unread);
  void record_not_decrypted(std::uint32_t sequence, std::size_t record_length,
                            std::uint64_t record_number, std::size_t unread);
  void record_decrypted() { resync_.record_decrypted(); }

 private:
  void send(const std::optional<ResyncAnswer>& answer);

  netdev::NetDevice* netdev_;  // null: degraded
  netdev::TlsConnection& connection_;
  TlsStat& stat_;
  const ProbeSlot& probes_;
  RxResync resync_;
  bool installed_ = false;
};

}  // namespace tlsnic::host
