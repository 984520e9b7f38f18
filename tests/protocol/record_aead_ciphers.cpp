// Every cipher and version of RecordAead against straightforward calls of EVP.
#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/record_aead.h"

using namespace tlsnic;

namespace {

using Octets = std::vector<std::uint8_t>;

struct Suite {
  TlsCipher cipher;
  const char* evp_name;
  std::size_t key_size;
  bool has_explicit_nonce;  // in TLS 1.2
  bool has_tls13;
};

// By the RFCs 5288, 6655, 7905, 8998 and 6209, in the order of the numbers in linux/tls.h.
constexpr Suite suites[] = {
    {TlsCipher::aes_gcm_128, "AES-128-GCM", 16, true, true},
    {TlsCipher::aes_gcm_256, "AES-256-GCM", 32, true, true},
    {TlsCipher::aes_ccm_128, "AES-128-CCM", 16, true, true},
    {TlsCipher::chacha20_poly1305, "ChaCha20-Poly1305", 32, false, true},
    {TlsCipher::sm4_gcm, "SM4-GCM", 16, true, true},
    {TlsCipher::sm4_ccm, "SM4-CCM", 16, true, true},
    {TlsCipher::aria_gcm_128, "ARIA-128-GCM", 16, true, false},
    {TlsCipher::aria_gcm_256, "ARIA-256-GCM", 32, true, false},
};

// AEAD as EVP's manual has it: a new context, everything in one piece. Encrypting, `tag` gets the
// tag; decrypting, it is checked, and nothing comes back if it is wrong.
bool evp_aead(const char* name, bool encrypt, const Octets& key, const Octets& nonce,
              const Octets& aad, const Octets& in, Octets& out, Octets& tag) {
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  REQUIRE(cipher != nullptr);
  EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
  const bool is_ccm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_CCM_MODE;
  int n = 0;
  Octets text(in);
  text.resize(in.size() + 16);  // data() is not null, and there is room for the last block
  out.assign(in.size() + 16, 0);
  bool good = EVP_CipherInit_ex(ctx, cipher, nullptr, nullptr, nullptr, encrypt ? 1 : 0) == 1;
  good = good && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, nullptr) == 1;
  if (is_ccm || !encrypt)
    good = good &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, encrypt ? nullptr : tag.data()) == 1;
  good = good && EVP_CipherInit_ex(ctx, nullptr, nullptr, key.data(), nonce.data(), -1) == 1;
  const int size = static_cast<int>(in.size());
  if (is_ccm) good = good && EVP_CipherUpdate(ctx, nullptr, &n, nullptr, size) == 1;
  const int aad_size = static_cast<int>(aad.size());
  good = good && EVP_CipherUpdate(ctx, nullptr, &n, aad.data(), aad_size) == 1;
  good = good && EVP_CipherUpdate(ctx, out.data(), &n, text.data(), size) == 1;
  if (!is_ccm || encrypt) good = good && EVP_CipherFinal_ex(ctx, out.data() + in.size(), &n) == 1;
  if (encrypt) {
    tag.resize(16);
    good = good && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag.data()) == 1;
  }
  EVP_CIPHER_CTX_free(ctx);
  EVP_CIPHER_free(cipher);
  out.resize(in.size());
  return good;
}

Octets number_bytes(std::uint64_t number) {
  Octets out(8);
  for (int i = 7; i >= 0; --i, number >>= 8) out[static_cast<std::size_t>(i)] = number & 0xff;
  return out;
}

// A record of `text` (TLS 1.3: its last byte is the content type) and all that protects it.
struct Example {
  Example(const Suite& s, TlsVersion version, std::size_t text_size, std::uint64_t number)
      : suite(s) {
    keys.version = version;
    keys.cipher = s.cipher;
    const bool is_tls13 = version == TlsVersion::tls13;
    const bool explicit_nonce = s.has_explicit_nonce && !is_tls13;
    for (std::size_t i = 0; i < s.key_size; ++i) key.push_back(static_cast<std::uint8_t>(17 * i));
    for (std::size_t i = 0; i < 12; ++i) nonce.push_back(static_cast<std::uint8_t>(0xa0 + i));
    for (std::size_t i = 0; i < text_size; ++i) text.push_back(static_cast<std::uint8_t>(i * 7));
    std::copy(key.begin(), key.end(), keys.key.begin());
    std::copy_n(nonce.begin(), explicit_nonce ? 4 : 12, keys.iv.begin());

    const std::size_t length = text_size + 16 + (explicit_nonce ? 8 : 0);
    header = {23, 3, 3, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    const Octets sequence = number_bytes(number);
    if (explicit_nonce)
      header.insert(header.end(), nonce.begin() + 4, nonce.end());
    else
      for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] ^= sequence[i];
    if (is_tls13) {
      aad = header;
    } else {
      aad = sequence;
      aad.insert(aad.end(), {23, 3, 3, static_cast<std::uint8_t>(text_size >> 8),
                             static_cast<std::uint8_t>(text_size)});
    }
  }

  Octets unsealed() const { return join(text, Octets(16, 0x5a)); }
  Octets sealed_by_hand() const {
    Octets cipher_text, tag;
    CHECK(evp_aead(suite.evp_name, true, key, nonce, aad, text, cipher_text, tag));
    return join(cipher_text, tag);
  }
  bool opens_by_hand(const Octets& record) const {
    const auto start = record.begin() + static_cast<std::ptrdiff_t>(header.size());
    Octets out, tag(record.end() - 16, record.end());
    const bool good = evp_aead(suite.evp_name, false, key, nonce, aad,
                               Octets(start, record.end() - 16), out, tag);
    return good && out == text;
  }

  const Suite& suite;
  TrafficKeys keys;
  Octets key, nonce, aad, header, text;

 private:
  Octets join(const Octets& body, const Octets& tag) const {
    Octets out = header;
    out.insert(out.end(), body.begin(), body.end());
    out.insert(out.end(), tag.begin(), tag.end());
    return out;
  }
};

template <typename Check>
void for_each_suite(Check check) {
  for (const Suite& suite : suites)
    for (const auto version : {TlsVersion::tls12, TlsVersion::tls13}) {
      if (version == TlsVersion::tls13 && !suite.has_tls13) continue;
      if (!is_available(suite.cipher)) continue;
      INFO(suite.evp_name << (version == TlsVersion::tls13 ? " 1.3" : " 1.2"));
      check(suite, version);
    }
}

}  // namespace

TEST_CASE("every cipher and version, of every size: EVP opens what RecordAead seals, and back") {
  int count = 0;
  for_each_suite([&](const Suite& suite, TlsVersion version) {
    // One object for all records, as in a connection.
    RecordAead aead(Example(suite, version, 0, 0).keys);
    std::uint64_t number = 0xfffffffe;
    for (const std::size_t size : {0, 1, 15, 16, 17, 1400, 16384, 16385}) {
      const Example example(suite, version, size, ++number);
      Octets record = example.unsealed();
      aead.seal(record, number);
      CHECK(record == example.sealed_by_hand());
      CHECK(example.opens_by_hand(record));

      Octets plain(size);
      CHECK(aead.open(record, number, plain));
      CHECK(plain == example.text);
      CHECK_FALSE(aead.open(record, number + 1, plain));
      // In place.
      const std::size_t prepend = aead.format().prepend();
      CHECK(aead.open(record, number, MutableBytes(record).subspan(prepend, size)));
      CHECK(std::equal(example.text.begin(), example.text.end(),
                       record.begin() + static_cast<std::ptrdiff_t>(prepend)));
      ++count;
    }
  });
  CHECK(count >= 8 * 10);  // six ciphers, two of them in one version only, are in OpenSSL 3.0
}

TEST_CASE("a changed byte anywhere is found, by every cipher") {
  for_each_suite([](const Suite& suite, TlsVersion version) {
    const Example example(suite, version, 20, 5);
    const Octets record = example.sealed_by_hand();
    RecordAead aead(example.keys);
    for (std::size_t i = 0; i < record.size(); ++i) {
      if (i == 3 || i == 4) continue;  // the length: the caller has checked it
      Octets changed = record;
      changed[i] ^= 0x80;
      Octets plain(20);
      INFO(i);
      CHECK_FALSE(aead.open(changed, 5, plain));
    }
    Octets plain(20);
    CHECK(aead.open(record, 5, plain));
    CHECK(plain == example.text);
  });
}

TEST_CASE("the key stream alone, by every cipher") {
  for_each_suite([](const Suite& suite, TlsVersion version) {
    const Example example(suite, version, 1000, 9);
    Octets sealed = example.sealed_by_hand();
    RecordAead aead(example.keys);
    const auto text = static_cast<std::ptrdiff_t>(aead.format().prepend());
    Octets out(1000);
    aead.apply_key_stream(example.unsealed(), 9, out);
    CHECK(std::equal(out.begin(), out.end(), sealed.begin() + text));
    sealed.back() ^= 1;  // the tag does not matter
    aead.apply_key_stream(sealed, 9, out);
    CHECK(out == example.text);
    // The same object authenticates the next record as before.
    sealed.back() ^= 1;
    CHECK(aead.open(sealed, 9, out));
  });
}

// The records that the kernel's self test of empty records (tls.c, zero_len) sends: all-zero key,
// salt and iv, the explicit nonce counting with the record number (facts 5.1, group F).
TEST_CASE("TLS 1.2 AES-CCM, all-zero keys, records 0 to 2, empty and not") {
  TrafficKeys keys;
  keys.cipher = TlsCipher::aes_ccm_128;
  RecordAead aead(keys);
  for (const std::size_t size : {0, 11}) {
    for (std::uint8_t number = 0; number < 3; ++number) {
      const Octets text(size, 'x');
      const Octets nonce{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number};
      const auto length = static_cast<std::uint8_t>(size);
      const Octets aad{0, 0, 0, 0, 0, 0, 0, number, 23, 3, 3, 0, length};
      Octets cipher_text, tag;
      REQUIRE(evp_aead("AES-128-CCM", true, Octets(16), nonce, aad, text, cipher_text, tag));

      Octets record{23, 3, 3, 0, static_cast<std::uint8_t>(size + 24), 0, 0, 0, 0, 0, 0, 0, number};
      record.insert(record.end(), text.begin(), text.end());
      record.resize(record.size() + 16);
      aead.seal(record, number);
      CHECK(Octets(record.begin() + 13, record.end() - 16) == cipher_text);
      CHECK(Octets(record.end() - 16, record.end()) == tag);
      Octets plain(size);
      CHECK(aead.open(record, number, plain));
      CHECK(plain == text);
    }
  }
}

TEST_CASE("a cipher that OpenSSL lacks is told, not tried") {
  for (const Suite& suite : suites) {
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, suite.evp_name, nullptr);
    INFO(suite.evp_name);
    CHECK(is_available(suite.cipher) == (cipher != nullptr));
    EVP_CIPHER_free(cipher);
    TrafficKeys keys;
    keys.cipher = suite.cipher;
    if (!is_available(suite.cipher)) CHECK_THROWS_AS(RecordAead(keys), std::invalid_argument);
  }
  for (const int number : {0, 50, 59, 0xffff}) {
    TrafficKeys keys;
    keys.cipher = static_cast<TlsCipher>(number);
    CHECK_FALSE(is_available(keys.cipher));
    CHECK_THROWS_AS(RecordAead(keys), std::invalid_argument);
  }
}

TEST_CASE("the table of ciphers: sizes, versions, what is refused (facts 2.2, 2.3)") {
  int value = 51;
  for (const Suite& suite : suites) {
    INFO(suite.evp_name);
    CHECK(static_cast<int>(suite.cipher) == value++);
    TrafficKeys keys;
    keys.cipher = suite.cipher;
    CHECK(keys.key_size() == suite.key_size);
    CHECK(keys.iv_size() == (suite.has_explicit_nonce ? 4 : 12));
    CHECK(is_supported(keys));
    CHECK(record_format(keys.version, keys.cipher).overhead() ==
          (suite.has_explicit_nonce ? 29 : 21));
    keys.version = TlsVersion::tls13;
    CHECK(is_supported(keys) == suite.has_tls13);
    CHECK(keys.iv_size() == 12);
    CHECK(record_format(keys.version, keys.cipher).overhead() == 22);
    keys.version = static_cast<TlsVersion>(0x0302);
    CHECK_FALSE(is_supported(keys));
    CHECK(is_offloadable(suite.cipher) ==
          (suite.cipher == TlsCipher::aes_gcm_128 || suite.cipher == TlsCipher::aes_gcm_256));
  }
  for (const int number : {0, 10, 50, 59, 70, 0xffff}) {
    CHECK_FALSE(is_supported(TlsVersion::tls12, static_cast<TlsCipher>(number)));
    CHECK_FALSE(is_offloadable(static_cast<TlsCipher>(number)));
  }
}
