#include "host_stack/socket/blocking_socket.h"

#include <cerrno>

namespace tlsnic::host {
namespace {

sc_core::sc_time nanoseconds(std::uint64_t ns) {
  return sc_core::sc_time(static_cast<double>(ns), sc_core::SC_NS);
}

}  // namespace

BlockingSocket::BlockingSocket(Host& host, const FourTuple& sent, std::uint32_t initial_sequence,
                               SchedulingDelay delay)
    : socket_(host.connect(sent, initial_sequence, this)), wakeup_(nanoseconds(delay.wakeup_ns)) {}

BlockingSocket::BlockingSocket(TcpSocket& accepted, SchedulingDelay delay)
    : socket_(accepted), wakeup_(nanoseconds(delay.wakeup_ns)) {
  socket_.set_events(this);
}

void BlockingSocket::closed(int error) {
  is_closed_ = true;
  error_ = error;
  changed();
}

void BlockingSocket::changed() {
  event_.notify(wakeup_);
}

void BlockingSocket::wait_for_change() {
  sc_core::wait(event_);
}

int BlockingSocket::wait_established() {
  while (socket_.state() == TcpState::syn_sent || socket_.state() == TcpState::listen ||
         socket_.state() == TcpState::syn_received)
    wait_for_change();
  return is_closed_ ? error_ : 0;
}

void BlockingSocket::wait_closed() {
  socket_.shutdown();
  while (!is_closed_ && socket_.state() != TcpState::time_wait) wait_for_change();
  socket_.close();
}

// attempt(done): sends what follows the first `done` bytes.
template <typename Try>
SendResult BlockingSocket::send_all(std::size_t size, Try attempt) {
  SendResult result;
  do {
    if (is_closed_) {
      result.error = error_ != 0 ? error_ : EPIPE;
      return result;
    }
    const SendResult step = attempt(result.taken);
    result.taken += step.taken;
    if (step.error != 0 && step.error != EAGAIN) {
      result.error = step.error;
      return result;
    }
    // A record of which TCP took a part would be lost at close (facts 1.15): a blocking send waits
    // for room for all of it.
    if (!socket_.is_flushed()) {
      while (!socket_.is_flushed() && !is_closed_) wait_for_change();
    } else if (result.taken < size && step.taken == 0) {
      wait_for_change();
    }
  } while (result.taken < size);
  return result;
}

SendResult BlockingSocket::send(Bytes data, SendFlags flags) {
  return send_all(data.size(),
                  [&](std::size_t done) { return socket_.send(data.subspan(done), flags); });
}

SendResult BlockingSocket::send_control(std::uint8_t type, Bytes data) {
  return send_all(data.size(),
                  [&](std::size_t done) { return socket_.send_control(type, data.subspan(done)); });
}

SendResult BlockingSocket::send_pages(gsl::span<const netdev::TxPiece> pages, SendFlags flags) {
  std::size_t size = 0;
  for (const netdev::TxPiece& page : pages) size += page.size;
  std::vector<netdev::TxPiece> rest;
  return send_all(size, [&](std::size_t done) {
    rest.clear();
    for (const netdev::TxPiece& page : pages) {
      const auto skip = static_cast<std::uint32_t>(std::min<std::size_t>(done, page.size));
      done -= skip;
      if (skip < page.size) rest.push_back({page.owner, page.data + skip, page.size - skip});
    }
    return socket_.send_pages(rest, flags);
  });
}

SendResult BlockingSocket::read(MutableBytes out) {
  while (true) {
    if (const std::size_t size = socket_.read(out); size > 0) return {0, size};
    if (is_closed_ && error_ != 0) return {error_, 0};
    if (is_closed_ || socket_.at_end()) return {};
    wait_for_change();
  }
}

ReadResult BlockingSocket::read_record() {
  while (true) {
    ReadResult result = socket_.read_record();
    if (result.record || result.error != 0) return result;
    if (is_closed_ && error_ != 0) return {error_, std::nullopt};
    if (is_closed_ || socket_.at_end()) return result;
    wait_for_change();
  }
}

}  // namespace tlsnic::host
