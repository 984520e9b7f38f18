// sockaddr_in and sockaddr_in6 as system calls take and give them.
#pragma once

#include <sys/socket.h>

#include <string>

#include "protocol/frame.h"

namespace tlsnic::host {

// The address of a socket of this family (AF_INET, AF_INET6), which may be an IPv4-mapped one for
// IPv6 (RFC 4291, section 2.5.5.2): that is IPv4 from here on. 0, EFAULT, EINVAL (too short) or
// EAFNOSUPPORT.
int read_socket_address(int family, const sockaddr* address, socklen_t length, Endpoint& out);

// As much as *length has room for; *length is the whole size then. 0, EFAULT or EINVAL (a length
// below zero).
int write_socket_address(int family, const Endpoint& endpoint, sockaddr* address,
                         socklen_t* length);

// For applications: "10.0.0.2" or "fd00::2", port in host order. The size is that of what is used.
struct SocketAddress {
  SocketAddress(const std::string& address, std::uint16_t port);
  explicit SocketAddress(const Endpoint& endpoint);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  sockaddr_storage storage{};
  socklen_t size = 0;  // 0: `address` is none
};

}  // namespace tlsnic::host
