// One end of a TCP connection in simulated time (RFC 9293). docs/tcp.md says what is there and what
// is not.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>

#include "host_stack/netdev/sk_buff.h"
#include "host_stack/netdev/tx_skb.h"
#include "host_stack/tcp/headers.h"
#include "host_stack/tcp/receive_queue.h"
#include "host_stack/tcp/receiver.h"
#include "host_stack/tcp/sender.h"
#include "host_stack/tcp/settings.h"

namespace tlsnic::host {

enum class TcpState : std::uint8_t {
  closed,
  listen,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
};

const char* to_string(TcpState state);  // "ESTABLISHED", as the RFC writes it

// What an endpoint asks of the world and tells it. None of these may destroy the endpoint; all but
// output() may call it.
class TcpEvents {
 public:
  virtual ~TcpEvents() = default;

  // A segment for the device. May not lead to a call of this endpoint before it returns: a link
  // takes time.
  virtual void output(netdev::TxSkb skb) = 0;
  // The peer's SYN came. The queue stays as long as the endpoint; its rcvbuf should be well above
  // receive_buffer, since it counts buffers and not payload. After discard() on it the endpoint is
  // to be aborted: nothing would be acknowledged any more.
  virtual const ReceiveQueue& open_receive_queue(std::uint32_t initial_sequence) = 0;
  // Gives a segment to that queue, at once: one with data or FIN inside the window, or the RST that
  // ends the connection. segment: cut to the window, so not always what parse_frame() says.
  virtual void deliver(netdev::SkBuff skb, const ParsedFrame& segment) = 0;

  virtual void established() {}
  // A third of the send buffer is free again after it was full.
  virtual void writable() {}
  // snd_una advanced (Linux: the clean-acked hook, facts 1.8).
  virtual void clean_acked(std::uint32_t) {}
  // Our FIN, and with it all that was sent; not if the connection is gone with that.
  virtual void fin_acknowledged() {}
  // The connection is gone: 0 after FIN in both directions, else ECONNREFUSED, ECONNRESET or
  // ETIMEDOUT. Not called for close() and abort() that take effect at once.
  virtual void closed(int) {}
};

struct TcpSendFlags {
  bool decrypted = false;  // the mark of the segments (netdev::TxSkb)
  bool more = false;       // MSG_MORE: a small segment at the end waits for what follows
};

struct TcpStatistics {
  std::uint64_t received_segments = 0;
  std::uint64_t sent_segments = 0;          // of any kind; one that TSO cuts counts as one
  std::uint64_t unacceptable_segments = 0;  // outside the window
  std::uint64_t paws_drops = 0;             // RFC 7323, section 5
  std::uint64_t challenge_acks = 0;         // RFC 5961
  std::uint64_t resets_sent = 0;
  std::uint64_t handshake_retransmissions = 0;
};

class TcpEndpoint : private SegmentOutput {
 public:
  // sent: addresses of the segments that leave. clock and events outlive the endpoint.
  TcpEndpoint(Clock& clock, const TcpSettings& settings, const FourTuple& sent, TcpEvents& events);
  ~TcpEndpoint() override;
  TcpEndpoint(const TcpEndpoint&) = delete;
  TcpEndpoint& operator=(const TcpEndpoint&) = delete;

  void connect();
  void listen();

  // Both take as much as the send buffer has room for, now or once the connection is established,
  // and return how much that was. 0 after close().
  std::uint32_t send(netdev::TxPiece piece, TcpSendFlags flags = {});
  std::size_t send_copy(Bytes bytes, TcpSendFlags flags = {});
  // No segment, a retransmission neither, will have bytes from both sides of write_seq().
  void fence() { sender_.fence(); }
  // Takes a "more" hint back.
  void push() { sender_.push(); }
  // Carried by every segment from now on; null for none.
  void set_tls_connection(netdev::TlsConnection* connection) { tls_connection_ = connection; }

  // Ends the sending direction; the other goes on until the peer closes it, too.
  void close();
  // RST, and gone.
  void abort();
  // Nobody will read or write any more; close() was called. Data that comes is answered by RST, and
  // FIN-WAIT-2 ends after TcpSettings::fin_timeout_ns, as on Linux.
  void orphan();

  // A frame of this connection whose checksum is right or was found right by the device. merged:
  // the next frame continues it and is one segment with it (GRO), so that nothing is answered yet.
  void receive(netdev::SkBuff skb, ParsedFrame segment, bool merged = false);
  // The reader has consumed bytes of the receive queue.
  void data_read();

  // Options that may change at any time. Bytes; what a smaller buffer holds already, stays.
  void set_send_buffer(std::size_t bytes);
  std::size_t send_buffer() const { return settings_.send_buffer; }
  // The window's scale stays what the SYN said.
  void set_receive_buffer(std::size_t bytes);
  std::size_t receive_buffer() const { return settings_.receive_buffer; }
  void set_nagle(Nagle nagle);
  // Small segments wait, as if every write said "more" (TCP_CORK).
  void set_cork(bool cork);

  TcpState state() const { return state_; }
  bool is_closing() const { return closing_; }  // close() was called
  std::uint32_t write_seq() const { return sequence_at(sender_.queue().end()); }
  std::uint32_t snd_una() const { return sequence_at(sender_.una()); }
  std::uint32_t snd_nxt() const { return sequence_at(sender_.nxt()); }
  std::size_t send_space() const;  // bytes
  // Linux's SOCK_NOSPACE, which a send sets that leaves no room: events are told when a third of
  // the buffer is free.
  void wait_for_send_space() { writer_is_waiting_ = true; }
  // The peer may not send more than about one segment.
  bool receive_window_is_short() const { return has_receive_queue_ && receiver_.window_is_short(); }
  // Payload bytes of a full segment without SACK blocks; 0 before the handshake.
  std::uint32_t mss() const { return smss_; }
  const Sender& sender() const { return sender_; }
  const TcpStatistics& statistics() const { return statistics_; }

 private:
  // SegmentOutput
  void send_segment(const OutgoingSegment& segment) override;
  void send_window_probe() override;
  std::uint32_t segment_limit() const override;
  std::optional<std::uint32_t> timestamp() const override;
  void gave_up() override { finish(ETIMEDOUT); }

  struct Received {
    ParsedFrame segment;
    TcpOptions options;
    std::uint16_t window = 0;
  };

  // endpoint.cpp
  std::uint32_t sequence_at(std::uint64_t offset) const {
    return settings_.initial_sequence + static_cast<std::uint32_t>(offset);
  }
  std::uint32_t timestamp_now() const;
  std::size_t sack_blocks() const;
  void send_ack() { send_empty(tcp_ack, sequence_at(sender_.nxt())); }
  void send_empty(std::uint8_t flags, std::uint32_t sequence);
  void output(netdev::TxSkb skb, SegmentHeader header, const TcpOptions& options);
  void state_timer_expired();
  void finish(int error);
  void stop();

  // endpoint_handshake.cpp
  std::uint32_t own_mss() const;
  std::uint8_t own_window_scale() const;
  void send_syn();
  void refuse(const Received& in);
  void receive_in_listen(const Received& in);
  void receive_in_syn_sent(const Received& in);
  void peer_syn(const Received& in);
  void handshake_done(const Received& in);

  // endpoint_input.cpp
  void receive_synchronized(netdev::SkBuff skb, Received& in, bool merged);
  bool is_old_duplicate(const Received& in) const;
  void answer_unacceptable(const Received& in);
  void challenge();
  bool take_ack(const Received& in);
  void own_fin_acknowledged();
  void take_data(netdev::SkBuff skb, Received& in);
  void notice_peer_fin();
  void enter_time_wait();
  void settle(bool advanced);

  Clock& clock_;
  TcpSettings settings_;
  TcpEvents& events_;
  HeaderBuilder headers_;
  bool is_ipv6_;
  netdev::TlsConnection* tls_connection_ = nullptr;

  TcpState state_ = TcpState::closed;
  Sender sender_;
  Receiver receiver_;
  bool has_receive_queue_ = false;
  DeadlineTimer state_timer_;  // SYN retransmission, TIME-WAIT

  // The handshake
  std::uint32_t peer_initial_sequence_ = 0;
  std::uint32_t peer_mss_ = 0;
  std::uint32_t smss_ = 0;
  std::uint8_t peer_scale_ = 0;
  bool use_scale_;
  bool use_timestamps_;
  bool use_sack_;
  std::uint32_t syn_count_ = 0;
  std::uint64_t syn_sent_ns_ = 0;

  bool peer_finished_ = false;  // its FIN was reached
  bool closing_ = false;        // close() was called
  bool orphaned_ = false;
  bool corked_ = false;
  bool writer_is_waiting_ = false;
  bool una_advanced_ = false;           // by the frames of the segment that is being merged
  std::uint32_t recent_timestamp_ = 0;  // TS.Recent of RFC 7323
  std::optional<std::uint64_t> challenged_ns_;
  TcpStatistics statistics_;
};

}  // namespace tlsnic::host
