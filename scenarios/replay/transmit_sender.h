// The sending end of one captured direction: the stack's part of kTLS transmit offload (TxDevice:
// records kept until acknowledged, software fallback, resync, rekey), fed with captured records and
// captured segments instead of an application and TCP.
//
// Accuracy: records are pushed in the order of the stream, each before the first segment that holds
// a byte of it. Where the stack would fence (the offload's start, a change of keys, facts 1.7) a
// captured segment that holds bytes from both sides is cut in two. Limitations: the stack also
// fences where it answers a resync request, and the captured segments are not cut there. Records
// that the capture never acknowledges are released when more than max_unacknowledged bytes of them
// are held.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <systemc>
#include <vector>

#include "host_stack/ktls/tx_device.h"
#include "protocol/frame.h"
#include "scenarios/replay/captured_records.h"

namespace tlsnic::scenarios {

// Payload that was given to drivers and is still in their hands.
struct InFlight {
  std::uint64_t bytes = 0;
  std::uint64_t resume_below = 0;  // not 0: somebody waits for `below`
  sc_core::sc_event below;
};

// The same of one sender, with the places in the stream.
struct Outstanding {
  InFlight& in_flight;
  std::multiset<std::uint64_t> offsets;  // of runs of payload
};

// A captured segment, or a part of it, as it goes down, and as it was captured.
struct OutgoingSegment {
  netdev::TxSkb skb;
  std::uint32_t begin = 0;  // place in the captured payload
  bool is_plain = false;    // ready for the wire: before the offload, or encrypted by software
};

class TransmitSender : private host::TcpSendSide {
 public:
  static constexpr std::uint64_t max_unacknowledged = std::uint64_t{16} << 20;  // bytes

  // received: of segments that arrive at this end. first_sequence: of the direction's first payload
  // byte. All references outlive this.
  TransmitSender(netdev::NetDevice& device, const FourTuple& received, std::uint32_t first_sequence,
                 const traces::EncryptionStart& start, const traces::Session& session,
                 bool tls13_offload, const host::ProbeSlot& probes, InFlight& in_flight);
  TransmitSender(const TransmitSender&) = delete;
  TransmitSender& operator=(const TransmitSender&) = delete;
  ~TransmitSender() override { remove(); }

  // The captured stream, for records that are found in it: found in order, before any segment that
  // holds bytes of them is sent.
  CapturedRecords captured;
  void found(CapturedRecord record) { records_.push_back({std::move(record), false}); }

  // Offsets are bytes from the direction's first payload byte.
  std::uint64_t start() const { return start_; }
  // tls_dev_add, the first time; where the stream has come to the offload's start.
  void install();
  // The records that begin before `end`, which installs, too. 0, or the -errno of the first
  // tls_dev_add if there are any.
  int push_until(std::uint64_t end);
  std::uint32_t installs() const { return installs_; }
  // TCP would not send a byte at this offset again.
  bool is_released(std::uint64_t offset) const;
  // snd_una, as captured. Bytes that are still in the driver's hands cannot have been acknowledged:
  // for them it takes effect when they have left.
  void acknowledge(std::uint64_t offset);
  // tls_dev_del; nothing may be sent any more.
  void remove();

  // A captured segment with this payload at `offset`; push_until() its end was called.
  std::vector<OutgoingSegment> segments(Bytes frame, const ParsedFrame& parsed,
                                        std::uint64_t offset);
  void send(netdev::TxSkb skb);

 private:
  struct Record {
    CapturedRecord captured;
    bool sealed = false;  // captured.plaintext is ciphertext: software encrypted it

    std::uint64_t end() const { return captured.offset + captured.size; }
  };

  void push(Record& record);
  void change_keys(const TrafficKeys& keys);
  void use_device_again();
  void take_effect();
  const Record& record_at(std::uint64_t offset) const;

  // host::TcpSendSide. TCP is the capture: it takes nothing.
  std::uint32_t write_seq() const override { return sequence_of(pushed_to_); }
  std::uint32_t snd_una() const override { return sequence_of(acknowledged_); }
  std::size_t writable() const override { return 0; }
  void append(netdev::TxPiece, bool, bool) override {}
  void fence() override {}
  std::uint32_t sequence_of(std::uint64_t offset) const {
    return first_sequence_ + static_cast<std::uint32_t>(offset);
  }

  netdev::NetDevice& netdev_;
  std::shared_ptr<Outstanding> outstanding_;
  netdev::TlsConnection connection_;
  host::TxDevice device_;
  std::uint32_t first_sequence_;
  std::uint64_t start_;
  netdev::TlsCryptoInfo keys_;  // record_number: of the next record to be pushed
  bool tls13_offload_;

  std::deque<Record> records_;  // not acknowledged; the first pushed_ of them were pushed
  std::size_t pushed_ = 0;
  std::uint64_t pushed_to_;
  std::uint64_t captured_ack_ = 0;
  std::uint64_t acknowledged_ = 0;  // what of it has taken effect
  std::optional<int> added_;        // result of the first tls_dev_add
  std::uint32_t installs_ = 0;

  // From a KeyUpdate until its record is acknowledged, or for good if the device does not come
  // back.
  std::optional<RecordAead> software_;
  std::optional<std::uint64_t> rekeyed_at_;
};

}  // namespace tlsnic::scenarios
