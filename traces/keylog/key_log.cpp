#include "traces/keylog/key_log.h"

#include <algorithm>

namespace tlsnic::traces {

std::string_view to_string(Label label) {
  switch (label) {
    case Label::client_random:
      return "CLIENT_RANDOM";
    case Label::client_early_traffic_secret:
      return "CLIENT_EARLY_TRAFFIC_SECRET";
    case Label::client_handshake_traffic_secret:
      return "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
    case Label::server_handshake_traffic_secret:
      return "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    case Label::client_traffic_secret_0:
      return "CLIENT_TRAFFIC_SECRET_0";
    case Label::server_traffic_secret_0:
      return "SERVER_TRAFFIC_SECRET_0";
  }
  return "";
}

const Secret* KeyLog::find(Label label, const ClientRandom& client_random) const {
  const auto found = secrets_.find({label, client_random});
  return found != secrets_.end() ? &found->second : nullptr;
}

const Secret* KeyLog::find(Label label, Bytes client_random) const {
  ClientRandom key;
  if (client_random.size() != key.size()) return nullptr;
  std::copy(client_random.begin(), client_random.end(), key.begin());
  return find(label, key);
}

void KeyLog::add(Label label, const ClientRandom& client_random, const Secret& secret) {
  secrets_[{label, client_random}] = secret;
}

void KeyLog::merge(const KeyLog& other) {
  secrets_.insert(other.secrets_.begin(), other.secrets_.end());
}

}  // namespace tlsnic::traces
