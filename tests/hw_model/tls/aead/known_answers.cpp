// The right bytes and tags: published vectors, then OpenSSL's AES-GCM at every place to cut a
// record.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <stdexcept>

#include "tests/hw_model/tls/aead/reference.h"

namespace tlsnic::hw::testing {
namespace {

// Test cases 1 to 4 and 13 to 16 of "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega.
struct Vector {
  const char *key, *nonce, *aad, *plaintext, *ciphertext, *tag;
};
constexpr Vector vectors[] = {
    {"00000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {"00000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
     "ab6e47d42cec13bdf53a67b21257bddf"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
     "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"}};

Record record_of(const Vector& vector) {
  Record record;
  record.key = from_hex(vector.key);
  record.aad = from_hex(vector.aad);
  record.plaintext = from_hex(vector.plaintext);
  record.ciphertext = from_hex(vector.ciphertext);
  const Buffer nonce = from_hex(vector.nonce);
  const Buffer tag = from_hex(vector.tag);
  std::memcpy(record.nonce.data(), nonce.data(), record.nonce.size());
  std::memcpy(record.tag.data(), tag.data(), record.tag.size());
  return record;
}

// Cuts at every byte: the part before in one piece, the part after in one piece.
void cut_everywhere(const GcmKey& key, const Record& record, Direction direction) {
  const Buffer& in = direction.in(record);
  GcmState start;
  key.start(start, record.nonce, record.aad);
  GcmState bytewise = start;  // the same first part, one byte a piece
  Buffer out(in.size());
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    GcmState state = start;
    direction.run(key, state, in.data(), out.data(), cut);
    if (state != bytewise) FAIL("state depends on the pieces, cut at " << cut);
    direction.run(key, state, in.data() + cut, out.data() + cut, in.size() - cut);
    if (out != direction.out(record)) FAIL("wrong text, cut at " << cut);
    if (tag_of(key, state) != record.tag) FAIL("wrong tag, cut at " << cut);
    if (cut == in.size()) break;
    std::uint8_t byte;
    direction.run(key, bytewise, &in[cut], &byte, 1);
    if (byte != direction.out(record)[cut]) FAIL("wrong byte " << cut);
  }
}

}  // namespace

TEST_CASE("AES-GCM gives the published answers") {
  for (AeadBackend backend : backends())
    for (const Vector& vector : vectors)
      for (Direction direction : directions) {
        const Record record = record_of(vector);
        CAPTURE(static_cast<int>(backend), vector.tag, direction.decrypting);
        cut_everywhere(GcmKey(record.key, backend), record, direction);
      }
}

TEST_CASE("AES-GCM gives OpenSSL's answers wherever a record is cut") {
  const std::size_t key_size = GENERATE(16, 32);
  const std::size_t size = GENERATE(0, 1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127,
                                    128, 129, 255, 256, 257, 511, 512, 513, 767, 769, 1024, 1448);
  for (std::size_t aad_size : {0, 5, 13, 16, 40}) {
    const Record record = sample_record(key_size, aad_size, size);
    for (AeadBackend backend : backends())
      for (Direction direction : directions) {
        CAPTURE(static_cast<int>(backend), key_size, aad_size, size, direction.decrypting);
        cut_everywhere(GcmKey(record.key, backend), record, direction);
      }
  }
}

TEST_CASE("AES-GCM gives OpenSSL's answers wherever a record of full size is cut") {
  // TLS 1.3: the most plaintext that there can be and the inner content type.
  const bool decrypting = GENERATE(false, true);
  const Record record = sample_record(decrypting ? 16 : 32, 5, max_record_plaintext + 1);
  for (AeadBackend backend : backends()) {
    CAPTURE(static_cast<int>(backend), decrypting);
    cut_everywhere(GcmKey(record.key, backend), record, Direction{decrypting});
  }
}

TEST_CASE("AES-GCM's counter carries into its third byte") {
  const Record record = sample_record(16, 13, 65540 * gcm_block_size + 3);
  for (AeadBackend backend : backends())
    for (std::size_t piece : {std::size_t{1448}, record.plaintext.size()}) {
      const GcmKey key(record.key, backend);
      GcmState state;
      key.start(state, record.nonce, record.aad);
      Buffer text = record.ciphertext;
      for (std::size_t at = 0; at < text.size(); at += piece)
        key.decrypt(state, &text[at], &text[at], std::min(piece, text.size() - at));
      CHECK((text == record.plaintext));
      CHECK(tag_of(key, state) == record.tag);
    }
}

TEST_CASE("A tag is wrong when anything under it changes") {
  const Record record = sample_record(32, 13, 100);
  for (AeadBackend backend : backends()) {
    const GcmKey key(record.key, backend);
    const auto tag_for = [&key](const Record& r) {
      GcmState state;
      Buffer out(r.ciphertext.size());
      key.start(state, r.nonce, r.aad);
      key.decrypt(state, r.ciphertext.data(), out.data(), out.size());
      return tag_of(key, state);
    };
    REQUIRE(tag_for(record) == record.tag);
    Record changed = record;
    changed.ciphertext[99] ^= 1;
    CHECK(tag_for(changed) != record.tag);
    changed = record;
    changed.aad[0] ^= 0x80;
    CHECK(tag_for(changed) != record.tag);
    changed = record;
    changed.nonce[11] ^= 1;
    CHECK(tag_for(changed) != record.tag);
    changed = record;
    changed.ciphertext.pop_back();
    CHECK(tag_for(changed) != record.tag);
  }
}

TEST_CASE("A key has 16 or 32 bytes") {
  for (AeadBackend backend : backends())
    for (std::size_t size : {0, 1, 15, 17, 24, 31, 33, 64}) {
      const Buffer key(size);
      CHECK_THROWS_AS(GcmKey(key, backend), std::invalid_argument);
    }
}

}  // namespace tlsnic::hw::testing
