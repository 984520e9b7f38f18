// The seam between stack and driver for TLS offload, after include/net/tls.h: tlsdev_ops and the
// helpers that a driver may call (facts 1.2, 1.10).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "host_stack/netdev/tx_skb.h"
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

// A record that the stack keeps until it is acknowledged (tls_record_info).
struct TlsTxRecord {
  std::uint32_t start_sequence = 0;
  std::uint32_t length = 0;  // header to tag, in bytes; 0: the marker of the offload's start
  std::uint64_t number = 0;
  gsl::span<const TxPiece> pieces;  // its bytes, plaintext; valid until the stack runs again
};

// Transmit side of an offloaded connection, as the driver sees it (tls_offload_context_tx).
class TlsTxOffload {
 public:
  virtual ~TlsTxOffload() = default;
  // tls_get_record: the record that holds this sequence; nothing if it was acknowledged or is not
  // there yet (facts 1.8).
  virtual std::optional<TlsTxRecord> get_record(std::uint32_t sequence) = 0;
  // tls_offload_tx_resync_request: the driver waits for tls_dev_resync(TX), which comes when the
  // next record is pushed. Until then its expected sequence is not its own (facts 1.9).
  virtual void resync_request(std::uint32_t got_sequence, std::uint32_t expected_sequence) = 0;
  virtual bool resync_pending() const = 0;
  // tls_encrypt_skb, the software fallback: the segment encrypted, or as it was if it lies before
  // the offload's start; nothing if it must be dropped (facts 1.16).
  virtual std::optional<TxSkb> encrypt_skb(TxSkb skb) = 0;
};

// What the driver keeps with a connection; it lives as long as the stack's connection does.
struct DriverState {
  virtual ~DriverState() = default;
};

// Receive contexts that a device is still parting with after tls_dev_del: until there is none,
// segments that it decrypted with their keys may arrive.
struct DeviceParting {
  std::uint32_t contexts = 0;
  std::function<void()> done;  // the stack's; called when the last one is gone
};

// An offloaded socket, as the driver sees it.
struct TlsConnection {
  FourTuple received;  // of segments that arrive here: source is the peer
  TlsRxOffload* rx = nullptr;
  TlsTxOffload* tx = nullptr;
  std::unique_ptr<DriverState> driver_state_rx;
  std::unique_ptr<DriverState> driver_state_tx;
  // Kept by the driver, which may outlive this.
  std::shared_ptr<DeviceParting> rx_parting = std::make_shared<DeviceParting>();
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
