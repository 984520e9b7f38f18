// Encryption in software of segments that were meant for a device (facts 1.16; the kernel's
// tls_device_fallback.c).
#pragma once

#include <cstdint>
#include <optional>

#include "host_stack/ktls/tx_records.h"
#include "protocol/record_aead.h"

namespace tlsnic::host {

enum class FallbackOutcome : std::uint8_t {
  encrypted,
  no_payload,      // passed as it was
  before_offload,  // passed as it was: it ends at or before the offload's start
  no_record,       // dropped: acknowledged, or no record is known there
  crosses_start,   // dropped: bytes from both sides of the offload's start
  acknowledged,    // dropped: it starts before the record that was found
  malformed,       // dropped: the payload is not what a sender of records makes
};

struct FallbackResult {
  FallbackOutcome outcome = FallbackOutcome::encrypted;
  std::optional<netdev::TxSkb> skb;  // nothing: dropped
};

class SoftwareFallback {
 public:
  explicit SoftwareFallback(const TrafficKeys& keys) : aead_(keys) {}

  // The segment as TLS_SW would have sent it: same headers and gso_size, one piece of payload, no
  // mark. Whether it is marked does not matter. One allocation; the bytes from the first record's
  // start on are encrypted again to come to the segment's own.
  FallbackResult encrypt(netdev::TxSkb skb, TxRecords& records);

 private:
  bool encrypt_records(MutableBytes stream, std::size_t size, std::uint64_t record_number);

  RecordAead aead_;
};

}  // namespace tlsnic::host
