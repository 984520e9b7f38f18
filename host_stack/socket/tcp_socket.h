// A TCP socket, both directions, with the TLS ULP on each once its keys are set: what joins the TCP
// endpoint, kTLS and the device of the route. It never waits; SocketEvents tell when to try again.
//
// Limitations: no urgent data; GRO merges only what arrives within one poll of the driver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "host_stack/ktls/rx_list.h"
#include "host_stack/ktls/tx.h"
#include "host_stack/socket/receive_call.h"
#include "host_stack/socket/socket.h"
#include "host_stack/tcp/endpoint.h"

namespace tlsnic::host {

// What a socket tells its owner, who may not destroy it from within.
class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  virtual void established() {}
  // Something can be read that could not before: data, the end, an error.
  virtual void readable() {}
  // There is room again after a send found none.
  virtual void writable() {}
  virtual void fin_acknowledged() {}               // see TcpEvents
  virtual void closed(int error) { (void)error; }  // see TcpEvents::closed()
};

class TcpSocket : private TcpEvents, private TcpSendSide {
 public:
  // sent: addresses of the segments that leave. environment and clock outlive the socket.
  TcpSocket(const SocketEnvironment& environment, Clock& clock, const TcpSettings& settings,
            const FourTuple& sent);
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;
  ~TcpSocket() override;

  void set_events(SocketEvents* events) { events_ = events; }
  void connect() { endpoint_.connect(); }
  void listen() { endpoint_.listen(); }
  // FIN after what was sent; an open record is lost, as on Linux (facts 1.15). What comes can still
  // be read.
  void shutdown();
  // ... and it cannot: the receiving side leaves the device at once (facts 1.15).
  void close();
  void abort() { endpoint_.abort(); }
  // shutdown(SHUT_RD), RCV_SHUTDOWN: who reads gets what is there, then the end. TCP goes on: what
  // still comes is acknowledged and can be read, as on Linux.
  void shutdown_receive() { receive_shutdown_ = true; }
  bool is_receive_shutdown() const { return receive_shutdown_; }

  // sk_err, errno: what ended the connection (ECONNREFUSED, ECONNRESET, ETIMEDOUT, EPIPE), what
  // stopped the parser, a record that could not be decrypted. 0: nothing, or already taken.
  int error() const;
  int take_error();
  void set_error(int error);  // tls_err_abort(): what fails from within
  // SEND_SHUTDOWN: shutdown() or close() was called.
  bool is_send_shutdown() const { return endpoint_.is_closing(); }
  // The owner is gone, see TcpEndpoint::orphan().
  void orphan() { endpoint_.orphan(); }

  // Plain bytes before set_tls_tx(), records afterwards; see Tx::send(). EAGAIN: no room. EPIPE:
  // after shutdown(), or without a connection. A pending error() comes first: plain sends take it,
  // records leave it (facts 1.6).
  SendResult send(Bytes data, SendFlags flags = {}) { return send({&data, 1}, flags); }
  SendResult send(gsl::span<const Bytes> parts, SendFlags flags = {});
  SendResult send_pages(gsl::span<const netdev::TxPiece> pages, SendFlags flags = {});
  // EINVAL before set_tls_tx().
  SendResult send_control(std::uint8_t type, Bytes data, SendFlags flags = {}) {
    return send_control(type, {&data, 1}, flags);
  }
  SendResult send_control(std::uint8_t type, gsl::span<const Bytes> parts, SendFlags flags = {});
  // After the last page of a sendfile() whose file was at its end; see Tx::splice_eof().
  SendResult splice_eof();
  // setsockopt(TLS_TX), the first time and for a rekey. ENOTCONN before the handshake is done.
  int set_tls_tx(const TxCryptoInfo& crypto_info);
  int set_tls_rx(const netdev::TlsCryptoInfo& crypto_info);

  // As of Socket; nothing before the peer's SYN came.
  // Not to be mixed with receive() and splice_read(), which keep records for later.
  std::size_t read(MutableBytes out);
  ReadResult read_record();
  bool readable() const { return receiving_ && receiving_->readable(); }
  bool at_end() const { return receiving_ && receiving_->at_end(); }

  // recvmsg(), as far as it gets now (facts 2.7). True: the call is over. False: it has to wait,
  // which it never has to with ReceiveCall::may_wait false; again after SocketEvents::readable() or
  // closed().
  bool receive(ReceiveCall& call);
  // A call that begins now reads records rather than plain bytes.
  bool receives_records() const { return receiving_ && receiving_->tls_rx() != nullptr; }
  // Decrypted, and not yet read (the kernel's rx_list).
  std::size_t waiting_records() const { return rx_list_.size(); }
  // splice() from the socket: at most `size` bytes are appended to `out`, of one record or its
  // rest. 0, also with no bytes: the end, or an empty record; EAGAIN: nothing is there yet; EINVAL:
  // a control record, which stays; or as receive().
  int splice_read(std::size_t size, std::vector<std::uint8_t>& out);
  // POLLIN, POLLRDNORM, POLLRDHUP, POLLOUT, POLLWRNORM, POLLHUP, POLLERR (Linux: tcp_poll, and
  // facts 2.7). low_water: SO_RCVLOWAT, which counts for plain bytes only. Without POLLOUT,
  // SocketEvents::writable() tells when it comes.
  short poll_events(std::size_t low_water = 1);

  // From the host: a frame of this connection, checksum right.
  void receive(netdev::SkBuff skb, const ParsedFrame& parsed);
  // GRO holds a frame back, which goes up with flush_gro() at the latest: the driver's poll is
  // over.
  bool is_merging() const { return held_.has_value(); }
  void flush_gro();
  void device_down(const netdev::NetDevice& device);

  // All that was taken is in TCP's queue; an open record apart.
  bool is_flushed() const { return !tx_ || !tx_->waits_for_room(); }

  const FourTuple& sent() const { return sent_; }
  const TcpEndpoint& endpoint() const { return endpoint_; }
  TcpEndpoint& endpoint() { return endpoint_; }
  TcpState state() const { return endpoint_.state(); }
  Socket* receiving() { return receiving_ ? &*receiving_ : nullptr; }
  Tx* tls_tx() { return tx_ ? &*tx_ : nullptr; }
  // For drivers; null while the connection is in no device.
  netdev::TlsConnection* offloaded_connection();

 private:
  // TcpEvents
  void output(netdev::TxSkb skb) override;
  const ReceiveQueue& open_receive_queue(std::uint32_t initial_sequence) override;
  void deliver(netdev::SkBuff skb, const ParsedFrame& segment) override;
  void established() override;
  void writable() override;
  void clean_acked(std::uint32_t snd_una) override;
  void fin_acknowledged() override {
    if (events_ != nullptr) events_->fin_acknowledged();
  }
  void closed(int error) override;

  // TcpSendSide
  std::uint32_t write_seq() const override { return endpoint_.write_seq(); }
  std::uint32_t snd_una() const override { return endpoint_.snd_una(); }
  std::size_t writable() const override { return endpoint_.send_space(); }
  void append(netdev::TxPiece piece, bool decrypted, bool more) override;
  void fence() override { endpoint_.fence(); }
  int send_error() const override;
  void report_error(int error) override;

  // tcp_send.cpp
  int take_send_error();
  SendResult plain_result(std::size_t taken, std::size_t size, SendFlags flags);

  // tcp_receive.cpp
  bool receive_ended() const;
  bool receive_plain(ReceiveCall& call);
  bool receive_records(ReceiveCall& call);
  bool receive_waiting_records(ReceiveCall& call);
  bool take_record(ReceiveCall& call, const Record& record);
  int next_record(bool may_clear_error, std::size_t zero_copy_room, std::optional<Record>& out);
  void relieve_pressure();

  bool continues_held(const netdev::SkBuff& skb, const ParsedFrame& parsed) const;

  struct Held {
    netdev::SkBuff skb;
    ParsedFrame parsed;
  };

  const SocketEnvironment& environment_;
  FourTuple sent_;
  SocketEvents* events_ = nullptr;
  bool receive_shutdown_ = false;
  int error_ = 0;                // sk_err, but for what the parser says
  bool error_is_newer_ = false;  // than the parser's
  bool done_ = false;            // the connection existed and is gone
  RxList rx_list_;
  // Each refers to the ones before it.
  std::optional<Socket> receiving_;
  TcpEndpoint endpoint_;
  std::optional<Tx> tx_;
  std::optional<Held> held_;       // by GRO, until the next frame or the end of the poll
  std::uint32_t merged_size_ = 0;  // bytes of the IP packet that ends with the held frame
};

}  // namespace tlsnic::host
