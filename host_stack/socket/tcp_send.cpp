// The sending part of a TCP socket (Linux: tcp_sendmsg below, kTLS above).
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "host_stack/socket/tcp_socket.h"

namespace tlsnic::host {
namespace {

bool may_send_in(TcpState state) {
  return state == TcpState::syn_sent || state == TcpState::syn_received ||
         state == TcpState::established || state == TcpState::close_wait;
}

}  // namespace

int TcpSocket::send_error() const {
  if (error() != 0) return error();
  return is_send_shutdown() || !may_send_in(state()) ? EPIPE : 0;
}

void TcpSocket::report_error(int error) {
  set_error(error);
  if (events_ != nullptr) events_->readable();
}

// TCP clears sk_err where kTLS does not.
int TcpSocket::take_send_error() {
  const int result = send_error();
  take_error();
  return result;
}

SendResult TcpSocket::plain_result(std::size_t taken, std::size_t size, SendFlags flags) {
  if (taken < size) return {taken == 0 ? EAGAIN : 0, taken};
  if (flags.eor) endpoint_.fence();
  return {flags.faulty ? EFAULT : 0, taken};
}

SendResult TcpSocket::send(gsl::span<const Bytes> parts, SendFlags flags) {
  if (tx_) return tx_->send(parts, flags);
  if (const int error = take_send_error(); error != 0) return {error, 0};
  const std::size_t size = bytes_in(parts);
  if (parts.size() == 1) {
    const std::size_t taken = endpoint_.send_copy(parts[0], {false, flags.more});
    return plain_result(taken, size, flags);
  }
  constexpr std::size_t largest_copy = std::size_t{1} << 20;
  const std::size_t room = std::min({size, endpoint_.send_space(), largest_copy});
  if (room == 0) return plain_result(0, size, flags);
  std::shared_ptr<std::uint8_t[]> copy(new std::uint8_t[room]);
  std::size_t filled = 0;
  for (const Bytes part : parts) {
    const std::size_t n = std::min(part.size(), room - filled);
    if (n > 0) std::memcpy(copy.get() + filled, part.data(), n);
    filled += n;
  }
  const std::uint8_t* data = copy.get();
  const std::size_t taken =
      endpoint_.send({std::move(copy), data, static_cast<std::uint32_t>(room)},
                     {false, flags.more || room < size});
  return plain_result(taken, size, flags);
}

SendResult TcpSocket::send_pages(gsl::span<const netdev::TxPiece> pages, SendFlags flags) {
  if (tx_) return tx_->send_pages(pages, flags);
  if (const int error = take_send_error(); error != 0) return {error, 0};
  std::size_t sent = 0;
  for (const netdev::TxPiece& page : pages) {
    if (page.size == 0) continue;
    if (endpoint_.send_space() == 0) break;
    const std::uint32_t taken = endpoint_.send(page, {false, flags.more});
    sent += taken;
    if (taken < page.size) break;
  }
  return plain_result(sent, bytes_in(pages), flags);
}

SendResult TcpSocket::send_control(std::uint8_t type, gsl::span<const Bytes> parts,
                                   SendFlags flags) {
  if (!tx_) return {EINVAL, 0};
  return tx_->send_control(type, parts, flags);
}

SendResult TcpSocket::splice_eof() {
  if (tx_) return tx_->splice_eof();
  if (may_send_in(state())) endpoint_.push();
  return {};
}

int TcpSocket::set_tls_tx(const TxCryptoInfo& crypto_info) {
  if (tx_) return tx_->rekey(crypto_info);
  // Half closed will do: who has said all can still be answered.
  if (!receiving_ || endpoint_.state() < TcpState::established) return ENOTCONN;
  tx_.emplace(environment_.route.device, receiving_->connection(), static_cast<TcpSendSide&>(*this),
              environment_.tls_stat, environment_.probes, environment_.tx);
  const int error = tx_->install(crypto_info);
  if (error != 0) tx_.reset();
  return error;
}

}  // namespace tlsnic::host
