#include "hw_model/tls/record_walker.h"

#include <algorithm>

namespace tlsnic::hw {
namespace {

// The dumped context is a C struct; the AEAD works on its own type of the same layout.
static_assert(sizeof(tlsnic_gcm_state) == sizeof(GcmState));
template <class Context>
GcmState load_gcm(const Context& context) {
  GcmState gcm;
  std::memcpy(static_cast<void*>(&gcm), &context.gcm, sizeof gcm);
  return gcm;
}
template <class Context>
void store_gcm(Context& context, const GcmState& gcm) {
  std::memcpy(&context.gcm, &gcm, sizeof gcm);
}

// The current record's AEAD, begun as soon as header and nonce are complete.
template <class Context>
void start_aead(const Context& context, GcmState& gcm, const GcmKey& key,
                const RecordFormat& format) {
  std::array<std::uint8_t, aead_nonce_size> iv;
  std::copy_n(context.iv, iv.size(), iv.begin());
  const auto nonce = record_nonce(tls_version(context), tls_cipher(context), iv,
                                  context.record_number, context.explicit_nonce);
  const auto aad =
      additional_data(format, read_record_header(context.header), context.record_number);
  key.start(gcm, nonce, aad.view());
}

// What a direction does with the bytes at `in` that go to `out`. The tag comes in pieces: `begin`
// is the place in it of the first of `n` bytes.
struct Receive {
  using Context = RxContext;
  static bool accepts(const RecordHeader& header, const RecordFormat& format) {
    return is_valid_header(header, format);
  }
  static void keep(const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
    std::memcpy(out, in, n);
  }
  static void text(const GcmKey& key, GcmState& gcm, const std::uint8_t* in, std::uint8_t* out,
                   std::size_t n) {
    key.decrypt(gcm, in, out, n);
  }
  static void tag(RxContext& context, const GcmKey&, const GcmState&, std::size_t begin,
                  const std::uint8_t* in, std::uint8_t* out, std::size_t n) {
    std::memcpy(context.tag + begin, in, n);
    std::memcpy(out, in, n);
  }
  static bool tag_is_right(const RxContext& context, const GcmKey& key, const GcmState& gcm) {
    std::uint8_t expected[aead_tag_size];
    key.tag(gcm, expected);
    return std::memcmp(expected, context.tag, sizeof expected) == 0;
  }
};

struct Transmit {  // in place: out == in
  using Context = TxContext;
  static bool accepts(const RecordHeader& header, const RecordFormat& format) {
    return is_sealable_header(header, format);
  }
  static void keep(const std::uint8_t*, std::uint8_t*, std::size_t) {}
  static void text(const GcmKey& key, GcmState& gcm, const std::uint8_t* in, std::uint8_t* out,
                   std::size_t n) {
    key.encrypt(gcm, in, out, n);
  }
  static void tag(TxContext& context, const GcmKey& key, const GcmState& gcm, std::size_t begin,
                  const std::uint8_t*, std::uint8_t* out, std::size_t n) {
    if (begin == 0) key.tag(gcm, context.tag);
    std::memcpy(out, context.tag + begin, n);
  }
  static bool tag_is_right(const TxContext&, const GcmKey&, const GcmState&) { return true; }
};

template <class Direction>
WalkResult walk(typename Direction::Context& context, const GcmKey& key, const std::uint8_t* in,
                std::uint8_t* out, std::size_t left) {
  const RecordFormat format = record_format(context);
  GcmState gcm = load_gcm(context);
  WalkResult result;

  const auto advance = [&](std::size_t n) {
    in += n;
    out += n;
    left -= n;
    context.record_offset += static_cast<std::uint32_t>(n);
    context.expected_sequence += static_cast<std::uint32_t>(n);
  };
  // Takes bytes that stay as they are into `field`, which covers record offsets [begin, begin +
  // size).
  const auto copy_into = [&](std::uint8_t* field, std::size_t begin, std::size_t size) {
    const std::size_t have = context.record_offset - begin;
    const std::size_t n = std::min(left, size - have);
    std::memcpy(field + have, in, n);
    Direction::keep(in, out, n);
    advance(n);
    return have + n == size;
  };

  while (left > 0) {
    if (context.record_offset < record_header_size) {
      if (!copy_into(context.header, 0, record_header_size)) break;
      const RecordHeader header = read_record_header(context.header);
      if (!Direction::accepts(header, format)) {
        result.header_invalid = true;
        return result;
      }
      context.record_length = header.length;
      if (format.explicit_nonce == 0) start_aead(context, gcm, key, format);
      continue;
    }
    if (context.record_offset < format.prepend()) {
      if (!copy_into(context.explicit_nonce, record_header_size, format.explicit_nonce)) break;
      start_aead(context, gcm, key, format);
      continue;
    }
    const std::size_t tag_offset = record_header_size + context.record_length - aead_tag_size;
    if (context.record_offset < tag_offset) {
      const std::size_t n = std::min(left, tag_offset - context.record_offset);
      Direction::text(key, gcm, in, out, n);
      advance(n);
      continue;
    }
    const std::size_t have = context.record_offset - tag_offset;
    const std::size_t n = std::min(left, aead_tag_size - have);
    Direction::tag(context, key, gcm, have, in, out, n);
    advance(n);
    if (have + n < aead_tag_size) break;
    result.tag_wrong |= !Direction::tag_is_right(context, key, gcm);
    ++result.records_ended;
    ++context.record_number;
    context.record_offset = 0;
  }
  store_gcm(context, gcm);
  return result;
}

}  // namespace

WalkResult walk_records(RxContext& context, const GcmKey& key, Bytes bytes, std::uint8_t* out) {
  return walk<Receive>(context, key, bytes.data(), out, bytes.size());
}

WalkResult walk_records(TxContext& context, const GcmKey& key, MutableBytes bytes) {
  return walk<Transmit>(context, key, bytes.data(), bytes.data(), bytes.size());
}

void resume_after_header(RxContext& context, const GcmKey& key, const RecordHeader& header,
                         std::uint32_t header_sequence, std::uint64_t record_number) {
  context.header[0] = header.type;
  store_be16(context.header + 1, header.version);
  store_be16(context.header + 3, header.length);
  context.record_length = header.length;
  context.record_number = record_number;
  context.record_offset = record_header_size;
  context.expected_sequence = header_sequence + static_cast<std::uint32_t>(record_header_size);
  const RecordFormat format = record_format(context);
  if (format.explicit_nonce != 0) return;
  GcmState gcm;
  start_aead(context, gcm, key, format);
  store_gcm(context, gcm);
}

}  // namespace tlsnic::hw
