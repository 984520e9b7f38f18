// Two hosts without chips: what one sends is cut into frames, which the other gets after a delay.
#pragma once

#include <functional>
#include <vector>

#include "host_stack/host.h"
#include "tests/host_stack/tcp/simulation.h"

namespace tlsnic::host::test {

class TwoHosts {
 public:
  explicit TwoHosts(const HostSettings& settings = {});

  // The handshake is over on both sides.
  void connect();
  // Until nothing happens any more.
  void run();
  // All that was written is read, records included.
  std::vector<std::uint8_t> read_all(TcpSocket& socket);

  const FourTuple addresses;  // as the client sends
  EventQueue clock;
  std::uint64_t delay_ns = ns_per_ms;
  // Frames sent by the client (or else the server) that the wire loses; by number, from 0.
  std::function<bool(bool by_client, std::size_t number)> loses;
  // What the receiving side's device does with a frame on its way up. Empty: nothing.
  std::function<void(bool to_client, netdev::SkBuff&)> device;
  std::array<std::size_t, 2> frames{};  // sent by client, server
  std::array<std::size_t, 2> acks{};    // of those, without payload
  Host client;
  Host server;
  TcpSocket* at_client = nullptr;
  TcpSocket* at_server = nullptr;

 private:
  struct Port : netdev::NetDeviceOps {
    Port(TwoHosts& w, bool c) : world(w), is_client(c) {}
    void start_xmit(netdev::TxSkb skb) override;
    TwoHosts& world;
    bool is_client;
  };
  Port client_port_{*this, true};
  Port server_port_{*this, false};
};

}  // namespace tlsnic::host::test
