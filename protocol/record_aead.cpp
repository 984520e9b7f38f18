#include "protocol/record_aead.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace tlsnic {
namespace {

const EVP_CIPHER* evp_cipher(TlsCipher cipher) {
  switch (cipher) {
    case TlsCipher::aes_gcm_128:
      return EVP_aes_128_gcm();
    case TlsCipher::aes_gcm_256:
      return EVP_aes_256_gcm();
    case TlsCipher::chacha20_poly1305:
      return EVP_chacha20_poly1305();
  }
  throw std::invalid_argument("unknown cipher");
}

void require(int openssl_result) {
  if (openssl_result != 1) throw std::runtime_error("OpenSSL refused an AEAD operation");
}

}  // namespace

RecordAead::RecordAead(const TrafficKeys& keys)
    : keys_(keys),
      format_(record_format(keys.version, keys.cipher)),
      context_(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free) {
  require(EVP_CipherInit_ex(context_.get(), evp_cipher(keys.cipher), nullptr, keys_.key.data(),
                            nullptr, 0));
}

void RecordAead::start(Bytes record, std::uint64_t record_number, bool encrypt) {
  const auto nonce = record_nonce(keys_.version, keys_.cipher, keys_.iv, record_number,
                                  record.data() + record_header_size);
  const auto aad = additional_data(format_, read_record_header(record.data()), record_number);
  // ChaCha20-Poly1305 in EVP resets its direction only together with the key.
  require(EVP_CipherInit_ex(context_.get(), nullptr, nullptr, keys_.key.data(), nonce.data(),
                            encrypt ? 1 : 0));
  int written = 0;
  require(EVP_CipherUpdate(context_.get(), nullptr, &written, aad.bytes.data(),
                           static_cast<int>(aad.size)));
}

bool RecordAead::open(Bytes record, std::uint64_t record_number, MutableBytes plaintext) {
  apply_key_stream(record, record_number, plaintext);
  Bytes tag = record.last(aead_tag_size);
  require(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, aead_tag_size,
                              const_cast<std::uint8_t*>(tag.data())));
  int written = 0;
  std::uint8_t none[16];
  return EVP_CipherFinal_ex(context_.get(), none, &written) == 1;
}

void RecordAead::apply_key_stream(Bytes record, std::uint64_t record_number, MutableBytes out) {
  start(record, record_number, false);
  const Bytes cipher_text =
      record.subspan(format_.prepend(), record.size() - format_.prepend() - aead_tag_size);
  int written = 0;
  if (!cipher_text.empty())
    require(EVP_CipherUpdate(context_.get(), out.first(cipher_text.size()).data(), &written,
                             cipher_text.data(), static_cast<int>(cipher_text.size())));
}

void RecordAead::seal(MutableBytes record, std::uint64_t record_number) {
  start(record, record_number, true);
  MutableBytes text =
      record.subspan(format_.prepend(), record.size() - format_.prepend() - aead_tag_size);
  int written = 0;
  if (!text.empty())
    require(EVP_CipherUpdate(context_.get(), text.data(), &written, text.data(),
                             static_cast<int>(text.size())));
  std::uint8_t none[16];
  require(EVP_CipherFinal_ex(context_.get(), none, &written));
  require(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, aead_tag_size,
                              record.last(aead_tag_size).data()));
}

}  // namespace tlsnic
