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

}  // namespace examples
