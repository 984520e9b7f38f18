#include "host_stack/host.h"

#include <utility>

#include "protocol/checksum.h"

namespace tlsnic::host {

Host::Host(const HostSettings& settings, Clock* clock)
    : route_{&netdev_, {}, {}},
      clock_(clock),
      tcp_settings_(settings.tcp),
      out_of_order_memory_{settings.tcp_mem},
      tx_memory_{settings.tx_memory},
      environment_{route_,
                   tls_stat_,
                   probes_,
                   {settings.tls13_offload},
                   {settings.tls13_offload, settings.zerocopy_ro, &tx_memory_},
                   settings.gro,
                   settings.rcvbuf,
                   &out_of_order_memory_},
      ipv4_(settings.ipv4),
      ipv6_(settings.ipv6) {}

Host::~Host() {
  if (sweep_timer_ != no_timer) clock_->cancel(sweep_timer_);
  while (!sockets_.empty()) remove(sockets_.begin()->first);
}

void Host::device_down(netdev::NetDevice& device) {
  device.is_up = false;
  for (auto& [tuple, socket] : sockets_) socket->device_down(device);
  for (TcpSocket* socket : in_order_) socket->device_down(device);
}

Socket& Host::open(const FourTuple& received, std::uint32_t initial_sequence) {
  remove(received);
  auto socket = std::make_unique<Socket>(environment_, received, initial_sequence);
  return *(sockets_[received] = std::move(socket));
}

void Host::remove(const FourTuple& received) {
  last_ = nullptr;
  // Out of the map first: a driver that looks while its context is deleted must not find it.
  const auto socket = sockets_.extract(received);
}

Socket* Host::find(const FourTuple& received) {
  if (last_ != nullptr && last_->received() == received) return last_;
  const auto found = sockets_.find(received);
  if (found == sockets_.end()) return nullptr;
  return last_ = found->second.get();
}

void Host::netif_receive_skb(netdev::SkBuff skb) {
  ++statistics_.received;
  const Bytes frame = skb.frame();
  ParsedFrame parsed = parse_frame(frame);
  if (parsed.kind != FrameKind::tcp) {
    ++statistics_.not_tcp;
    return;
  }
  if (!skb.checksum_verified && !tcp_checksum_is_right(frame, parsed)) {
    ++statistics_.checksum_errors;
    if (probes_.probe != nullptr) probes_.probe->checksum_dropped(parsed);
    return;
  }
  if (route_.ingress) route_.ingress(parsed.tuple);
  TcpSocket* tcp = find_tcp(parsed.tuple);
  if (tcp == nullptr || makes_way(*tcp, parsed)) tcp = accept(parsed);
  if (tcp != nullptr) {
    tcp->receive(std::move(skb), parsed);
    if (tcp->is_merging() && (merging_.empty() || merging_.back() != tcp)) merging_.push_back(tcp);
    return;
  }
  Socket* socket = find(parsed.tuple);
  if (socket == nullptr) {
    ++statistics_.no_socket;
    refuse(parsed);
    return;
  }
  if (socket->deliver(std::move(skb), parsed) && data_ready_) data_ready_(*socket);
}

void Host::napi_complete() {
  for (TcpSocket* socket : merging_) socket->flush_gro();
  merging_.clear();
}

netdev::TlsConnection* Host::find_tls_connection(const FourTuple& received) {
  if (TcpSocket* tcp = find_tcp(received)) return tcp->offloaded_connection();
  Socket* socket = find(received);
  return socket != nullptr ? socket->offloaded_connection() : nullptr;
}

}  // namespace tlsnic::host
