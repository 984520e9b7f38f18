// What the examples with OpenSSL begin with.
#pragma once

#include <stdexcept>

#include "examples/connection.h"
#include "host_stack/openssl/tls_session.h"

namespace examples {

using tlsnic::host::RecordLayer;
using tlsnic::host::TlsSession;

// The same keys and the same bytes on every run: a simulation's random numbers come from a seed.
struct OpensslContexts {
  OpensslContexts(tlsnic::TlsVersion version, tlsnic::host::KtlsUse ktls)
      : settings(make_settings(version, ktls)) {}

  static tlsnic::host::TlsSettings make_settings(tlsnic::TlsVersion version,
                                                 tlsnic::host::KtlsUse ktls) {
    tlsnic::host::TlsSettings out;
    out.version = version;
    out.ktls = ktls;
    out.ktls_rx_tls13 = ktls.rx;
    return out;
  }

  tlsnic::host::DeterministicRandom random{1};
  tlsnic::host::Identity identity{random, 1};
  tlsnic::host::TlsSettings settings;
  tlsnic::host::TlsContext client{random, identity, tlsnic::host::TlsRole::client, settings};
  tlsnic::host::TlsContext server{random, identity, tlsnic::host::TlsRole::server, settings};
};

inline const char* to_text(RecordLayer layer) {
  constexpr const char* texts[] = {"OpenSSL", "TLS_SW", "TLS_HW"};
  return texts[static_cast<std::size_t>(layer)];
}

inline sockaddr_in server_address() {
  return {AF_INET, htons(443), {inet_addr("10.0.0.2")}, {}};
}

// A TCP connection that a client has made.
inline int accept_one(Process& process) {
  const sockaddr_in address = server_address();
  const int listener = must("socket", process.socket(AF_INET, SOCK_STREAM, 0));
  must("bind",
       process.bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  must("listen", process.listen(listener, 1));
  const int fd = must("accept", process.accept(listener, nullptr, nullptr));
  must("close", process.close(listener));
  return fd;
}

inline int connect_to_server(Process& process) {
  const sockaddr_in address = server_address();
  const int fd = must("socket", process.socket(AF_INET, SOCK_STREAM, 0));
  must("connect",
       process.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  return fd;
}

}  // namespace examples
