// A whole TLS record encrypted or decrypted in software, with OpenSSL. The chip does not use it:
// hw_model/tls/aead is another implementation, and the two check each other.
#pragma once

#include <memory>

#include "protocol/tls_record.h"

struct evp_cipher_ctx_st;

namespace tlsnic {

class RecordAead {
 public:
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
  void start(Bytes record, std::uint64_t record_number, bool encrypt);

  TrafficKeys keys_;
  RecordFormat format_;
  std::unique_ptr<evp_cipher_ctx_st, void (*)(evp_cipher_ctx_st*)> context_;
};

}  // namespace tlsnic
