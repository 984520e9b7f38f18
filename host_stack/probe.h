// What a host tells an observer. Nothing is prepared for a probe that is not set.
#pragma once

#include <cstdint>

#include "host_stack/ktls/fallback.h"
#include "host_stack/ktls/record.h"
#include "host_stack/netdev/tls_dev.h"

namespace tlsnic::host {

struct SentRecordInfo {
  std::uint64_t number = 0;
  std::uint32_t sequence = 0;  // of its first header byte
  std::uint32_t length = 0;    // bytes on the wire, header to tag
  std::uint8_t type = 0;       // content type; in TLS 1.3 the inner one
};

enum class ResyncRequest : std::uint8_t { request, async_start, async_end, async_cancel };

// Named after the kernel's trace events where there is one (facts 1.2).
class Probe {
 public:
  virtual ~Probe() = default;

  // tls_dev_add was called; result: 0 or the driver's -errno.
  virtual void device_offload_set(const netdev::TlsConnection& connection, std::uint32_t sequence,
                                  std::uint64_t record_number, int result) {
    (void)connection, (void)sequence, (void)record_number, (void)result;
  }
  // tls_dev_del was called.
  virtual void device_offload_removed(const netdev::TlsConnection& connection) { (void)connection; }
  // plaintext_length in bytes.
  virtual void record_read(const netdev::TlsConnection& connection, const RecordInfo& record,
                           std::size_t plaintext_length) {
    (void)connection, (void)record, (void)plaintext_length;
  }
  // skip_record() passed over a record that did not decrypt.
  virtual void record_skipped(const netdev::TlsConnection& connection, const RecordInfo& record) {
    (void)connection, (void)record;
  }
  // A read failed; error: errno (facts 2.8). EKEYEXPIRED is not told: nothing is wrong then.
  virtual void read_error(const netdev::TlsConnection& connection, const RecordInfo& record,
                          int error) {
    (void)connection, (void)record, (void)error;
  }
  // The driver asked. length: of the range, for async_start; sequence: 0 for async_cancel.
  virtual void device_rx_resync_request(const netdev::TlsConnection& connection,
                                        ResyncRequest request, std::uint32_t sequence,
                                        std::uint16_t length) {
    (void)connection, (void)request, (void)sequence, (void)length;
  }
  // tls_dev_resync was called; result: the driver's, which the stack ignores.
  virtual void device_rx_resync_send(const netdev::TlsConnection& connection,
                                     std::uint32_t sequence, std::uint64_t record_number,
                                     int result) {
    (void)connection, (void)sequence, (void)record_number, (void)result;
  }
  // Transmit side: tls_dev_add was called, result: 0 or the driver's -errno; tls_dev_del was
  // called.
  virtual void device_tx_offload_set(const netdev::TlsConnection& connection,
                                     std::uint32_t sequence, std::uint64_t record_number,
                                     int result) {
    (void)connection, (void)sequence, (void)record_number, (void)result;
  }
  virtual void device_tx_offload_removed(const netdev::TlsConnection& connection) {
    (void)connection;
  }
  // A record is about to be given to TCP. sealed: encrypted by software; else by the device or the
  // fallback.
  virtual void record_sent(const netdev::TlsConnection& connection, const SentRecordInfo& record,
                           bool sealed) {
    (void)connection, (void)record, (void)sealed;
  }
  // The driver asked. repeated: while an earlier request waits, which a driver must not do.
  virtual void device_tx_resync_request(const netdev::TlsConnection& connection,
                                        std::uint32_t got_sequence, std::uint32_t expected_sequence,
                                        bool repeated) {
    (void)connection, (void)got_sequence, (void)expected_sequence, (void)repeated;
  }
  // A request was served when a record was pushed. result: the driver's; 0 if the device is gone.
  virtual void device_tx_resync_send(const netdev::TlsConnection& connection,
                                     std::uint32_t sequence, std::uint64_t record_number,
                                     int result) {
    (void)connection, (void)sequence, (void)record_number, (void)result;
  }
  // A segment of `size` payload bytes was given to the software fallback.
  virtual void tx_fallback(const netdev::TlsConnection& connection, std::uint32_t sequence,
                           std::uint32_t size, FallbackOutcome outcome) {
    (void)connection, (void)sequence, (void)size, (void)outcome;
  }
  // Dropped: the software check found a wrong TCP checksum.
  virtual void checksum_dropped(const ParsedFrame& frame) { (void)frame; }
};

// Where a host's probe is plugged in; everything below the host looks here.
struct ProbeSlot {
  Probe* probe = nullptr;
};

}  // namespace tlsnic::host
