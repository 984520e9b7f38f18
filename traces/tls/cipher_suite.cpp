#include "traces/tls/cipher_suite.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>

#include "protocol/openssl_cipher.h"
#include "protocol/record_aead.h"

namespace tlsnic::traces {
namespace {

const SSL_CIPHER* find(std::uint16_t number) {
  // OpenSSL asks for a connection object; the table behind it is the same for all.
  static const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_method()),
                                                                    &SSL_CTX_free);
  static const std::unique_ptr<SSL, void (*)(SSL*)> connection(
      context != nullptr ? SSL_new(context.get()) : nullptr, &SSL_free);
  if (connection == nullptr) throw std::runtime_error("OpenSSL makes no connection object");
  std::uint8_t wire[2];
  store_be16(wire, number);
  return SSL_CIPHER_find(connection.get(), wire);
}

// "AES-CBC", "AES-CCM", "NULL": the family without its key length.
std::string family(int cipher_nid) {
  switch (cipher_nid) {
    case NID_aes_128_cbc:
    case NID_aes_256_cbc:
      return "AES-CBC";
    case NID_aes_128_ccm:
    case NID_aes_256_ccm:
      return "AES-CCM";
    case NID_camellia_128_cbc:
    case NID_camellia_256_cbc:
      return "Camellia-CBC";
    case NID_undef:
      return "NULL";
    default:
      const char* name = OBJ_nid2sn(cipher_nid);
      return name != nullptr ? name : "unknown cipher";
  }
}

}  // namespace

CipherSuite cipher_suite(std::uint16_t number) {
  CipherSuite out;
  const SSL_CIPHER* entry = find(number);
  if (entry == nullptr) {
    out.name = fmt::format("0x{:04x}", number);
    out.obstacle = "unknown suite " + out.name;
    return out;
  }
  const char* name = SSL_CIPHER_standard_name(entry);
  out.name = name != nullptr ? name : SSL_CIPHER_get_name(entry);
  const int nid = SSL_CIPHER_get_cipher_nid(entry);
  out.cipher = tls_cipher(nid, out.name);
  if (out.cipher && !is_available(*out.cipher)) out.cipher.reset();
  if (!out.cipher) {
    out.obstacle = family(nid) + " suite";
    return out;
  }
  const EVP_MD* digest = SSL_CIPHER_get_handshake_digest(entry);
  if (digest != nullptr && EVP_MD_is_a(digest, "SHA384") == 1) out.digest = HandshakeDigest::sha384;
  // The first byte 0x13 is TLS 1.3's alone (RFC 8446, appendix B.4).
  if (number >> 8 == 0x13) out.version = TlsVersion::tls13;
  return out;
}

}  // namespace tlsnic::traces
