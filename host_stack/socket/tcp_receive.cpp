// How an application reads: Linux's tcp_recvmsg and, once TLS_RX is set, tls_sw_recvmsg
// (facts 2.7), without their waiting.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "host_stack/socket/tcp_socket.h"

namespace tlsnic::host {

// ---- sk_err

int TcpSocket::error() const {
  const Rx* rx = receiving_ ? receiving_->tls_rx() : nullptr;
  const int of_parser = rx != nullptr ? rx->error() : 0;
  return of_parser != 0 && !error_is_newer_ ? of_parser : error_;
}

int TcpSocket::take_error() {
  const int taken = error();
  if (Rx* rx = receiving_ ? receiving_->tls_rx() : nullptr; rx != nullptr) rx->take_error();
  error_ = 0;
  error_is_newer_ = false;
  return taken;
}

void TcpSocket::set_error(int error) {
  error_ = error;
  error_is_newer_ = true;
}

// Linux: RCV_SHUTDOWN, which FIN and the end of the connection set, too.
bool TcpSocket::receive_ended() const {
  if (receive_shutdown_ || done_) return true;
  return receiving_ &&
         (receiving_->receive_queue().fin_reached() || endpoint_.state() == TcpState::closed);
}

// A receive buffer that is smaller than a record would never hold it whole.
void TcpSocket::relieve_pressure() {
  Rx* rx = receiving_ ? receiving_->tls_rx() : nullptr;
  if (rx != nullptr && rx->relieve(endpoint_.receive_window_is_short())) endpoint_.data_read();
}

bool TcpSocket::receive(ReceiveCall& call) {
  if (!call.reads_records) call.reads_records = receives_records();
  const bool is_over = *call.reads_records ? receive_records(call) : receive_plain(call);
  if (receiving_) receiving_->release();
  return is_over;
}

// ---- plain bytes

bool TcpSocket::receive_plain(ReceiveCall& call) {
  if (receiving_) {
    const std::size_t available = receiving_->receive_queue().available();
    const std::size_t from = call.peek ? std::min(call.copied, available) : 0;
    std::vector<Piece> pieces;
    receiving_->receive_queue().pieces(from + std::min(call.room(), available - from), pieces);
    std::size_t skip = from;
    std::size_t taken = 0;
    for (const Piece& piece : pieces) {
      const std::size_t skipped = std::min<std::size_t>(skip, piece.bytes.size());
      skip -= skipped;
      const Bytes rest = piece.bytes.subspan(skipped);
      if (call.discard)
        call.copied += rest.size();
      else if (call.can_copy(rest.size()))
        call.copy(rest);
      else
        break;
      taken += rest.size();
    }
    if (taken > 0 && !call.peek) {
      receiving_->consume(taken);
      endpoint_.data_read();
      relieve_pressure();
    }
    if (call.error != 0) return true;
    if (call.copied >= call.target() || (call.size() == 0 && available > 0)) return call.end();
  }
  const bool at_fin = receiving_ && receiving_->receive_queue().fin_reached();
  if (at_fin) return call.end();
  if (error() != 0) return call.end(call.copied == 0 ? take_error() : error());
  if (receive_ended()) return call.end();
  const TcpState state = endpoint_.state();
  if (state == TcpState::closed || state == TcpState::listen) return call.end(ENOTCONN);
  return call.may_wait ? false : call.end(EAGAIN);
}

// ---- records

// 0: a record, or none and the end; EAGAIN: none yet. The order of the checks is rule 5's.
int TcpSocket::next_record(bool may_clear_error, std::size_t zero_copy_room,
                           std::optional<Record>& out) {
  Rx& rx = *receiving_->tls_rx();
  if (rx.rekey_due()) return EKEYEXPIRED;
  if (!rx.record_ready()) {
    const int pending = error();
    if (pending != 0) return may_clear_error ? take_error() : pending;
    return receive_ended() ? 0 : EAGAIN;
  }
  ReadResult result = rx.read(zero_copy_room);
  if (result.error != 0) {
    set_error(EBADMSG);
    return result.error;
  }
  endpoint_.data_read();
  relieve_pressure();
  out = result.record;
  return 0;
}

bool TcpSocket::receive_records(ReceiveCall& call) {
  if (!std::exchange(call.list_done, true) && receive_waiting_records(call)) return true;
  const Rx& rx = *receiving_->tls_rx();
  while (call.room() > 0 && (call.copied < call.target() || rx.record_ready())) {
    const std::size_t direct =
        call.peek ? 0 : std::min(call.room(), usable_size(call.buffers, call.copied));
    std::optional<Record> record;
    const int error = next_record(call.copied == 0, direct, record);
    if (error == EAGAIN && call.may_wait) return false;
    if (!record) return call.end(error);
    ++call.records;
    if (take_record(call, *record)) return true;
  }
  return call.end();
}

// True: the call is over.
bool TcpSocket::receive_waiting_records(ReceiveCall& call) {
  for (std::size_t i = 0; i < rx_list_.size() && call.room() > 0;) {
    RxList::Entry& entry = rx_list_[i];
    const Bytes unread = entry.unread();
    const std::size_t size = std::min<std::size_t>(unread.size(), call.room());
    if (!call.admits(entry.type) || !call.can_copy(size)) return true;
    call.copy(unread.first(size));
    const bool is_data = entry.type == record_application_data;
    if (!call.peek) {
      entry.offset += size;
      if (size < unread.size()) return call.end();
    }
    // As in the kernel, a peek says so even if the buffer ended before the record.
    call.end_of_record = true;
    if (call.peek)
      ++i;
    else
      rx_list_.pop_front();
    if (!is_data) return call.end();
  }
  return call.room() == 0;
}

// True: the call is over.
bool TcpSocket::take_record(ReceiveCall& call, const Record& record) {
  const std::size_t size = std::min(record.length, call.room());
  if (!call.admits(record.info.type) || !call.can_copy(size)) {
    rx_list_.push_back(record);
    return true;
  }
  std::size_t left = size;
  for (const Bytes piece : record.plaintext) {
    const std::size_t part = std::min<std::size_t>(left, piece.size());
    call.copy(piece.first(part));
    left -= part;
  }
  if (call.peek)
    rx_list_.push_back(record);
  else if (size < record.length)
    rx_list_.push_back(record, size);
  else
    call.end_of_record = true;
  return record.info.type != record_application_data;
}

// ---- splice() and poll()

int TcpSocket::splice_read(std::size_t size, std::vector<std::uint8_t>& out) {
  if (!receives_records()) {
    std::vector<std::uint8_t> bytes(
        std::min(size, receiving_ ? receiving_->receive_queue().available() : 0));
    const iovec buffer{bytes.data(), bytes.size()};
    ReceiveCall call;
    call.buffers = gsl::span<const iovec>(&buffer, 1);
    call.may_wait = false;
    receive(call);
    out.insert(out.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(call.copied));
    return call.copied > 0 ? 0 : call.error;
  }
  if (rx_list_.empty()) {
    std::optional<Record> record;
    const int error = next_record(true, 0, record);
    if (!record) return error;
    rx_list_.push_back(*record);
    receiving_->release();
  }
  RxList::Entry& entry = rx_list_[0];
  if (entry.type != record_application_data) return EINVAL;
  const Bytes bytes = entry.unread().first(std::min<std::size_t>(size, entry.unread().size()));
  out.insert(out.end(), bytes.begin(), bytes.end());
  entry.offset += bytes.size();
  if (entry.unread().empty()) rx_list_.pop_front();
  return 0;
}

short TcpSocket::poll_events(std::size_t low_water) {
  int events = 0;
  const TcpState state = endpoint_.state();
  const bool in_handshake = state == TcpState::syn_sent || state == TcpState::syn_received;
  const bool ended = receive_ended();
  const bool is_closed = state == TcpState::closed || state == TcpState::time_wait;
  if (is_closed || (ended && is_send_shutdown())) events |= POLLHUP;
  if (ended) events |= POLLIN | POLLRDNORM | POLLRDHUP;
  if (!in_handshake) {
    const Rx* rx = receiving_ ? receiving_->tls_rx() : nullptr;
    const std::size_t available = receiving_ ? receiving_->receive_queue().available() : 0;
    const bool has_records = rx != nullptr && (!rx_list_.empty() || rx->record_ready());
    bool can_read = has_records || (available > 0 && available >= low_water) ||
                    (available > 0 && endpoint_.receive_window_is_short());
    if (rx != nullptr && state == TcpState::established && !ended)
      can_read = has_records && !rx->rekey_due();
    if (can_read) events |= POLLIN | POLLRDNORM;
    // A third of the buffer has to be free.
    const std::size_t space = endpoint_.send_space();
    if (is_send_shutdown() || done_ ||
        (space > 0 && 2 * space >= endpoint_.sender().queue().size()))
      events |= POLLOUT | POLLWRNORM;
    else
      endpoint_.wait_for_send_space();
  }
  if (error() != 0) events |= POLLERR;
  return static_cast<short>(events);
}

}  // namespace tlsnic::host
