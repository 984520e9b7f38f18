// TLS handshake messages (RFC 5246 section 7.4, RFC 8446 section 4), as far as a follower needs
// them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::traces {

constexpr std::uint8_t handshake_client_hello = 1;
constexpr std::uint8_t handshake_server_hello = 2;
constexpr std::uint8_t handshake_encrypted_extensions = 8;
constexpr std::uint8_t handshake_finished = 20;
constexpr std::uint8_t handshake_key_update = 24;

struct ClientHello {
  std::array<std::uint8_t, 32> random{};
  bool offers_early_data = false;
};

struct ServerHello {
  std::uint16_t version = 0;  // extension supported_versions counted in
  std::array<std::uint8_t, 32> random{};
  std::uint16_t cipher_suite = 0;
  std::uint8_t compression = 0;
  bool is_retry_request = false;  // RFC 8446, section 4.1.3
};

// body: the message without its 4-byte header. Nothing if lengths in it contradict each other.
std::optional<ClientHello> parse_client_hello(Bytes body);
std::optional<ServerHello> parse_server_hello(Bytes body);
// Whether the extension early_data is among them.
std::optional<bool> parse_encrypted_extensions(Bytes body);

// Cuts the handshake protocol's byte stream, as it comes in record fragments, into messages. Bodies
// are kept only of the three types parsed above; a Certificate of any size costs nothing.
class MessageReader {
 public:
  static constexpr std::size_t max_kept_body = 128 * 1024;

  enum class Status { need_more, message, too_large };

  // Takes bytes from the front of fragment up to the end of a message, or all of them.
  Status next(Bytes& fragment);

  // Of the message that next() reported; the body is empty for types that are not kept, and valid
  // until the next call.
  std::uint8_t type() const { return header_[0]; }
  Bytes body() const { return body_; }
  std::size_t body_size() const { return load_be24(header_.data() + 1); }

  // True between messages.
  bool at_boundary() const { return header_bytes_ == 0; }

 private:
  bool is_kept() const;

  std::array<std::uint8_t, 4> header_{};
  std::size_t header_bytes_ = 0;
  std::size_t body_left_ = 0;
  std::vector<std::uint8_t> body_;
};

}  // namespace tlsnic::traces
