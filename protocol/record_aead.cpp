#include "protocol/record_aead.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace tlsnic {
namespace {

using Ciphers = std::array<const EVP_CIPHER*, cipher_parameters.size()>;

const char* openssl_name(TlsCipher cipher) {
  switch (cipher) {
    case TlsCipher::aes_gcm_128:
      return "AES-128-GCM";
    case TlsCipher::aes_gcm_256:
      return "AES-256-GCM";
    case TlsCipher::aes_ccm_128:
      return "AES-128-CCM";
    case TlsCipher::chacha20_poly1305:
      return "ChaCha20-Poly1305";
    case TlsCipher::sm4_gcm:
      return "SM4-GCM";
    case TlsCipher::sm4_ccm:
      return "SM4-CCM";
    case TlsCipher::aria_gcm_128:
      return "ARIA-128-GCM";
    case TlsCipher::aria_gcm_256:
      return "ARIA-256-GCM";
  }
  return "";
}

Ciphers fetch_ciphers() {
  Ciphers out{};
  // What is missing is no error: nobody is to find it in the error queue later.
  ERR_set_mark();
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = EVP_CIPHER_fetch(nullptr, openssl_name(cipher_parameters[i].cipher), nullptr);
  ERR_pop_to_mark();
  return out;
}

// Null if this OpenSSL has no such cipher.
const EVP_CIPHER* evp_cipher(TlsCipher cipher) {
  const CipherParameters* parameters = find_cipher(cipher);
  if (parameters == nullptr) return nullptr;
  // Fetching an algorithm is slow in OpenSSL 3.0: once.
  static const Ciphers ciphers = fetch_ciphers();
  return ciphers[static_cast<std::size_t>(parameters - cipher_parameters.data())];
}

void require(int openssl_result) {
  if (openssl_result != 1) throw std::runtime_error("OpenSSL refused an AEAD operation");
}

}  // namespace

bool is_available(TlsCipher cipher) {
  return evp_cipher(cipher) != nullptr;
}

RecordAead::RecordAead(const TrafficKeys& keys)
    : keys_(keys),
      format_(record_format(keys.version, keys.cipher)),
      context_(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free) {
  const EVP_CIPHER* cipher = evp_cipher(keys.cipher);
  if (cipher == nullptr) throw std::invalid_argument("OpenSSL has no such cipher");
  is_ccm_ = find_cipher(keys.cipher)->is_ccm;
  if (is_ccm_) {
    // The sizes of nonce and tag decide how CCM uses its key: they come first.
    require(EVP_CipherInit_ex(context_.get(), cipher, nullptr, nullptr, nullptr, 0));
    require(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_IVLEN, aead_nonce_size, nullptr));
    require(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, aead_tag_size, nullptr));
    cipher = nullptr;
  }
  require(EVP_CipherInit_ex(context_.get(), cipher, nullptr, keys_.key.data(), nullptr, 0));
}

Bytes RecordAead::text_of(Bytes record) const {
  return record.subspan(format_.prepend(), record.size() - format_.prepend() - aead_tag_size);
}

void RecordAead::start(Bytes record, std::uint64_t record_number, bool encrypt) {
  const auto nonce = record_nonce(keys_.version, keys_.cipher, keys_.iv, record_number,
                                  record.data() + record_header_size);
  const auto aad = additional_data(format_, read_record_header(record.data()), record_number);
  // ChaCha20-Poly1305 in EVP resets its direction only together with the key.
  require(EVP_CipherInit_ex(context_.get(), nullptr, nullptr, keys_.key.data(), nonce.data(),
                            encrypt ? 1 : 0));
  int written = 0;
  if (is_ccm_)
    require(EVP_CipherUpdate(context_.get(), nullptr, &written, nullptr,
                             static_cast<int>(text_of(record).size())));
  require(EVP_CipherUpdate(context_.get(), nullptr, &written, aad.bytes.data(),
                           static_cast<int>(aad.size)));
}

// CCM needs the call even without any text, and pointers that are not null.
bool RecordAead::update(Bytes text, std::uint8_t* out) {
  std::uint8_t none[1];
  if (text.empty() && !is_ccm_) return true;
  int written = 0;
  return EVP_CipherUpdate(context_.get(), text.empty() ? none : out, &written,
                          text.empty() ? none : text.data(), static_cast<int>(text.size())) == 1;
}

void RecordAead::set_expected_tag(Bytes tag) {
  require(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, aead_tag_size,
                              const_cast<std::uint8_t*>(tag.data())));
}

bool RecordAead::open(Bytes record, std::uint64_t record_number, MutableBytes plaintext) {
  start(record, record_number, false);
  set_expected_tag(record.last(aead_tag_size));
  const bool updated = update(text_of(record), plaintext.data());
  // CCM checks before it gives anything out.
  if (is_ccm_) return updated;
  require(updated ? 1 : 0);
  int written = 0;
  std::uint8_t none[16];
  return EVP_CipherFinal_ex(context_.get(), none, &written) == 1;
}

void RecordAead::apply_key_stream(Bytes record, std::uint64_t record_number, MutableBytes out) {
  // Encrypting, CCM asks for no tag.
  start(record, record_number, is_ccm_);
  require(update(text_of(record), out.data()) ? 1 : 0);
}

void RecordAead::seal(MutableBytes record, std::uint64_t record_number) {
  start(record, record_number, true);
  require(update(text_of(record), record.data() + format_.prepend()) ? 1 : 0);
  int written = 0;
  std::uint8_t none[16];
  require(EVP_CipherFinal_ex(context_.get(), none, &written));
  require(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, aead_tag_size,
                              record.last(aead_tag_size).data()));
}

}  // namespace tlsnic
