#include "host_stack/socket/socket.h"

#include <cerrno>
#include <utility>

namespace tlsnic::host {

Socket::Socket(const SocketEnvironment& environment, const FourTuple& received,
               std::uint32_t initial_sequence, bool flow_controlled)
    : environment_(environment),
      flow_controlled_(flow_controlled),
      queue_(initial_sequence, environment.rcvbuf, environment.out_of_order_memory) {
  connection_.received = received;
}

bool Socket::deliver(netdev::SkBuff skb, const ParsedFrame& parsed) {
  const bool was_readable = readable();
  const bool new_reset = parsed.has(tcp_rst) && !reset_received_;
  reset_received_ |= new_reset;
  const bool had_fin = queue_.fin_reached();
  const bool marked = skb.decrypted;
  const bool progress = queue_.receive(std::move(skb), parsed);
  const bool new_end = new_reset || (queue_.fin_reached() && !had_fin);
  if (rx_ == nullptr) return new_end || progress;
  rx_->data_arrived(marked);
  return new_end || (!was_readable && readable());
}

std::size_t Socket::peek(MutableBytes out) const {
  return rx_ != nullptr ? 0 : queue_.copy(out);
}

std::size_t Socket::read(MutableBytes out) {
  const std::size_t n = peek(out);
  queue_.consume(n);
  return n;
}

void Socket::consume(std::size_t n) {
  queue_.consume(n);
  if (rx_ != nullptr) rx_->bytes_stolen();
}

int Socket::set_tls_rx(const netdev::TlsCryptoInfo& crypto_info) {
  if (rx_ != nullptr) return rx_->rekey(crypto_info);
  RxSettings settings = environment_.rx;
  settings.flow_controlled = flow_controlled_;
  auto rx = std::make_unique<Rx>(*environment_.route.device, connection_, queue_,
                                 environment_.tls_stat, environment_.probes, settings);
  const int error = rx->install(crypto_info);
  if (error == 0) rx_ = std::move(rx);
  return error;
}

ReadResult Socket::read_record() {
  if (rx_ == nullptr) return {EINVAL, std::nullopt};
  return rx_->read();
}

bool Socket::at_end() const {
  const bool ended = queue_.fin_reached() || reset_received_;
  return ended && !readable() && (rx_ == nullptr || !rx_->rekey_due());
}

bool Socket::readable() const {
  return rx_ != nullptr ? rx_->readable() : queue_.available() > 0;
}

}  // namespace tlsnic::host
