#include "host_stack/syscalls/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "host_stack/syscalls/process.h"

namespace tlsnic::host {
namespace {

constexpr std::uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr socklen_t shortest_in6 = offsetof(sockaddr_in6, sin6_scope_id);  // RFC 2133's

sockaddr_in to_in(const Endpoint& endpoint) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(endpoint.port);
  std::memcpy(&out.sin_addr, endpoint.address.bytes.data(), 4);
  return out;
}

sockaddr_in6 to_in6(const Endpoint& endpoint) {
  sockaddr_in6 out{};
  out.sin6_family = AF_INET6;
  out.sin6_port = htons(endpoint.port);
  if (endpoint.address.is_ipv6) {
    std::memcpy(&out.sin6_addr, endpoint.address.bytes.data(), 16);
  } else {
    std::memcpy(&out.sin6_addr, mapped_prefix, 12);
    std::memcpy(out.sin6_addr.s6_addr + 12, endpoint.address.bytes.data(), 4);
  }
  return out;
}

}  // namespace

int read_socket_address(int family, const sockaddr* address, socklen_t length, Endpoint& out) {
  if (is_bad_address(address)) return EFAULT;
  const bool ipv6 = family == AF_INET6;
  if (length < (ipv6 ? shortest_in6 : sizeof(sockaddr_in))) return EINVAL;
  sockaddr_in6 in6{};
  std::memcpy(&in6, address, std::min<std::size_t>(length, sizeof in6));
  if (in6.sin6_family != family) return EAFNOSUPPORT;
  out = {};
  out.port = ntohs(in6.sin6_port);
  if (!ipv6) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    std::memcpy(out.address.bytes.data(), &in.sin_addr, 4);
  } else if (std::memcmp(&in6.sin6_addr, mapped_prefix, 12) == 0) {
    std::memcpy(out.address.bytes.data(), in6.sin6_addr.s6_addr + 12, 4);
  } else {
    out.address.is_ipv6 = true;
    std::memcpy(out.address.bytes.data(), &in6.sin6_addr, 16);
  }
  return 0;
}

int write_socket_address(int family, const Endpoint& endpoint, sockaddr* address,
                         socklen_t* length) {
  if (is_bad_address(address) || is_bad_address(length)) return EFAULT;
  if (*length > static_cast<socklen_t>(INT32_MAX)) return EINVAL;
  const sockaddr_in in = to_in(endpoint);
  const sockaddr_in6 in6 = to_in6(endpoint);
  const bool ipv6 = family == AF_INET6;
  const socklen_t size = ipv6 ? sizeof in6 : sizeof in;
  std::memcpy(address, ipv6 ? static_cast<const void*>(&in6) : &in, std::min(*length, size));
  *length = size;
  return 0;
}

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  size = sizeof storage;
  write_socket_address(endpoint.address.is_ipv6 ? AF_INET6 : AF_INET, endpoint,
                       reinterpret_cast<sockaddr*>(&storage), &size);
}

SocketAddress::SocketAddress(const std::string& address, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.port = port;
  std::uint8_t* bytes = endpoint.address.bytes.data();
  endpoint.address.is_ipv6 = inet_pton(AF_INET, address.c_str(), bytes) != 1;
  if (endpoint.address.is_ipv6 && inet_pton(AF_INET6, address.c_str(), bytes) != 1) return;
  *this = SocketAddress(endpoint);
}

}  // namespace tlsnic::host
