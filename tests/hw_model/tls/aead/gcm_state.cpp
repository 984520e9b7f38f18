// The state as a value: copied, moved elsewhere, handed from one back end to the other.
#include "hw_model/tls/aead/gcm_state.h"

#include <rapidcheck.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <utility>

#include "tests/hw_model/tls/aead/reference.h"

namespace tlsnic::hw::testing {
namespace {

Record arbitrary_record() {
  const auto bytes = [](std::size_t size) {
    return *rc::gen::container<Buffer>(size, rc::gen::arbitrary<std::uint8_t>());
  };
  Record record;
  record.key = bytes(*rc::gen::element<std::size_t>(16, 32));
  record.aad = bytes(*rc::gen::inRange<std::size_t>(0, 600));
  const Buffer nonce = bytes(record.nonce.size());
  std::memcpy(record.nonce.data(), nonce.data(), nonce.size());
  const std::size_t largest = *rc::gen::element<std::size_t>(40, 600, max_record_plaintext + 1);
  record.plaintext = sample_bytes(*rc::gen::inRange<std::size_t>(0, largest + 1), 5);
  seal_with_evp(record);
  return record;
}

// Memory whose last byte is followed, and whose first is preceded, by memory that faults.
class GuardedPages {
 public:
  GuardedPages()
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        base_(static_cast<std::uint8_t*>(
            mmap(nullptr, 3 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    REQUIRE(base_ != MAP_FAILED);
    REQUIRE(mprotect(base_ + page_, page_, PROT_READ | PROT_WRITE) == 0);
  }
  ~GuardedPages() { munmap(base_, 3 * page_); }
  GuardedPages(const GuardedPages&) = delete;
  GuardedPages& operator=(const GuardedPages&) = delete;

  std::uint8_t* first() const { return base_ + page_; }
  std::uint8_t* last(std::size_t size) const { return base_ + 2 * page_ - size; }

 private:
  std::size_t page_;
  std::uint8_t* base_;
};

}  // namespace

TEST_CASE("A record in three pieces gives OpenSSL's answer, in place or not") {
  CHECK(rc::check([] {
    const Record record = arbitrary_record();
    const std::size_t size = record.plaintext.size();
    std::size_t a = *rc::gen::inRange<std::size_t>(0, size + 1);
    std::size_t b = *rc::gen::inRange<std::size_t>(0, size + 1);
    if (a > b) std::swap(a, b);
    const bool in_place = *rc::gen::arbitrary<bool>();
    for (AeadBackend backend : backends())
      for (Direction direction : directions) {
        const GcmKey key(record.key, backend);
        Buffer in = direction.in(record);
        Buffer elsewhere(size);
        Buffer& out = in_place ? in : elsewhere;
        GcmState state;
        key.start(state, record.nonce, record.aad);
        direction.run(key, state, in.data(), out.data(), a);
        direction.run(key, state, in.data() + a, out.data() + a, b - a);
        direction.run(key, state, in.data() + b, out.data() + b, size - b);
        RC_ASSERT((out == direction.out(record)));
        RC_ASSERT(tag_of(key, state) == record.tag);
      }
  }));
}

TEST_CASE("Both back ends leave the same state and continue one another's") {
  if (!available(AeadBackend::ipsec_mb)) {
    WARN("intel-ipsec-mb is not available: nothing to compare");
    return;
  }
  CHECK(rc::check([] {
    const Record record = arbitrary_record();
    const Direction direction{*rc::gen::arbitrary<bool>()};
    const GcmKey keys[] = {GcmKey(record.key, AeadBackend::ipsec_mb),
                           GcmKey(record.key, AeadBackend::openssl)};
    const Buffer& in = direction.in(record);
    Buffer out(in.size());
    GcmState states[2];
    // Whatever was in the memory before, the key stream's place included, must not be seen.
    std::memset(static_cast<void*>(states), 0xee, sizeof states);
    for (int i : {0, 1}) keys[i].start(states[i], record.nonce, record.aad);
    for (std::size_t at = 0;;) {
      RC_ASSERT(states[0] == states[1]);
      RC_ASSERT(tag_of(keys[0], states[0]) == tag_of(keys[1], states[1]));
      RC_ASSERT(states[0].aad_length == record.aad.size());
      RC_ASSERT(states[0].text_length == at);
      RC_ASSERT(states[0].partial_length == at % gcm_block_size);
      if (at == in.size()) break;
      const std::size_t left = in.size() - at;
      const std::size_t piece = 1 + *rc::gen::inRange<std::size_t>(0, left < 200 ? left : left / 2);
      std::swap(states[0], states[1]);
      for (int i : {0, 1}) {
        direction.run(keys[i], states[i], &in[at], &out[at], piece);
        RC_ASSERT(std::equal(&out[at], &out[at] + piece, &direction.out(record)[at]));
      }
      at += piece;
    }
    RC_ASSERT(tag_of(keys[0], states[0]) == record.tag);
  }));
}

TEST_CASE("A state copied in the middle goes on twice, from any place in memory") {
  const Record record = sample_record(16, 13, 3000);
  for (AeadBackend backend : backends())
    for (std::size_t middle : {0, 1, 15, 16, 1447, 1448, 3000}) {
      CAPTURE(static_cast<int>(backend), middle);
      const GcmKey key(record.key, backend);
      Buffer out(record.plaintext.size());
      // Not the original, but its bytes: through unaligned memory to the end of a page.
      const GuardedPages pages;
      auto* second = reinterpret_cast<GcmState*>(pages.last(sizeof(GcmState)));
      {
        GcmState first;
        key.start(first, record.nonce, record.aad);
        key.decrypt(first, record.ciphertext.data(), out.data(), middle);
        std::uint8_t dump[sizeof(GcmState) + 1];
        std::memcpy(dump + 1, &first, sizeof first);
        std::memcpy(static_cast<void*>(second), dump + 1, sizeof first);
        key.decrypt(first, &record.ciphertext[0] + middle, &out[0] + middle, out.size() - middle);
        CHECK(tag_of(key, first) == record.tag);
      }
      CHECK((out == record.plaintext));
      out.assign(out.size(), 0);
      key.decrypt(*second, &record.ciphertext[0] + middle, &out[0] + middle, out.size() - middle);
      CHECK(std::equal(out.begin() + middle, out.end(), record.plaintext.begin() + middle));
      CHECK(tag_of(key, *second) == record.tag);
    }
}

TEST_CASE("Asking for a tag and passing no bytes leave the state alone") {
  const Record record = sample_record(32, 5, 100);
  for (AeadBackend backend : backends()) {
    const GcmKey key(record.key, backend);
    GcmState state;
    Buffer out(100);
    key.start(state, record.nonce, record.aad);
    for (std::size_t at = 0; at < out.size(); ++at) {
      const GcmState before = state;
      tag_of(key, state);
      key.encrypt(state, nullptr, nullptr, 0);
      key.decrypt(state, nullptr, nullptr, 0);
      REQUIRE(state == before);
      key.encrypt(state, &record.plaintext[at], &out[at], 1);
      REQUIRE(state != before);
    }
    CHECK(tag_of(key, state) == record.tag);
  }
}

TEST_CASE("A key moves, and two keys do not mix") {
  const Record one = sample_record(16, 13, 50);
  Record two = sample_record(32, 13, 50);
  for (AeadBackend backend : backends()) {
    std::vector<GcmKey> table;
    table.emplace_back(one.key, backend);
    table.emplace_back(two.key, backend);
    table.emplace_back(one.key, backend);  // the table has grown: keys have moved
    GcmState states[2];
    Buffer text[2] = {one.ciphertext, two.ciphertext};
    table[0].start(states[0], one.nonce, one.aad);
    table[1].start(states[1], two.nonce, two.aad);
    for (std::size_t at = 0; at < 50; at += 10)
      for (int i : {0, 1}) table[i].decrypt(states[i], &text[i][at], &text[i][at], 10);
    CHECK(text[0] == one.plaintext);
    CHECK(text[1] == two.plaintext);
    CHECK(tag_of(table[2], states[0]) == one.tag);
    CHECK(tag_of(table[1], states[1]) == two.tag);
  }
}

TEST_CASE("Nothing is read or written beside the text, the additional data or the key") {
  const GuardedPages in, out, aad, key_bytes;
  for (AeadBackend backend : backends())
    for (std::size_t key_size : {16, 32})
      for (std::size_t size = 0; size <= 600; ++size) {
        const Record record = sample_record(key_size, size % 48, size);
        std::copy(record.key.begin(), record.key.end(), key_bytes.last(key_size));
        std::copy(record.aad.begin(), record.aad.end(), aad.last(record.aad.size()));
        const GcmKey key(Bytes(key_bytes.last(key_size), key_size), backend);
        for (const bool at_end : {false, true}) {
          std::uint8_t* from = at_end ? in.last(size) : in.first();
          std::uint8_t* to = at_end ? out.last(size) : out.first();
          std::copy(record.ciphertext.begin(), record.ciphertext.end(), from);
          GcmState state;
          key.start(state, record.nonce, Bytes(aad.last(record.aad.size()), record.aad.size()));
          const std::size_t cut = size / 3;
          key.decrypt(state, from, to, cut);
          key.decrypt(state, from + cut, to + cut, size - cut);
          REQUIRE(std::equal(to, to + size, record.plaintext.begin()));
          REQUIRE(tag_of(key, state) == record.tag);
        }
      }
}

}  // namespace tlsnic::hw::testing
