#include "scenarios/run/flow.h"

namespace tlsnic::scenarios {
namespace {

constexpr std::uint32_t ports_per_address = 50'000;
constexpr std::uint16_t first_port = 10'000;
constexpr std::uint16_t server_port = 443;

}  // namespace

FourTuple flow_tuple(std::uint32_t index) {
  const std::uint32_t host = 1 + index / ports_per_address;
  FourTuple tuple;
  tuple.source.address.bytes = {10, 0, static_cast<std::uint8_t>(host >> 8),
                                static_cast<std::uint8_t>(host & 0xff)};
  tuple.source.port = static_cast<std::uint16_t>(first_port + index % ports_per_address);
  tuple.destination.address.bytes = {10, 128, 0, 1};
  tuple.destination.port = server_port;
  return tuple;
}

std::optional<std::uint32_t> flow_index(const Endpoint& client, std::size_t count) {
  const auto& ip = client.address.bytes;
  if (client.address.is_ipv6 || ip[0] != 10 || ip[1] != 0 || client.port < first_port)
    return std::nullopt;
  const std::uint32_t host = std::uint32_t{ip[2]} << 8 | ip[3];
  const std::uint32_t index = (host - 1) * ports_per_address + (client.port - first_port);
  if (index >= count) return std::nullopt;
  return index;
}

}  // namespace tlsnic::scenarios
