// How the stack answers a device that has lost the record boundary (facts 1.10; the kernel's
// tls_device_rx_resync_new_rec and tls_device_core_ctrl_rx_resync).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "host_stack/netdev/tls_dev.h"
#include "host_stack/probe.h"

namespace tlsnic::host {

// What tls_dev_resync is to be called with.
struct ResyncAnswer {
  std::uint32_t sequence = 0;
  std::uint64_t record_number = 0;
};

class RxResync : public netdev::TlsRxOffload {
 public:
  static constexpr std::uint32_t next_hint_start_interval = 2;
  static constexpr std::uint32_t next_hint_max_interval = 128;
  static constexpr std::size_t async_log_max = 13;

  // connection and probes: for telling the probe only; both outlive this.
  RxResync(const netdev::TlsConnection& connection, const ProbeSlot& probes)
      : connection_(connection), probes_(probes) {}

  // As a new connection: nothing asked, nothing logged, type driver_req.
  void restart();

  // The driver's side.
  void set_resync_type(netdev::TlsRxResyncType type) override { type_ = type; }
  void resync_request(std::uint32_t sequence) override;
  void resync_async_request_start(std::uint32_t sequence, std::uint16_t length) override;
  void resync_async_request_end(std::uint32_t sequence) override;
  void resync_async_request_cancel() override;

  // The stack's side. A header was accepted. sequence: of its first byte; record_length: of the
  // whole record; unread: bytes in order and not read, this record's included (tcp_inq).
  std::optional<ResyncAnswer> new_record(std::uint32_t sequence, std::size_t record_length,
                                         std::uint64_t record_number, std::size_t unread);
  // A record without any marked segment is about to be decrypted in software. Same arguments. The
  // kernel's answer here pairs copied_seq, still this record's start unless it was copied, with the
  // number of the record after it (facts 1.10.3); this gives start and number of the record after
  // it.
  std::optional<ResyncAnswer> record_not_decrypted(std::uint32_t sequence,
                                                   std::size_t record_length,
                                                   std::uint64_t record_number, std::size_t unread);
  // A record with marked segments was read.
  void record_decrypted() { next_hint_.reset = true; }

  netdev::TlsRxResyncType type() const { return type_; }

 private:
  struct NextHint {
    bool reset = true;
    bool do_now = false;
    std::uint32_t failed = 0;
    std::uint32_t target = 0;
  };
  struct AsyncLog {
    std::uint16_t length = 0;
    std::uint16_t records = 0;  // rcd_delta: headers seen since the first in range
    std::array<std::uint32_t, async_log_max> sequence{};
  };

  std::optional<ResyncAnswer> new_record_async(std::uint32_t sequence, std::uint64_t record_number);
  void tell(ResyncRequest request, std::uint32_t sequence, std::uint16_t length) const;

  const netdev::TlsConnection& connection_;
  const ProbeSlot& probes_;
  netdev::TlsRxResyncType type_ = netdev::TlsRxResyncType::driver_req;
  bool pending_ = false;     // RESYNC_REQ
  bool collecting_ = false;  // RESYNC_REQ_ASYNC
  std::uint32_t requested_ = 0;
  std::uint16_t range_ = 0;  // bytes from requested_ in which headers are logged
  AsyncLog log_;
  NextHint next_hint_;
};

}  // namespace tlsnic::host
