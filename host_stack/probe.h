// What a host tells an observer. Nothing is prepared for a probe that is not set.
#pragma once

#include <cstdint>

#include "host_stack/ktls/record.h"
#include "host_stack/netdev/tls_dev.h"

namespace tlsnic::host {

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
  // Dropped: the software check found a wrong TCP checksum.
  virtual void checksum_dropped(const ParsedFrame& frame) { (void)frame; }
};

// Where a host's probe is plugged in; everything below the host looks here.
struct ProbeSlot {
  Probe* probe = nullptr;
};

}  // namespace tlsnic::host
