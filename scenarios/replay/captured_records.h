// The records of one direction of a captured connection, found in its segments and decrypted in
// software: what the sender's kTLS had in its hands before anything was encrypted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host_stack/netdev/tx_skb.h"
#include "protocol/record_aead.h"
#include "traces/tls/handshake_message.h"
#include "traces/tls/session.h"

namespace tlsnic::scenarios {

struct CapturedRecord {
  std::uint64_t offset = 0;  // in bytes from the direction's first payload byte
  std::uint32_t size = 0;    // header to tag
  std::uint64_t number = 0;
  // Header, explicit nonce (TLS 1.2: the captured one), plaintext (TLS 1.3: with inner type and
  // padding), and a zeroed tag.
  netdev::TxPiece plaintext;
  bool authentic = true;  // else plaintext is what the key stream makes of the ciphertext
  std::optional<TrafficKeys> next_keys;  // of the records after a KeyUpdate (RFC 8446, section 7.2)
};

class CapturedRecords {
 public:
  // Bytes kept behind a gap; more than that, and the gap is taken for one that is never filled.
  static constexpr std::size_t max_behind_gap = std::size_t{16} << 20;

  CapturedRecords(const traces::EncryptionStart& start, const traces::Session& session);

  // A segment's payload, of which the first byte has this offset. Segments may come in any order,
  // overlap and repeat; of a byte that comes twice the first copy counts.
  void add(std::uint64_t offset, Bytes payload);
  // The next record if all its bytes are there, in the order of the stream.
  std::optional<CapturedRecord> next();

  // The end of the last record that next() gave.
  std::uint64_t complete_to() const { return begin_offset_; }
  // No further record can be found; why, in one line (empty: nothing is missing).
  bool has_ended() const { return ended_; }
  const std::string& cut() const { return cut_; }
  // There will be no more segments.
  void end_of_capture();

 private:
  Bytes ready() const { return Bytes(ready_).subspan(begin_); }
  std::uint64_t ready_end() const { return begin_offset_ + ready().size(); }
  void append(std::uint64_t offset, Bytes payload);
  void end(std::string cut);
  CapturedRecord decrypt(Bytes wire);
  void look_inside(CapturedRecord& record);

  RecordAead aead_;
  traces::Session session_;
  traces::Secret traffic_secret_;
  traces::MessageReader messages_;
  std::uint64_t number_;
  std::uint64_t begin_offset_;  // of the first record that is not complete
  std::size_t begin_ = 0;       // its place in ready_
  std::vector<std::uint8_t> ready_;
  std::map<std::uint64_t, std::vector<std::uint8_t>> behind_gap_;  // by offset
  std::size_t behind_gap_bytes_ = 0;
  bool ended_ = false;
  bool ends_after_record_ = false;
  std::string cut_;
};

}  // namespace tlsnic::scenarios
