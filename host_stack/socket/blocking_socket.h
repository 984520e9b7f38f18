// A socket for an application that is a SystemC thread: its calls block in simulated time, as a
// system call blocks a process.
#pragma once

#include <systemc>

#include "host_stack/host.h"

namespace tlsnic::host {

// How long an application takes to run after what it waits for has happened.
struct SchedulingDelay {
  std::uint64_t wakeup_ns = 5'000;
};

// Calls come from one thread. Errors are errno values; those that end the connection (ECONNRESET,
// ECONNREFUSED, ETIMEDOUT) are given by every call from then on, reads once the data is read.
class BlockingSocket : private SocketEvents {
 public:
  // The client's side: connects. initial_sequence: of the SYN.
  BlockingSocket(Host& host, const FourTuple& sent, std::uint32_t initial_sequence,
                 SchedulingDelay delay);
  // The server's side: a socket that Host::listen() has given; from within its accept callback.
  BlockingSocket(TcpSocket& accepted, SchedulingDelay delay);
  ~BlockingSocket() override { socket_.set_events(nullptr); }
  BlockingSocket(const BlockingSocket&) = delete;
  BlockingSocket& operator=(const BlockingSocket&) = delete;

  // 0 once the handshake is done.
  int wait_established();
  // Until all is taken. SendResult::taken is less only with an error.
  SendResult send(Bytes data, SendFlags flags = {});
  SendResult send_control(std::uint8_t type, Bytes data);
  SendResult send_pages(gsl::span<const netdev::TxPiece> pages, SendFlags flags = {});
  // Plain bytes, at least one; 0 bytes and no error: the end.
  SendResult read(MutableBytes out);
  // Neither record nor error: the end.
  ReadResult read_record();
  void shutdown() { socket_.shutdown(); }
  // shutdown(), and waits until the connection has ended in both directions; then close().
  void wait_closed();

  // Until something happened to the socket since the last wait, perhaps nothing that the caller
  // waits for: for code that tries socket() itself and has just found that it would have to wait.
  void wait_for_change();

  TcpSocket& socket() { return socket_; }

 private:
  template <typename Try>
  SendResult send_all(std::size_t size, Try attempt);

  void established() override { changed(); }
  void readable() override { changed(); }
  void writable() override { changed(); }
  void closed(int error) override;
  void changed();

  TcpSocket& socket_;
  sc_core::sc_time wakeup_;
  sc_core::sc_event event_;
  bool is_closed_ = false;
  int error_ = 0;
};

}  // namespace tlsnic::host
