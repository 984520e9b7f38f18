#include "host_stack/ktls/fallback.h"

#include <algorithm>
#include <utility>

#include "protocol/tcp_sequence.h"

namespace tlsnic::host {
namespace {

// The pieces' first out.size() bytes; false if they are fewer.
bool gather(gsl::span<const netdev::TxPiece> pieces, MutableBytes out) {
  for (const netdev::TxPiece& piece : pieces) {
    if (out.empty()) return true;
    const std::size_t size = std::min<std::size_t>(piece.size, out.size());
    if (size == 0) continue;
    std::memcpy(out.data(), piece.data, size);
    out = out.subspan(size);
  }
  return out.empty();
}

bool is_size_of(std::uint32_t size, const std::vector<netdev::TxPiece>& pieces) {
  std::uint64_t sum = 0;
  for (const netdev::TxPiece& piece : pieces) sum += piece.size;
  return sum == size;
}

}  // namespace

FallbackResult SoftwareFallback::encrypt(netdev::TxSkb skb, TxRecords& records) {
  if (!is_size_of(skb.payload_size, skb.payload)) return {FallbackOutcome::malformed, std::nullopt};
  if (skb.payload_size == 0) return {FallbackOutcome::no_payload, std::move(skb)};
  const auto record = records.get_record(skb.sequence);
  if (!record) return {FallbackOutcome::no_record, std::nullopt};
  if (record->length == 0) {
    if (sequence_at_or_before(skb.sequence + skb.payload_size, record->start_sequence))
      return {FallbackOutcome::before_offload, std::move(skb)};
    return {FallbackOutcome::crosses_start, std::nullopt};
  }
  if (sequence_before(skb.sequence, record->start_sequence))
    return {FallbackOutcome::acknowledged, std::nullopt};

  const std::size_t sync_size = skb.sequence - record->start_sequence;
  const std::size_t size = sync_size + skb.payload_size;
  // Room for the tag of a record that the segment does not end.
  const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[size + aead_tag_size]);
  const MutableBytes stream(owner.get(), size + aead_tag_size);
  if (!gather(record->pieces, stream.first(sync_size)) ||
      !gather(skb.payload, stream.subspan(sync_size, skb.payload_size)) ||
      !encrypt_records(stream, size, record->number))
    return {FallbackOutcome::malformed, std::nullopt};
  skb.payload.assign(1, {owner, owner.get() + sync_size, skb.payload_size});
  skb.decrypted = false;
  return {FallbackOutcome::encrypted, std::move(skb)};
}

// stream: `size` bytes from a record's start, and aead_tag_size bytes of room.
bool SoftwareFallback::encrypt_records(MutableBytes stream, std::size_t size,
                                       std::uint64_t record_number) {
  const RecordFormat& format = aead_.format();
  std::size_t start = 0;
  while (size - start > format.prepend()) {  // header and nonce go as they are
    const std::size_t left = size - start;
    const std::size_t length = read_record_header(stream.data() + start).length;
    if (length < format.min_length() + format.inner_type || length > format.max_length())
      return false;
    const std::size_t record_size = record_header_size + length;
    // A record that the segment cuts short is sealed as far as it goes; its tag, which is then of
    // no use, falls behind the end. What is there of a tag otherwise comes out right.
    const std::size_t sealed_size = std::min(record_size, left + aead_tag_size);
    aead_.seal(stream.subspan(start, sealed_size), record_number++);
    if (left <= record_size) break;
    start += record_size;
  }
  return true;
}

}  // namespace tlsnic::host
