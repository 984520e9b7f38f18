// A TCP socket, both directions, with the TLS ULP on each once its keys are set: what joins the TCP
// endpoint, kTLS and the device of the route. It never waits; SocketEvents tell when to try again.
//
// Limitations: no urgent data; GRO merges only what arrives within one poll of the driver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "host_stack/ktls/tx.h"
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

  // Plain bytes before set_tls_tx(), records afterwards; see Tx::send(). EAGAIN: no room.
  SendResult send(Bytes data, SendFlags flags = {});
  SendResult send_pages(gsl::span<const netdev::TxPiece> pages, SendFlags flags = {});
  // EINVAL before set_tls_tx().
  SendResult send_control(std::uint8_t type, Bytes data);
  // setsockopt(TLS_TX), the first time and for a rekey. ENOTCONN before the handshake is done.
  int set_tls_tx(const TxCryptoInfo& crypto_info);
  int set_tls_rx(const netdev::TlsCryptoInfo& crypto_info);

  // As of Socket; nothing before the peer's SYN came.
  std::size_t read(MutableBytes out);
  ReadResult read_record();
  bool readable() const { return receiving_ && receiving_->readable(); }
  bool at_end() const { return receiving_ && receiving_->at_end(); }

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
  void closed(int error) override;

  // TcpSendSide
  std::uint32_t write_seq() const override { return endpoint_.write_seq(); }
  std::uint32_t snd_una() const override { return endpoint_.snd_una(); }
  std::size_t writable() const override { return endpoint_.send_space(); }
  void append(netdev::TxPiece piece, bool decrypted, bool more) override;
  void fence() override { endpoint_.fence(); }

  bool continues_held(const netdev::SkBuff& skb, const ParsedFrame& parsed) const;

  struct Held {
    netdev::SkBuff skb;
    ParsedFrame parsed;
  };

  const SocketEnvironment& environment_;
  FourTuple sent_;
  SocketEvents* events_ = nullptr;
  // Each refers to the ones before it.
  std::optional<Socket> receiving_;
  TcpEndpoint endpoint_;
  std::optional<Tx> tx_;
  std::optional<Held> held_;  // by GRO, until the next frame or the end of the poll
  std::uint32_t merged_ = 0;  // frames before the held one that belong to the same merged segment
};

}  // namespace tlsnic::host
