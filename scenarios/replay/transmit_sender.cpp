#include "scenarios/replay/transmit_sender.h"

#include <algorithm>
#include <utility>

namespace tlsnic::scenarios {
namespace {

// Keeps a run of bytes readable, and counts it as long as somebody holds it.
struct Held {
  Held(std::shared_ptr<Outstanding> o, std::shared_ptr<const std::uint8_t[]> bytes_owner,
       std::uint64_t offset, std::uint32_t bytes)
      : outstanding(std::move(o)),
        owner(std::move(bytes_owner)),
        place(outstanding->offsets.insert(offset)),
        size(bytes) {
    outstanding->in_flight.bytes += size;
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    outstanding->offsets.erase(place);
    InFlight& in_flight = outstanding->in_flight;
    in_flight.bytes -= size;
    if (in_flight.bytes >= in_flight.resume_below) return;
    in_flight.resume_below = 0;
    in_flight.below.notify(sc_core::SC_ZERO_TIME);
  }

  std::shared_ptr<Outstanding> outstanding;
  std::shared_ptr<const std::uint8_t[]> owner;
  std::multiset<std::uint64_t>::iterator place;
  std::uint32_t size;
};

netdev::TxPiece hold(const std::shared_ptr<Outstanding>& outstanding, std::uint64_t offset,
                     const netdev::TxPiece& piece) {
  const auto held = std::make_shared<const Held>(outstanding, piece.owner, offset, piece.size);
  return {std::shared_ptr<const std::uint8_t[]>(held, piece.data), piece.data, piece.size};
}

netdev::TxPiece copy_of(Bytes bytes) {
  const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), owner.get());
  return {owner, owner.get(), static_cast<std::uint32_t>(bytes.size())};
}

}  // namespace

TransmitSender::TransmitSender(netdev::NetDevice& device, const FourTuple& received,
                               std::uint32_t first_sequence, const traces::EncryptionStart& start,
                               const traces::Session& session, bool tls13_offload,
                               const host::ProbeSlot& probes, InFlight& in_flight)
    : captured(start, session),
      netdev_(device),
      outstanding_(std::make_shared<Outstanding>(Outstanding{in_flight, {}})),
      device_(&device, connection_, *this, probes),
      first_sequence_(first_sequence),
      start_(start.stream_offset),
      keys_{start.keys, start.record_number},
      tls13_offload_(tls13_offload),
      pushed_to_(start.stream_offset) {
  connection_.received = received;
}

void TransmitSender::install() {
  if (added_) return;
  added_ = device_.add(keys_, tls13_offload_);
  installs_ = *added_ == 0 ? 1 : 0;
}

int TransmitSender::push_until(std::uint64_t end) {
  if (end <= start_) return 0;
  install();
  if (*added_ != 0) return *added_;
  take_effect();
  while (pushed_ < records_.size() && records_[pushed_].captured.offset < end)
    push(records_[pushed_]);
  if (!records_.empty() && pushed_to_ - records_.front().captured.offset > max_unacknowledged)
    captured_ack_ = std::max(captured_ack_, pushed_to_ - max_unacknowledged);
  return 0;
}

void TransmitSender::push(Record& record) {
  use_device_again();
  CapturedRecord& captured_record = record.captured;
  if (software_) {
    const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[captured_record.size]);
    std::copy_n(captured_record.plaintext.data, captured_record.size, owner.get());
    software_->seal({owner.get(), captured_record.size}, captured_record.number);
    captured_record.plaintext = {owner, owner.get(), captured_record.size};
    record.sealed = true;
  } else {
    device_.push_record(captured_record.number, {captured_record.plaintext});
  }
  ++pushed_;
  pushed_to_ += captured_record.size;
  ++keys_.record_number;
  if (captured_record.next_keys) change_keys(*captured_record.next_keys);
}

// As the stack does it in software until every record under the old key is acknowledged
// (facts 1.17).
void TransmitSender::change_keys(const TrafficKeys& keys) {
  if (!software_) {
    device_.end_records();
    rekeyed_at_ = pushed_to_;
  }
  keys_ = {keys, 0};
  software_.emplace(keys);
}

void TransmitSender::use_device_again() {
  if (!rekeyed_at_ || acknowledged_ < *rekeyed_at_) return;
  rekeyed_at_.reset();
  device_.remove();
  if (device_.add(keys_, tls13_offload_) == 0) {
    software_.reset();
    ++installs_;
  } else {
    device_.forget_records();
  }
}

bool TransmitSender::is_released(std::uint64_t offset) const {
  if (acknowledged_ < start_) return false;
  return offset < (pushed_ == 0 ? pushed_to_ : records_.front().captured.offset);
}

void TransmitSender::acknowledge(std::uint64_t offset) {
  captured_ack_ = std::max(captured_ack_, offset);
  take_effect();
}

void TransmitSender::take_effect() {
  std::uint64_t offset = std::min(captured_ack_, pushed_to_);
  if (!outstanding_->offsets.empty()) offset = std::min(offset, *outstanding_->offsets.begin());
  if (offset <= acknowledged_) return;
  acknowledged_ = offset;
  for (; pushed_ > 0 && records_.front().end() <= acknowledged_; --pushed_) records_.pop_front();
  device_.clean_acked(snd_una());
}

void TransmitSender::remove() {
  device_.remove();
  records_.clear();
  pushed_ = 0;
}

const TransmitSender::Record& TransmitSender::record_at(std::uint64_t offset) const {
  const auto after = std::upper_bound(
      records_.begin(), records_.end(), offset,
      [](std::uint64_t at, const Record& record) { return at < record.captured.offset; });
  return *(after - 1);
}

std::vector<OutgoingSegment> TransmitSender::segments(Bytes frame, const ParsedFrame& parsed,
                                                      std::uint64_t offset) {
  const Bytes payload = parsed.payload(frame);
  const std::uint64_t end = offset + payload.size();
  std::vector<OutgoingSegment> out;
  for (std::uint64_t at = offset; at < end;) {
    const bool is_before = at < start_;
    const Record* record = is_before ? nullptr : &record_at(at);
    const bool is_plain = is_before || record->sealed;
    const std::uint64_t run_end = std::min(end, is_before ? start_ : record->end());
    const auto size = static_cast<std::uint32_t>(run_end - at);
    const auto begin = static_cast<std::uint32_t>(at - offset);
    if (out.empty() || out.back().is_plain != is_plain) {
      OutgoingSegment& segment = out.emplace_back();
      segment.begin = begin;
      segment.is_plain = is_plain;
      const Bytes headers = frame.first(parsed.payload_offset);
      segment.skb.headers.assign(headers.begin(), headers.end());
      segment.skb.sequence = sequence_of(at);
      segment.skb.decrypted = !is_plain;
    }
    netdev::TxSkb& skb = out.back().skb;
    skb.payload_size += size;
    skb.payload.push_back(hold(
        outstanding_, at,
        is_before ? copy_of(payload.subspan(begin, size))
                  : netdev::TxPiece{
                        record->captured.plaintext.owner,
                        record->captured.plaintext.data + (at - record->captured.offset), size}));
    at = run_end;
  }
  for (OutgoingSegment& segment : out) {
    if (out.size() == 1) break;
    store_be32(&segment.skb.headers[parsed.l4_offset + 4], segment.skb.sequence);
    if (&segment != &out.back())
      segment.skb.headers[parsed.l4_offset + 13] &= static_cast<std::uint8_t>(~(tcp_fin | tcp_psh));
  }
  return out;
}

void TransmitSender::send(netdev::TxSkb skb) {
  if (!added_ || *added_ != 0) {
    netdev_.netdev_ops->start_xmit(std::move(skb));
    return;
  }
  auto valid = device_.validate_xmit_skb(std::move(skb), netdev_);
  if (valid) netdev_.netdev_ops->start_xmit(std::move(*valid));
}

}  // namespace tlsnic::scenarios
