// A whole TLS record encrypted or decrypted in software, with OpenSSL. The chip does not use it:
// hw_model/tls/aead is another implementation, and the two check each other.
#pragma once

#include <memory>

#include "protocol/tls_record.h"

struct evp_cipher_ctx_st;

namespace tlsnic {

// The installed OpenSSL has it: SM4 only from 3.1 on. False, too, for an unknown cipher.
bool is_available(TlsCipher cipher);

class RecordAead {
 public:
  // Throws std::invalid_argument if the cipher is not available.
  explicit RecordAead(const TrafficKeys& keys);

  const TrafficKeys& keys() const { return keys_; }
  const RecordFormat& format() const { return format_; }

  // record: header to tag, header.length consistent with its size. plaintext: room for
  // record.size() - prepend - tag bytes; in TLS 1.3 that includes the inner content type and
  // padding. May work in place (plaintext at the record's own ciphertext). False if the tag is
  // wrong: plaintext is then undefined.
  bool open(Bytes record, std::uint64_t record_number, MutableBytes plaintext);

  // The key stream of a record XORed onto its ciphertext part, authentication left out: turns
  // ciphertext into plaintext and back. Same arguments as open().
  void apply_key_stream(Bytes record, std::uint64_t record_number, MutableBytes out);

  // record: header and explicit nonce filled in, plaintext (with TLS 1.3's inner type) in place,
  // room for the tag at the end. Encrypts in place.
  void seal(MutableBytes record, std::uint64_t record_number);

 private:
  Bytes text_of(Bytes record) const;
  void start(Bytes record, std::uint64_t record_number, bool encrypt);
  bool update(Bytes text, std::uint8_t* out);
  void set_expected_tag(Bytes tag);

  TrafficKeys keys_;
  RecordFormat format_;
  bool is_ccm_ = false;
  std::unique_ptr<evp_cipher_ctx_st, void (*)(evp_cipher_ctx_st*)> context_;
};

}  // namespace tlsnic
