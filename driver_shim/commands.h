// Commands of the programming interface, filled in.
#pragma once

#include <algorithm>
#include <cstdint>

#include "host_stack/netdev/tls_dev.h"
#include "hw_model/abi/commands.h"

namespace tlsnic::driver {

inline tlsnic_command make_command(std::uint32_t opcode, std::uint32_t object) {
  tlsnic_command out{};
  out.opcode = static_cast<std::uint8_t>(opcode);
  out.object = object;
  return out;
}

inline tlsnic_command make_key_command(std::uint32_t index, const TrafficKeys& keys) {
  tlsnic_command out = make_command(TLSNIC_CMD_KEY_CREATE, index);
  out.body.key.length = static_cast<std::uint32_t>(keys.key_size());
  std::copy_n(keys.key.begin(), keys.key_size(), out.body.key.key);
  return out;
}

inline tlsnic_command make_flow_command(std::uint32_t opcode, std::uint32_t object,
                                        const FourTuple& tuple) {
  tlsnic_command out = make_command(opcode, object);
  tlsnic_flow& flow = out.body.flow;
  std::copy_n(tuple.source.address.bytes.begin(), 16, flow.source);
  std::copy_n(tuple.destination.address.bytes.begin(), 16, flow.destination);
  flow.source_port = tuple.source.port;
  flow.destination_port = tuple.destination.port;
  flow.is_ipv6 = tuple.source.address.is_ipv6 ? 1 : 0;
  return out;
}

inline std::uint8_t version_code(TlsVersion version) {
  return version == TlsVersion::tls13 ? TLSNIC_TLS_1_3 : TLSNIC_TLS_1_2;
}

}  // namespace tlsnic::driver
