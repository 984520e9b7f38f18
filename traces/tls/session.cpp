#include "traces/tls/session.h"

namespace tlsnic::traces {

const char* to_string(ObstacleKind kind) {
  switch (kind) {
    case ObstacleKind::no_syn:
      return "no-syn";
    case ObstacleKind::not_tls:
      return "not-tls";
    case ObstacleKind::handshake_incomplete:
      return "handshake-incomplete";
    case ObstacleKind::unsupported_version:
      return "unsupported-version";
    case ObstacleKind::unsupported_cipher:
      return "unsupported-cipher";
    case ObstacleKind::no_keys:
      return "no-keys";
    case ObstacleKind::wrong_keys:
      return "wrong-keys";
    case ObstacleKind::early_data:
      return "early-data";
    case ObstacleKind::malformed:
      return "malformed";
    case ObstacleKind::too_large:
      return "too-large";
  }
  return "unknown";
}

}  // namespace tlsnic::traces
