#include "hw_model/tls/aead/ghash.h"

namespace tlsnic::hw {
namespace {

// The field's polynomial, 1 + x + x^2 + x^7, in GCM's bit order.
constexpr std::uint64_t polynomial = std::uint64_t{0xe1} << 56;

// What the four bits that leave on the right in a multiplication by x^4 come back as, in `high`.
constexpr std::array<std::uint64_t, 16> make_reductions() {
  std::array<std::uint64_t, 16> reductions{};
  for (unsigned bits = 0; bits < 16; ++bits)
    for (unsigned bit = 0; bit < 4; ++bit)
      if (bits >> bit & 1) reductions[bits] ^= polynomial >> (3 - bit);
  return reductions;
}
constexpr auto reductions = make_reductions();

GhashValue times_x(GhashValue v) {
  const std::uint64_t carry = v.low & 1 ? polynomial : 0;
  return {v.high >> 1 ^ carry, v.high << 63 | v.low >> 1};
}

GhashValue operator^(GhashValue a, GhashValue b) {
  return {a.high ^ b.high, a.low ^ b.low};
}

}  // namespace

GhashValue load_ghash(const GcmBlock& reversed) {
  GhashValue value;
  for (std::size_t i = 0; i < 8; ++i) {
    value.low |= std::uint64_t{reversed[i]} << 8 * i;
    value.high |= std::uint64_t{reversed[8 + i]} << 8 * i;
  }
  return value;
}

void store_ghash(GcmBlock& reversed, GhashValue value) {
  for (std::size_t i = 0; i < 8; ++i) {
    reversed[i] = static_cast<std::uint8_t>(value.low >> 8 * i);
    reversed[8 + i] = static_cast<std::uint8_t>(value.high >> 8 * i);
  }
}

GhashKey::GhashKey(const GcmBlock& hash_key) : multiples_{} {
  // The most significant of the 4 bits stands for x^0.
  multiples_[8] = {load_be64(hash_key.data()), load_be64(hash_key.data() + 8)};
  for (std::size_t power : {4, 2, 1}) multiples_[power] = times_x(multiples_[2 * power]);
  for (std::size_t power : {2, 4, 8})
    for (std::size_t rest = 1; rest < power; ++rest)
      multiples_[power + rest] = multiples_[power] ^ multiples_[rest];
}

void GhashKey::absorb(GhashValue& value, std::size_t position, const std::uint8_t* data,
                      std::size_t length) const {
  while (length != 0) {
    if (position == 0 && length >= gcm_block_size) {
      value = value ^ GhashValue { load_be64(data), load_be64(data + 8) };
      multiply(value);
      data += gcm_block_size;
      length -= gcm_block_size;
      continue;
    }
    (position < 8 ? value.high : value.low) ^= std::uint64_t{*data} << (56 - 8 * (position % 8));
    position = (position + 1) % gcm_block_size;
    if (position == 0) multiply(value);
    ++data;
    --length;
  }
}

void GhashKey::multiply(GhashValue& value) const {
  // Horner's rule from the highest powers of x, the rightmost 4 bits, to the lowest.
  GhashValue product;
  for (std::uint64_t half : {value.low, value.high}) {
    for (int step = 0; step < 16; ++step) {
      const std::uint64_t leaving = product.low & 15;
      product.low = product.high << 60 | product.low >> 4;
      product.high = product.high >> 4 ^ reductions[leaving];
      product = product ^ multiples_[half & 15];
      half >>= 4;
    }
  }
  value = product;
}

}  // namespace tlsnic::hw
