// Which local ports of a host are taken, and who listens on them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "host_stack/socket/tcp_socket.h"

namespace tlsnic::host {

// What a socket asks for before it has a connection; nothing: as the host's TcpSettings say.
struct ConnectionOptions {
  std::optional<std::size_t> send_buffer;     // bytes
  std::optional<std::size_t> receive_buffer;  // bytes
  bool no_delay = false;                      // TCP_NODELAY
};

// A listening socket as its host sees it.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  // For one more connection. If not, the SYN is dropped; the peer will repeat it.
  virtual bool has_room() = 0;
  virtual const ConnectionOptions& connection_options() const = 0;
  // From within the arrival of a SYN. It may set the socket's events.
  virtual void arrived(TcpSocket& socket) = 0;
};

// A port that a socket is bound to.
struct PortClaim {
  Endpoint local;  // address all zero: each of the host's
  bool ipv6_only = false;
  bool reuse_address = false;    // SO_REUSEADDR
  Acceptor* acceptor = nullptr;  // not null: listens
};

bool is_wildcard(const Address& address);

class PortTable {
 public:
  // Linux's ip_local_port_range.
  static constexpr std::uint16_t first_ephemeral = 32768;
  static constexpr std::uint16_t last_ephemeral = 60999;

  // bind(): port 0 takes a free one and puts it into the claim, which stays where it is until
  // release(). 0 or EADDRINUSE.
  int claim(PortClaim& claim);
  void release(PortClaim& claim);
  // listen() on a port that is claimed. 0 or EADDRINUSE: another one listens, too.
  int listen(PortClaim& claim, Acceptor& acceptor);
  // Null if nobody listens there. The exact address goes before all addresses.
  Acceptor* find(const Endpoint& local) const;

  // A port for a connection of a socket that is not bound; `is_free` says whether the connection
  // can have it. Nothing if it says no to all.
  std::optional<std::uint16_t> pick(const std::function<bool(std::uint16_t)>& is_free);
  bool is_claimed(std::uint16_t port) const { return claims_.count(port) != 0; }

  // Connections keep others from binding to their port, unless with SO_REUSEADDR.
  void connection_added(std::uint16_t port) { ++connections_[port]; }
  void connection_removed(std::uint16_t port);

 private:
  bool conflicts(const PortClaim& claim, bool listens) const;

  std::uint16_t next_ = first_ephemeral;
  std::unordered_map<std::uint16_t, std::vector<PortClaim*>> claims_;
  std::unordered_map<std::uint16_t, std::uint32_t> connections_;
};

}  // namespace tlsnic::host
