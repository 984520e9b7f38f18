// The sending side of a kTLS connection: TLS_HW if the device takes it, TLS_SW otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "host_stack/ktls/tls_stat.h"
#include "host_stack/ktls/tx_device.h"
#include "host_stack/ktls/tx_open_record.h"
#include "host_stack/ktls/tx_outgoing.h"
#include "host_stack/ktls/tx_source.h"

namespace tlsnic::host {

struct TxSettings {
  // Offer TLS 1.3 to the device, as the kernel's pending rekey series does (facts 1.17); released
  // kernels do not.
  bool tls13_offload = true;
  bool zerocopy_ro = false;  // TLS_TX_ZEROCOPY_RO: send_pages() in TLS_HW refers, it does not copy
  const TxMemoryPool* memory = nullptr;  // for records; null: without end. It outlives all users
};

// As for setsockopt(TLS_TX).
struct TxCryptoInfo {
  netdev::TlsCryptoInfo base;
  // The iv field in TLS 1.2 AES-GCM, big-endian: explicit nonce of the first record.
  std::uint64_t explicit_nonce = 0;
};

struct SendFlags {
  bool more = false;  // MSG_MORE: the last record stays open for what follows
  bool eor = false;   // MSG_EOR: and TCP begins a new segment after it
  // After the bytes comes an address that cannot be read. What is sent nevertheless: facts 1.6,
  // "Errors while filling", in TLS_HW; records that are full in TLS_SW.
  bool faulty = false;
};

// taken: bytes of plaintext, some of them perhaps in a record that waits for room in TCP. error:
// errno, only if nothing was taken; but EFAULT and ENOMEM beside that, too: the rest will not do
// any better.
struct SendResult {
  int error = 0;
  std::size_t taken = 0;
};

class Tx {
 public:
  // Arguments as for TxDevice. All outlive this.
  Tx(netdev::NetDevice* netdev, netdev::TlsConnection& connection, TcpSendSide& tcp, TlsStat& stat,
     const ProbeSlot& probes, TxSettings settings)
      : connection_(connection),
        tcp_(tcp),
        stat_(stat),
        probes_(probes),
        settings_(settings),
        device_(netdev, connection, tcp, probes),
        open_(settings.memory) {}
  Tx(const Tx&) = delete;
  Tx& operator=(const Tx&) = delete;
  ~Tx();

  // setsockopt(TLS_TX): the first record starts at write_seq. Once. 0, EINVAL (version or cipher
  // unknown) or ENOENT (a cipher that OpenSSL lacks). A device's refusal is no error: that is
  // TLS_SW; offload_result() says why.
  int install(const TxCryptoInfo& crypto_info);
  // setsockopt(TLS_TX) again, TLS 1.3 only: the next record is the first under the new key. 0,
  // EBUSY (TLS 1.2), EINVAL (another version or cipher), EAGAIN (TLS_HW: bytes still wait for room
  // in TCP). A connection in a device leaves it until all old records are acknowledged
  // (facts 1.17).
  int rekey(const TxCryptoInfo& crypto_info);
  // TLS_TX_MAX_PAYLOAD_LEN, plaintext bytes per record: 64 (TLS 1.3: 63) to 16384. EINVAL
  // otherwise, EBUSY while TLS_SW has a record open.
  int set_max_payload(std::size_t size);
  std::size_t max_payload() const { return max_payload_; }
  void set_zerocopy_ro(bool on) { settings_.zerocopy_ro = on; }
  bool zerocopy_ro() const { return settings_.zerocopy_ro; }

  // These never wait. Without MSG_MORE a send, of however many parts, ends a record. EAGAIN: TCP is
  // full; ENOMEM: no memory for the record, where what an earlier MSG_MORE has put into it stays;
  // EBADMSG: the record numbers are used up (2.3), which is sk_err, too; what
  // TcpSendSide::send_error() says; EPIPE: closed; EINVAL: more and eor. Nothing to send: TLS_HW
  // sends an empty record, or ends the open one; TLS_SW does nothing, and never fails (1.6).
  SendResult send(Bytes data, SendFlags flags = {}) { return send({&data, 1}, flags); }
  SendResult send(gsl::span<const Bytes> parts, SendFlags flags = {});
  // TLS_SET_RECORD_TYPE: an open record is sent first. MSG_MORE gives EINVAL.
  SendResult send_control(std::uint8_t type, Bytes data, SendFlags flags = {}) {
    return send_control(type, {&data, 1}, flags);
  }
  SendResult send_control(std::uint8_t type, gsl::span<const Bytes> parts, SendFlags flags = {});
  // sendfile(): pages that may be referred to until they are acknowledged. Many small ones make
  // short records: a record has at most max_skb_frags fragments (1.6, case c).
  SendResult send_pages(gsl::span<const netdev::TxPiece> pages, SendFlags flags = {});
  // The file of a sendfile() is at its end: what is open is sent. In TLS_HW, if there is none but
  // one that waits for room, an empty record follows it (1.6).
  SendResult splice_eof();

  // Calls from TCP (see TcpSendSide). write_space(): true if nothing waits for room any more.
  bool write_space();
  void clean_acked(std::uint32_t snd_una);
  std::optional<netdev::TxSkb> validate_xmit_skb(netdev::TxSkb skb,
                                                 const netdev::NetDevice& out_device);

  // NETDEV_DOWN: software from now on; still counted as a device connection.
  void device_down() { device_.degrade(); }
  bool uses(const netdev::NetDevice& device) const { return device_.uses(device); }
  // No more is sent. What is in an open record, or waits for room, is lost (facts 1.15). The device
  // keeps the connection until all that was sent is acknowledged, or release() or the destructor.
  void shutdown();
  void close();  // shutdown(), and no more counted as open
  void release() { device_.remove(); }

  bool is_hardware() const { return hardware_; }  // TLS_HW; stays so when the device goes
  bool in_device() const { return device_.installed(); }
  int offload_result() const { return offload_result_; }  // of the last attempt: 0 or -errno
  const TrafficKeys& keys() const { return keys_; }
  std::uint64_t record_number() const { return number_; }  // of the next record
  std::uint64_t explicit_nonce() const { return framing_.explicit_nonce(); }
  std::size_t open_bytes() const { return open_.is_open() ? open_.plaintext_size() : 0; }
  bool waits_for_room() const { return !outgoing_.empty(); }  // a partially sent record

 private:
  template <typename Part>
  SendResult transmit(TxSource<Part> source, std::uint8_t type, SendFlags flags);
  template <typename Part>
  int fill(TxSource<Part>& source, std::uint8_t type, SendFlags flags);
  SendResult give_up(int error, std::size_t before, SendFlags flags, SendResult result);
  int send_error() const;
  bool is_full() const;
  bool close_record(bool more, bool eor);
  void use_device_again();

  netdev::TlsConnection& connection_;
  TcpSendSide& tcp_;
  TlsStat& stat_;
  const ProbeSlot& probes_;
  TxSettings settings_;
  TxDevice device_;
  bool hardware_ = false;
  bool counted_ = false;          // in TlsCurrTxSw or TlsCurrTxDevice
  bool rekey_to_device_ = false;  // the key in force goes into the device once it can
  int offload_result_ = 0;
  bool numbers_used_up_ = false;  // until there is a new key
  std::size_t max_payload_ = max_record_plaintext;
  std::uint64_t number_ = 0;
  TrafficKeys keys_;
  RecordFraming framing_{RecordFormat{}};
  std::optional<RecordAead> aead_;  // if software seals the records
  OpenRecord open_;

  TxOutgoing outgoing_;  // empty while a record is open: nothing is opened before it is through
  std::optional<std::uint32_t> closed_at_;  // write_seq then
  std::optional<std::uint32_t>
      rekeyed_at_;  // write_seq then, as long as older bytes may be unacked
};

}  // namespace tlsnic::host
