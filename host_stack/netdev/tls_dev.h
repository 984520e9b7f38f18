// The seam between stack and driver for TLS offload, after include/net/tls.h: tlsdev_ops and the
// helpers that a driver may call (facts 1.2, 1.10).
#pragma once

#include <cstdint>
#include <memory>

#include "protocol/frame.h"
#include "protocol/tls_record.h"

namespace tlsnic::netdev {

enum class TlsDirection : std::uint8_t { rx = 0, tx = 1 };

// As handed over by setsockopt(TLS_RX or TLS_TX).
struct TlsCryptoInfo {
  TrafficKeys keys;
  std::uint64_t record_number = 0;  // rec_seq: number of the record at the start sequence
};

enum class TlsRxResyncType : std::uint8_t {
  driver_req = 0,
  core_next_hint = 1,
  driver_req_async = 2
};

// Receive side of an offloaded connection, as the driver sees it (tls_offload_context_rx).
class TlsRxOffload {
 public:
  virtual ~TlsRxOffload() = default;
  // Once, inside tls_dev_add.
  virtual void set_resync_type(TlsRxResyncType type) = 0;
  // DRIVER_REQ: does a record's last header byte lie at this sequence? A newer request replaces an
  // older one; there is no negative answer.
  virtual void resync_request(std::uint32_t sequence) = 0;
  // DRIVER_REQ_ASYNC: headers in [sequence, sequence + length] are logged from now on; end() gives
  // the guess (the first header byte); cancel() forgets.
  virtual void resync_async_request_start(std::uint32_t sequence, std::uint16_t length) = 0;
  virtual void resync_async_request_end(std::uint32_t sequence) = 0;
  virtual void resync_async_request_cancel() = 0;
};

// What the driver keeps with a connection; it lives as long as the stack's connection does.
struct DriverState {
  virtual ~DriverState() = default;
};

// An offloaded socket, as the driver sees it.
struct TlsConnection {
  FourTuple received;  // of segments that arrive here: source is the peer
  TlsRxOffload* rx = nullptr;
  std::unique_ptr<DriverState> driver_state_rx;
};

class TlsDevOps {
 public:
  virtual ~TlsDevOps() = default;
  // start_sequence: TCP sequence of the record whose number crypto_info carries. 0 or -errno.
  virtual int tls_dev_add(TlsConnection& connection, TlsDirection direction,
                          const TlsCryptoInfo& crypto_info, std::uint32_t start_sequence) = 0;
  virtual void tls_dev_del(TlsConnection& connection, TlsDirection direction) = 0;
  // RX: the header that the device asked about starts at `sequence` and has this record number.
  virtual int tls_dev_resync(TlsConnection& connection, std::uint32_t sequence,
                             std::uint64_t record_number, TlsDirection direction) = 0;
};

}  // namespace tlsnic::netdev
