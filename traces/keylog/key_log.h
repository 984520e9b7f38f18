// The NSS key log format (SSLKEYLOGFILE): what a TLS library writes so that captures can be read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::traces {

enum class Label : std::uint8_t {
  client_random,  // TLS 1.2: the master secret
  client_early_traffic_secret,
  client_handshake_traffic_secret,
  server_handshake_traffic_secret,
  client_traffic_secret_0,
  server_traffic_secret_0,
};

// As the key log spells it: "CLIENT_RANDOM".
std::string_view to_string(Label label);

using ClientRandom = std::array<std::uint8_t, 32>;

// TLS 1.2: 48 bytes. TLS 1.3: as long as the cipher suite's hash, 32 or 48 bytes.
struct Secret {
  static constexpr std::size_t max_size = 48;

  std::array<std::uint8_t, max_size> bytes{};
  std::uint8_t size = 0;

  Bytes view() const { return Bytes(bytes.data(), size); }
};

class KeyLog {
 public:
  // Null if the log has no such line. Valid until the log is changed.
  const Secret* find(Label label, const ClientRandom& client_random) const;
  // Null, too, for anything but 32 bytes.
  const Secret* find(Label label, Bytes client_random) const;

  // The last secret counts where a label and client random come twice.
  void add(Label label, const ClientRandom& client_random, const Secret& secret);
  // Takes over what this log does not have; its own lines win.
  void merge(const KeyLog& other);

  std::size_t size() const { return secrets_.size(); }
  bool empty() const { return secrets_.empty(); }

 private:
  std::map<std::pair<Label, ClientRandom>, Secret> secrets_;
};

// Reads key log text; `name` stands in warnings and errors. Comments, blank lines, CRLF, lower and
// upper case hex, a byte order mark and extra blanks are fine; labels that are no use here
// (EXPORTER_SECRET, RSA, ECH_..., QUIC_...) are passed over.
//
// A broken line gives a warning "NAME: line N: found X, expected Y", which never shows a secret,
// and the other lines count. After 100 warnings only their number is told. Throws InputError if
// every line is broken.
KeyLog parse_key_log(std::string_view text, const std::string& name,
                     std::vector<std::string>& warnings);

// The same for a file (or pipe). Throws InputError if it cannot be read or exceeds 256 MiB.
KeyLog read_key_log(const std::string& path, std::vector<std::string>& warnings);

}  // namespace tlsnic::traces
