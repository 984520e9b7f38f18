// The transmit side of a stream: what the stack hands down, and what must be on the wire.
#pragma once

#include "hw_model/tls/tx_engine.h"
#include "tests/hw_model/tls/record_stream.h"

namespace tlsnic::testing {

// wire is OpenSSL's. plain: header, nonce and plaintext as in wire, and 16 bytes of no meaning in
// the place of each tag.
struct TxStream : RecordStream {
  Buffer plain;

  TxStream(const TrafficKeys& keys, const std::vector<std::size_t>& sizes,
           std::uint64_t first_number = 0, std::uint32_t seed = 1)
      : RecordStream(keys, sizes, first_number, seed), plain(clear) {
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const auto tag = plain.begin() + static_cast<std::ptrdiff_t>(end_of(i) - aead_tag_size);
      std::fill_n(tag, aead_tag_size, std::uint8_t{0xa5});
    }
  }
  std::size_t end_of(std::size_t record) const {
    return record + 1 < starts.size() ? starts[record + 1] : clear.size();
  }
  // Of the record that holds this byte.
  std::size_t record_at(std::size_t offset) const {
    const auto after =
        std::upper_bound(starts.begin(), starts.end(), static_cast<std::uint32_t>(offset));
    return static_cast<std::size_t>(after - starts.begin()) - 1;
  }
  Buffer plain_bytes(std::size_t offset, std::size_t size) const {
    const auto from = plain.begin() + static_cast<std::ptrdiff_t>(offset);
    return Buffer(from, from + static_cast<std::ptrdiff_t>(size));
  }
  bool is_wire(std::size_t offset, const Buffer& bytes) const {
    return std::equal(bytes.begin(), bytes.end(),
                      wire.begin() + static_cast<std::ptrdiff_t>(offset));
  }
};

// One connection's transmit state, fed by hand.
struct Sender {
  hw::TxContext context{};
  hw::GcmKey key;
  std::uint32_t start;
  std::uint64_t first_number;

  explicit Sender(const TrafficKeys& keys, std::uint32_t start_sequence = 0xffffff00,
                  std::uint64_t number = 0)
      : key(Bytes(keys.key).first(keys.key_size())), start(start_sequence), first_number(number) {
    context.tls_version = keys.version == TlsVersion::tls13 ? TLSNIC_TLS_1_3 : TLSNIC_TLS_1_2;
    context.key_is_256 = keys.cipher == TlsCipher::aes_gcm_256 ? 1 : 0;
    std::copy(keys.iv.begin(), keys.iv.end(), context.iv);
    hw::start_context(context, start_sequence, number);
  }

  std::uint32_t sequence(std::size_t offset) const {
    return start + static_cast<std::uint32_t>(offset);
  }
  // The stream's bytes [offset, offset + size) go down. out: what becomes of them.
  hw::TxOutcome send(const TxStream& stream, std::size_t offset, std::size_t size, Buffer& out) {
    out = stream.plain_bytes(offset, size);
    return hw::encrypt_segment(context, key, sequence(offset), out);
  }
  hw::TxOutcome send(const TxStream& stream, std::size_t offset, std::size_t size) {
    Buffer out;
    return send(stream, offset, size, out);
  }
  // What a driver does before a segment that begins here: progress parameters of the record, then
  // the record's bytes before the segment, in pieces.
  void rebuild(const TxStream& stream, std::size_t offset, std::size_t piece = 1500) {
    const std::size_t record = stream.record_at(offset);
    std::size_t at = stream.starts[record];
    hw::start_context(context, sequence(at), first_number + record);
    while (at < offset) {
      const std::size_t n = std::min(piece, offset - at);
      send(stream, at, n);
      at += n;
    }
  }
};

}  // namespace tlsnic::testing
