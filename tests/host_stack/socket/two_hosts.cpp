#include "tests/host_stack/socket/two_hosts.h"

#include <algorithm>

#include "tests/support/capture_builder.h"

namespace tlsnic::host::test {
namespace {

HostSettings at_address(HostSettings settings, std::uint8_t last) {
  settings.ipv4 = {{10, 0, 0, last}, false};
  settings.ipv6 = {{0xfd}, true};
  settings.ipv6.bytes[15] = last;
  return settings;
}

}  // namespace

TwoHosts::TwoHosts(const HostSettings& settings)
    : addresses{testing::endpoint("10.0.0.2", 50000), testing::endpoint("10.0.0.1", 443)},
      client(at_address(settings, 2), &clock),
      server(at_address(settings, 1), &clock) {
  client.netdev().netdev_ops = &client_port_;
  server.netdev().netdev_ops = &server_port_;
}

// The frames of one segment arrive within one poll.
void TwoHosts::Port::start_xmit(netdev::TxSkb skb) {
  std::vector<std::vector<std::uint8_t>> arriving;
  for (auto& frame : cut_into_frames(skb)) {
    const std::size_t side = is_client ? 0 : 1;
    world.acks[side] += skb.payload_size == 0 ? 1 : 0;
    const std::size_t number = world.frames[side]++;
    if (!world.loses || !world.loses(is_client, number)) arriving.push_back(std::move(frame));
  }
  Host& to = is_client ? world.server : world.client;
  const auto arrive = [this, &to, arriving] {
    for (const auto& frame : arriving) {
      netdev::SkBuff arrived;
      arrived.buffer = netdev::PacketBuffer(frame.size());
      arrived.length = static_cast<std::uint32_t>(frame.size());
      std::copy(frame.begin(), frame.end(), arrived.buffer.data());
      if (world.device) world.device(!is_client, arrived);
      to.netif_receive_skb(std::move(arrived));
    }
    to.napi_complete();
  };
  world.clock.call_at(world.clock.now_ns() + world.delay_ns, arrive);
}

void TwoHosts::connect() {
  server.listen(
      443, [] { return 7000u; }, [this](TcpSocket& socket) { at_server = &socket; });
  at_client = &client.connect(addresses, 0xfffffff0, nullptr);
  run();
}

void TwoHosts::run() {
  clock.run();
}

std::vector<std::uint8_t> TwoHosts::read_all(TcpSocket& socket) {
  std::vector<std::uint8_t> out;
  std::uint8_t buffer[4096];
  while (const std::size_t size = socket.read(buffer)) out.insert(out.end(), buffer, buffer + size);
  while (const auto record = socket.read_record().record)
    for (const Bytes piece : record->plaintext) out.insert(out.end(), piece.begin(), piece.end());
  return out;
}

}  // namespace tlsnic::host::test
