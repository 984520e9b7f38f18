#include "host_stack/ktls/tx_records.h"

#include <utility>

#include "protocol/tcp_sequence.h"

namespace tlsnic::host {

void TxRecords::start(std::uint32_t sequence, std::uint64_t record_number) {
  records_.clear();
  hint_.reset();
  records_.push_back({sequence, 0, {}});
  unacked_record_number_ = record_number - 1;
}

void TxRecords::push(std::uint32_t sequence, std::vector<netdev::TxPiece> pieces) {
  std::uint32_t length = 0;
  for (const netdev::TxPiece& piece : pieces) length += piece.size;
  records_.push_back({sequence + length, length, std::move(pieces)});
}

void TxRecords::clean_acked(std::uint32_t snd_una) {
  while (!records_.empty() && sequence_at_or_before(records_.front().end_sequence, snd_una)) {
    records_.pop_front();
    ++unacked_record_number_;
    if (!hint_) continue;
    if (*hint_ == 0)
      hint_.reset();
    else
      --*hint_;
  }
}

std::optional<netdev::TlsTxRecord> TxRecords::get_record(std::uint32_t sequence) {
  if (records_.empty()) return std::nullopt;
  std::size_t i = 0;
  if (hint_ && !sequence_before(sequence, records_[*hint_].start())) {
    i = *hint_;
  } else if (const Record& first = records_.front(); !first.is_marker()) {
    // The range is closed: its end passes here, and finds no record below.
    const std::uint32_t range = records_.back().end_sequence - first.start();
    if (sequence - first.start() > range) return std::nullopt;
  }
  for (; i < records_.size(); ++i) {
    const Record& record = records_[i];
    if (!sequence_before(sequence, record.end_sequence)) continue;
    if (!hint_ || i > *hint_) hint_ = i;
    return netdev::TlsTxRecord{record.start(), record.length, unacked_record_number_ + i,
                               record.pieces};
  }
  return std::nullopt;
}

}  // namespace tlsnic::host
