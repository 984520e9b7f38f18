// A stream of sealed TLS records, as OpenSSL encrypts them, and what a perfect NIC makes of it.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "hw_model/tls/rx_engine.h"
#include "protocol/record_aead.h"

namespace tlsnic::testing {

using Buffer = std::vector<std::uint8_t>;

inline TrafficKeys test_keys(TlsVersion version, TlsCipher cipher) {
  TrafficKeys keys;
  keys.version = version;
  keys.cipher = cipher;
  for (std::size_t i = 0; i < keys.key.size(); ++i)
    keys.key[i] = static_cast<std::uint8_t>(7 * i + 1);
  const std::size_t iv_size = version == TlsVersion::tls12 ? 4 : 12;
  for (std::size_t i = 0; i < iv_size; ++i) keys.iv[i] = static_cast<std::uint8_t>(0xc0 + i);
  return keys;
}

struct RecordStream {
  Buffer wire;
  Buffer clear;                       // framing, nonce and tag as on the wire, plaintext in between
  std::vector<std::uint32_t> starts;  // offset of each record's header

  // sizes: plaintext bytes of each record; text: from a generator seeded with `seed`.
  RecordStream(const TrafficKeys& keys, const std::vector<std::size_t>& sizes,
               std::uint64_t first_number = 0, std::uint32_t seed = 1) {
    RecordAead aead(keys);
    const RecordFormat& format = aead.format();
    std::mt19937 random(seed);
    std::uint64_t number = first_number;
    for (const std::size_t size : sizes) {
      Buffer record(size + format.overhead());
      record[0] = 23;
      store_be16(&record[1], 0x0303);
      store_be16(&record[3], static_cast<std::uint16_t>(record.size() - record_header_size));
      if (format.explicit_nonce != 0) store_be64(&record[5], number * 0x10001 + 3);
      for (std::size_t i = 0; i < size; ++i)
        record[format.prepend() + i] = static_cast<std::uint8_t>(random());
      if (format.is_tls13) record[format.prepend() + size] = 23;
      Buffer plain = record;
      aead.seal(record, number++);
      std::copy(record.end() - aead_tag_size, record.end(), plain.end() - aead_tag_size);
      starts.push_back(static_cast<std::uint32_t>(wire.size()));
      wire.insert(wire.end(), record.begin(), record.end());
      clear.insert(clear.end(), plain.begin(), plain.end());
    }
  }
};

// One connection's receive state, fed by hand.
struct Receiver {
  hw::RxContext context{};
  hw::GcmKey key;
  hw::RxEngine engine;
  std::uint32_t start;

  explicit Receiver(const TrafficKeys& keys, const hw::RxPolicy& policy = {},
                    std::uint32_t start_sequence = 0xffffff00, std::uint64_t number = 0)
      : key(Bytes(keys.key).first(keys.key_size())), engine(policy), start(start_sequence) {
    context.tls_version = keys.version == TlsVersion::tls13 ? TLSNIC_TLS_1_3 : TLSNIC_TLS_1_2;
    context.key_is_256 = keys.cipher == TlsCipher::aes_gcm_256 ? 1 : 0;
    std::copy(keys.iv.begin(), keys.iv.end(), context.iv);
    hw::start_context(context, start_sequence, number);
  }

  // The stream's bytes [offset, offset + size) arrive. out: what leaves the chip.
  hw::RxOutcome receive(const RecordStream& stream, std::size_t offset, std::size_t size,
                        Buffer& out) {
    out.assign(size, 0);
    const Bytes payload = Bytes(stream.wire).subspan(offset, size);
    const auto outcome = engine.segment(context, key, start + static_cast<std::uint32_t>(offset),
                                        payload, out.data());
    if (!outcome.decrypted) out.assign(payload.begin(), payload.end());
    return outcome;
  }
  hw::RxOutcome receive(const RecordStream& stream, std::size_t offset, std::size_t size) {
    Buffer out;
    return receive(stream, offset, size, out);
  }
};

}  // namespace tlsnic::testing
