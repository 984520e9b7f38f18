#include "traces/tls/handshake_keys.h"

#include <fmt/format.h>

#include <string>

#include "traces/tls/key_schedule.h"

namespace tlsnic::traces {
namespace {

constexpr std::size_t master_secret_size = 48;

std::string name_of_version(std::uint16_t version) {
  switch (version) {
    case 0x0300:
      return "SSL 3.0";
    case 0x0301:
      return "TLS 1.0";
    case 0x0302:
      return "TLS 1.1";
    case 0x0303:
      return "TLS 1.2";
    case 0x0304:
      return "TLS 1.3";
    default:
      if (version >> 8 == 0x7f) return fmt::format("TLS 1.3 draft {}", version & 0xff);
      return fmt::format("version 0x{:04x}", version);
  }
}

// The secret, or why there is none of this size.
std::variant<const Secret*, Obstacle> find_secret(const KeyLog& key_log, const Session& session,
                                                  Label label, std::size_t size) {
  const Secret* secret = key_log.find(label, session.client_random);
  if (secret != nullptr && secret->size == size) return secret;
  // Its beginning is enough to find the line by; all of it would fill the terminal.
  std::string random;
  for (std::size_t i = 0; i < 8; ++i) random += fmt::format("{:02x}", session.client_random[i]);
  random += "...";
  if (secret == nullptr)
    return Obstacle{
        ObstacleKind::no_keys,
        fmt::format("the key log has no {} line for client random {}", to_string(label), random)};
  return Obstacle{
      ObstacleKind::no_keys,
      fmt::format("the key log's {} line for client random {} has a secret of {} bytes, "
                  "{} needs {}",
                  to_string(label), random, secret->size, session.cipher_suite_name, size)};
}

}  // namespace

std::optional<Obstacle> read_agreement(const ServerHello& hello, Session& session) {
  const CipherSuite suite = cipher_suite(hello.cipher_suite);
  session.version_name = name_of_version(hello.version);
  session.cipher_suite_name = suite.name;
  if (hello.version != static_cast<std::uint16_t>(TlsVersion::tls12) &&
      hello.version != static_cast<std::uint16_t>(TlsVersion::tls13))
    return Obstacle{ObstacleKind::unsupported_version,
                    session.version_name + " is not supported, only TLS 1.2 and TLS 1.3 are"};
  if (!suite.cipher)
    return Obstacle{
        ObstacleKind::unsupported_cipher,
        fmt::format("cipher suite {} is not supported: {}", suite.name, suite.obstacle)};
  session.version = static_cast<TlsVersion>(hello.version);
  if (suite.version != session.version)
    return Obstacle{ObstacleKind::malformed,
                    fmt::format("the ServerHello selects {} with {}, which it does not belong to",
                                suite.name, session.version_name)};
  if (hello.compression != 0)
    return Obstacle{ObstacleKind::unsupported_cipher,
                    fmt::format("compression method {} is not supported", hello.compression)};
  session.cipher = *suite.cipher;
  session.digest = suite.digest;
  session.is_negotiated = true;
  return std::nullopt;
}

std::variant<DirectionKeys, Obstacle> find_keys(const KeyLog& key_log, const Session& session,
                                                const ServerHello& hello, Direction direction) {
  const bool is_client = direction == Direction::client_to_server;
  DirectionKeys out;
  if (session.version == TlsVersion::tls12) {
    const auto master = find_secret(key_log, session, Label::client_random, master_secret_size);
    if (const auto* obstacle = std::get_if<Obstacle>(&master)) return *obstacle;
    const Tls12Keys keys =
        tls12_keys(session.cipher, session.digest, std::get<const Secret*>(master)->view(),
                   session.client_random, hello.random);
    out.handshake = out.start.keys = is_client ? keys.client_write : keys.server_write;
    out.start.record_number = 1;
    return out;
  }

  const std::size_t size = digest_size(session.digest);
  const auto handshake = find_secret(
      key_log, session,
      is_client ? Label::client_handshake_traffic_secret : Label::server_handshake_traffic_secret,
      size);
  if (const auto* obstacle = std::get_if<Obstacle>(&handshake)) return *obstacle;
  const auto traffic = find_secret(
      key_log, session, is_client ? Label::client_traffic_secret_0 : Label::server_traffic_secret_0,
      size);
  if (const auto* obstacle = std::get_if<Obstacle>(&traffic)) return *obstacle;
  out.handshake =
      tls13_keys(session.cipher, session.digest, std::get<const Secret*>(handshake)->view());
  out.start.keys =
      tls13_keys(session.cipher, session.digest, std::get<const Secret*>(traffic)->view());
  out.start.traffic_secret = *std::get<const Secret*>(traffic);
  return out;
}

}  // namespace tlsnic::traces
