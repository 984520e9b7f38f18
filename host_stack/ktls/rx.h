// The receiving side of a kTLS connection: TLS_HW if the device takes it, TLS_SW otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "host_stack/ktls/record.h"
#include "host_stack/ktls/record_parser.h"
#include "host_stack/ktls/rx_device.h"
#include "host_stack/ktls/rx_rekey.h"
#include "host_stack/ktls/tls_stat.h"
#include "host_stack/tcp/receive_queue.h"
#include "protocol/record_aead.h"

namespace tlsnic::host {

struct RxSettings {
  // Offer TLS 1.3 to the device, as the kernel's pending rekey series does (facts 1.17); released
  // kernels do not.
  bool tls13_offload = true;
  // The peer can be told to stop, so nothing is dropped when delineation has ended; a replay's
  // cannot.
  bool flow_controlled = false;
};

// One of: a record; error != 0; neither, when no complete record is there.
struct ReadResult {
  int error = 0;  // errno (facts 2.8)
  std::optional<Record> record;
};

class Rx {
 public:
  // All outlive this.
  Rx(netdev::NetDevice& netdev, netdev::TlsConnection& connection, ReceiveQueue& queue,
     TlsStat& stat, const ProbeSlot& probes, RxSettings settings)
      : netdev_(netdev),
        connection_(connection),
        queue_(queue),
        stat_(stat),
        probes_(probes),
        settings_(settings),
        device_(netdev, connection, stat, probes) {
    connection_.rx_parting->done = [this] { add_again_after_rekey(); };
  }
  Rx(const Rx&) = delete;
  Rx& operator=(const Rx&) = delete;
  ~Rx() { close(); }

  // setsockopt(TLS_RX): the first record starts at copied_seq and has crypto_info's number. Once.
  // 0, EINVAL (version or cipher unknown) or ENOENT (a cipher that OpenSSL lacks). A device's
  // refusal is no error: that is TLS_SW.
  int install(const netdev::TlsCryptoInfo& crypto_info);

  // setsockopt(TLS_RX) again, TLS 1.3 only: the next record is the first under the new key. 0,
  // EBUSY (TLS 1.2), EINVAL (another version or cipher than installed).
  int rekey(const netdev::TlsCryptoInfo& crypto_info);

  // To be called after the queue took a segment. marked: its mark.
  void data_arrived(bool marked);

  // The next record, decrypted, and consumed from the queue. Authentication failure and bad padding
  // give EBADMSG again on every call, since the record stays; what stops the parser is given once.
  // EKEYEXPIRED from a KeyUpdate until rekey(). zero_copy_room: bytes of the reader's memory into
  // which a data record may be decrypted directly; 0: it may not (facts 2.7, rule 6). It changes
  // nothing but what is counted (facts 2.9).
  ReadResult read(std::size_t zero_copy_room = 0);

  // What read() gave was copied, and is not valid any more.
  void release() {
    pieces_ = std::vector<Piece>();
    plaintext_ = std::vector<Bytes>();
  }

  // Passes over the complete record at the front, counting its number. The kernel has no such call:
  // for replays, which report a bad record and go on. False if there is none or a rekey is due.
  bool skip_record();

  // read() would give a record or an error, EKEYEXPIRED left out (as poll, facts 2.7).
  bool readable() const { return !paused_ && (parser_.error_pending() || parser_.ready(queue_)); }
  // A whole record is there; it may be one that cannot be decrypted.
  bool record_ready() const { return parser_.ready(queue_); }
  bool rekey_due() const { return paused_; }
  // What stopped the parser, until it is taken; 0: nothing.
  int error() const { return parser_.error(); }
  int take_error();
  // Delineation ended at copied_seq: no record will ever come again.
  bool stopped() const { return parser_.stopped(); }

  // A reader that began before install() has taken plain bytes from the queue: what follows is
  // looked at as a record's start.
  void bytes_stolen();
  // Takes what is there of the record at the front out of the receive buffer (facts 3, "copy
  // mode"). Done when the window has closed before the record is complete, and from then on until
  // it is. True if there was something to take.
  bool relieve(bool window_is_short);

  // TLS_RX_EXPECT_NO_PAD (facts 2.9).
  void set_expect_no_pad(bool on) { expect_no_pad_ = on; }
  bool expect_no_pad() const { return expect_no_pad_; }

  // NETDEV_DOWN: software from now on; still counted as a device connection.
  void device_down() { device_.degrade(); }
  bool uses(const netdev::NetDevice& device) const { return &netdev_ == &device; }
  // Twice is once.
  void close();

  bool is_hardware() const { return hardware_; }  // TLS_HW; stays so when the device goes
  bool in_device() const { return device_.installed(); }
  const TrafficKeys& keys() const { return aead_->keys(); }
  std::uint64_t record_number() const { return record_number_; }  // of the next record to read

 private:
  void add_again_after_rekey();
  bool wants_device(TlsVersion version) const;
  void parse_next();
  RecordInfo current_record() const;
  int decrypt(RecordInfo& info, std::size_t zero_copy_room);
  int decrypt_in_software(const RecordInfo& info);
  void count_retry(Bytes inner_plaintext, std::size_t zero_copy_room);
  void consume_record(const RecordInfo* key_update_candidate);
  bool is_key_update(const RecordInfo& info) const;
  ReadResult fail(const RecordInfo& info, int error);

  netdev::NetDevice& netdev_;
  netdev::TlsConnection& connection_;
  ReceiveQueue& queue_;
  TlsStat& stat_;
  const ProbeSlot& probes_;
  RxSettings settings_;
  RxDevice device_;
  RxRekey rekey_;
  bool hardware_ = false;
  bool paused_ = false;
  bool expect_no_pad_ = false;
  bool counted_ = false;  // in TlsCurrRxSw or TlsCurrRxDevice
  std::uint64_t record_number_ = 0;
  std::optional<RecordAead> aead_;
  RecordParser parser_{RecordFormat{}};
  std::vector<Piece> pieces_;
  std::vector<Bytes> plaintext_;
  std::vector<std::uint8_t> buffer_;   // a record in software
  std::vector<std::uint8_t> scratch_;  // its key stream's other side, when mixed
};

}  // namespace tlsnic::host
