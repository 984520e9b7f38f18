// OpenSSL's contexts for the connections of a scenario: one for each version, cipher and side.
#pragma once

#include <map>
#include <tuple>

#include "host_stack/openssl/tls_context.h"
#include "scenarios/scenario.h"

namespace tlsnic::scenarios {

class OpensslContexts {
 public:
  explicit OpensslContexts(std::uint64_t seed) : random_(seed), identity_(random_, seed) {}

  const host::TlsContext& context(const FlowSettings& flow, bool is_server) {
    host::TlsSettings settings;
    settings.version = flow.version;
    settings.cipher = flow.cipher;
    settings.ktls = {true, flow.keys_rx};
    settings.ktls_rx_tls13 = flow.keys_rx;
    const auto role = is_server ? host::TlsRole::server : host::TlsRole::client;
    const auto key = std::make_tuple(flow.version, flow.cipher, flow.keys_rx, is_server);
    return contexts_.try_emplace(key, random_, identity_, role, settings).first->second;
  }

 private:
  host::DeterministicRandom random_;
  host::Identity identity_;
  std::map<std::tuple<TlsVersion, TlsCipher, bool, bool>, host::TlsContext> contexts_;
};

}  // namespace tlsnic::scenarios
