// What the TLS engine does with one received segment: the receive rules of tls-offload.rst and the
// state machine of "Autonomous NIC Offloads" (ASPLOS 2021, section 4.3, figure 7). No time in here.
//
// Accuracy: in-order decryption, packets of the past, re-basing on the next record header, loss of
// sync, scan, tracking, confirmation, counting of records meanwhile; each rule names its source.
// Limitations: a late header is recognised only if what was missing before it has come first. What
// a device does after a wrong tag is documented nowhere; this one keeps its place in the stream,
// passes the packet as it came and goes on with the next record. A segment that overlaps the
// expected sequence from below counts as one of the past and changes nothing.
#pragma once

#include <cstdint>

#include "hw_model/tls/record_walker.h"
#include "hw_model/tls/rx_policy.h"

namespace tlsnic::hw {

// Why a segment left as it did; docs/reading-the-result.md explains each.
enum class RxReason : std::uint8_t {
  in_sequence,     // decrypted: starts at the expected byte
  realigned,       // decrypted: ahead, but begins with the next record's header
  behind,          // starts before the expected byte
  ahead,           // starts after it, ends before the next record's header
  rebase,          // contains the next record's header: state taken up from there
  sync_lost,       // the next record's header is in missing bytes
  header_invalid,  // no valid header where one must be: sync lost
  tag_wrong,       // a record ends in it whose tag does not match
  waiting,         // sync lost, the scan has not begun
  searching,       // scanned, no header candidate
  candidate,       // a header candidate lies in it: the stack is asked
  tracking,        // a candidate's chain of headers is being followed
  key_missing,     // the context's key was destroyed
  no_context,      // no flow rule matches
  no_payload,      // no TCP payload
  not_tcp,         // not a whole TCP segment
  bad_checksum,    // TCP checksum wrong: not looked at
};
constexpr std::size_t rx_reasons = 17;
const char* to_string(RxReason reason);

struct RxOutcome {
  RxReason reason;
  bool decrypted = false;
  bool resync_request = false;
  std::uint32_t aead_bytes = 0;  // that went through the cipher, decrypted or absorbed
  std::uint32_t records_ended = 0;
};

class RxEngine {
 public:
  explicit RxEngine(const RxPolicy& policy) : policy_(policy) {}

  // sequence: of payload's first byte; payload not empty. out: room for payload.size() bytes; holds
  // the decrypted segment if the outcome says so, and is scratch otherwise.
  RxOutcome segment(RxContext& context, const GcmKey& key, std::uint32_t sequence, Bytes payload,
                    std::uint8_t* out) const;

  // The stack says that a record with this number begins at this sequence. False if it is not the
  // candidate that is tracked now: an answer to an older question, ignored. False too if the chain
  // of headers from there ends in one that no record can have.
  bool confirm(RxContext& context, const GcmKey& key, std::uint32_t sequence,
               std::uint64_t record_number) const;

 private:
  bool fill_gap(RxContext& context, const GcmKey& key, Bytes payload, std::uint8_t* out) const;
  RxOutcome segment_ahead(RxContext& context, const GcmKey& key, std::uint32_t sequence,
                          Bytes payload, std::uint8_t* out) const;
  RxOutcome walk(RxContext& context, const GcmKey& key, Bytes payload, std::uint8_t* out,
                 RxReason reason) const;
  RxOutcome lose_sync(RxContext& context, std::uint32_t sequence, Bytes payload,
                      RxReason reason) const;
  RxReason scan(RxContext& context, std::uint32_t sequence, Bytes payload) const;

  RxPolicy policy_;
};

// A fresh context at a record boundary; tls_version, key and iv are set by the caller.
void start_context(RxContext& context, std::uint32_t sequence, std::uint64_t record_number);

}  // namespace tlsnic::hw
