// The two directions of a TCP connection.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tlsnic::traces {

enum class Direction : std::uint8_t { client_to_server = 0, server_to_client = 1 };

constexpr Direction opposite(Direction direction) {
  return direction == Direction::client_to_server ? Direction::server_to_client
                                                  : Direction::client_to_server;
}
// For arrays with one element per direction.
constexpr std::size_t index_of(Direction direction) {
  return static_cast<std::size_t>(direction);
}
// "client" or "server".
constexpr const char* sender_of(Direction direction) {
  return direction == Direction::client_to_server ? "client" : "server";
}

}  // namespace tlsnic::traces
