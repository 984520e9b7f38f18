#include "host_stack/tcp/endpoint.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tlsnic::host {

const char* to_string(TcpState state) {
  constexpr const char* names[] = {"CLOSED",      "LISTEN",     "SYN-SENT",   "SYN-RECEIVED",
                                   "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
                                   "CLOSING",     "LAST-ACK",   "TIME-WAIT"};
  return names[static_cast<std::size_t>(state)];
}

TcpEndpoint::TcpEndpoint(Clock& clock, const TcpSettings& settings, const FourTuple& sent,
                         TcpEvents& events)
    : clock_(clock),
      settings_(settings),
      events_(events),
      headers_(settings, sent),
      is_ipv6_(sent.source.address.is_ipv6),
      sender_(clock, settings_, *this),
      receiver_(clock, settings_, [this] { send_ack(); }),
      state_timer_(clock, [this] { state_timer_expired(); }),
      use_scale_(settings.window_scaling),
      use_timestamps_(settings.timestamps),
      use_sack_(settings.sack) {}

TcpEndpoint::~TcpEndpoint() = default;

void TcpEndpoint::connect() {
  if (state_ != TcpState::closed) return;
  state_ = TcpState::syn_sent;
  send_syn();
}

void TcpEndpoint::listen() {
  if (state_ == TcpState::closed) state_ = TcpState::listen;
}

std::size_t TcpEndpoint::send_space() const {
  const std::uint64_t used = sender_.queue().size();
  return used < settings_.send_buffer ? settings_.send_buffer - used : 0;
}

std::uint32_t TcpEndpoint::send(netdev::TxPiece piece, TcpSendFlags flags) {
  if (closing_ || state_ == TcpState::closed) return 0;
  flags.more |= corked_;
  const auto taken = static_cast<std::uint32_t>(std::min<std::size_t>(piece.size, send_space()));
  piece.size = taken;
  sender_.write(std::move(piece), flags.decrypted, flags.more);
  if (send_space() == 0) writer_is_waiting_ = true;
  return taken;
}

std::size_t TcpEndpoint::send_copy(Bytes bytes, TcpSendFlags flags) {
  constexpr std::size_t largest_copy = std::size_t{1} << 30;
  const std::size_t size = std::min({bytes.size(), send_space(), largest_copy});
  if (closing_ || size == 0) return 0;
  std::shared_ptr<std::uint8_t[]> copy(new std::uint8_t[size]);
  std::memcpy(copy.get(), bytes.data(), size);
  const std::uint8_t* data = copy.get();
  return send({std::move(copy), data, static_cast<std::uint32_t>(size)}, flags);
}

void TcpEndpoint::close() {
  if (closing_) return;
  closing_ = true;
  notice_peer_fin();
  switch (state_) {
    case TcpState::closed:
    case TcpState::listen:
    case TcpState::syn_sent:
      stop();
      return;
    case TcpState::established:
      state_ = TcpState::fin_wait_1;
      break;
    case TcpState::close_wait:
      state_ = TcpState::last_ack;
      break;
    default:  // SYN-RECEIVED: once the handshake is done
      break;
  }
  sender_.finish();
}

void TcpEndpoint::abort() {
  const bool peer_knows = state_ != TcpState::closed && state_ != TcpState::listen &&
                          state_ != TcpState::syn_sent && state_ != TcpState::time_wait;
  if (peer_knows) {
    ++statistics_.resets_sent;
    send_empty(tcp_rst | tcp_ack, sequence_at(sender_.nxt()));
  }
  stop();
}

void TcpEndpoint::orphan() {
  orphaned_ = true;
  if (state_ == TcpState::fin_wait_2) state_timer_.set(clock_.now_ns() + settings_.fin_timeout_ns);
}

void TcpEndpoint::set_send_buffer(std::size_t bytes) {
  settings_.send_buffer = bytes;
  if (send_space() == 0) writer_is_waiting_ = true;
}

void TcpEndpoint::set_receive_buffer(std::size_t bytes) {
  settings_.receive_buffer = bytes;
  if (!has_receive_queue_) return;
  receiver_.buffer_changed();
  data_read();
}

void TcpEndpoint::set_nagle(Nagle nagle) {
  settings_.nagle = nagle;
  if (nagle == Nagle::off && state_ != TcpState::closed) sender_.transmit();
}

void TcpEndpoint::set_cork(bool cork) {
  if (corked_ && !cork && state_ != TcpState::closed) sender_.push();
  corked_ = cork;
}

void TcpEndpoint::data_read() {
  if (!has_receive_queue_ || state_ == TcpState::closed) return;
  receiver_.data_read();
  if (receiver_.ack_is_due()) send_ack();
}

void TcpEndpoint::send_segment(const OutgoingSegment& segment) {
  netdev::TxSkb skb;
  skb.payload_size = segment.size;
  if (segment.size > 0) {
    skb.decrypted = sender_.queue().run(segment.offset, 1).decrypted;
    sender_.queue().cut(segment.offset, segment.size, skb.payload);
  }
  SegmentHeader header;
  header.sequence = sequence_at(segment.offset);
  header.flags = static_cast<std::uint8_t>(tcp_ack | (segment.push ? tcp_psh : 0) |
                                           (segment.fin ? tcp_fin : 0));
  if (segment.size > segment.limit) {
    skb.gso_size = static_cast<std::uint16_t>(segment.limit);
    header.frames = (segment.size + segment.limit - 1) / segment.limit;
  }
  TcpOptions options;
  receiver_.write_sack(options, sack_blocks());
  output(std::move(skb), header, options);
}

// As Linux: an empty segment, one before what the peer expects, so that it must answer (RFC 9293,
// section 3.10.7.4, first check).
void TcpEndpoint::send_window_probe() {
  send_empty(tcp_ack, sequence_at(sender_.una() - 1));
}

std::uint32_t TcpEndpoint::segment_limit() const {
  return smss_ - static_cast<std::uint32_t>(sack_option_size(receiver_.sack_count(sack_blocks())));
}

std::optional<std::uint32_t> TcpEndpoint::timestamp() const {
  if (!use_timestamps_) return std::nullopt;
  return timestamp_now();
}

std::uint32_t TcpEndpoint::timestamp_now() const {
  return settings_.timestamp_offset +
         static_cast<std::uint32_t>(clock_.now_ns() / settings_.timestamp_tick_ns);
}

std::size_t TcpEndpoint::sack_blocks() const {
  if (!use_sack_ || !has_receive_queue_) return 0;
  return use_timestamps_ ? max_sack_blocks - 1 : max_sack_blocks;
}

void TcpEndpoint::send_empty(std::uint8_t flags, std::uint32_t sequence) {
  SegmentHeader header;
  header.sequence = sequence;
  header.flags = flags;
  TcpOptions options;
  receiver_.write_sack(options, sack_blocks());
  output({}, header, options);
}

// Completes the header with what every segment says: the state of the receiving half.
void TcpEndpoint::output(netdev::TxSkb skb, SegmentHeader header, const TcpOptions& options) {
  TcpOptions all = options;
  if (use_timestamps_) {
    const bool has_echo = (header.flags & tcp_ack) != 0;
    all.timestamps = Timestamps{timestamp_now(), has_echo ? recent_timestamp_ : 0};
  }
  const bool is_syn = (header.flags & tcp_syn) != 0;
  if (has_receive_queue_) {
    header.acknowledgement = receiver_.acknowledgement();
    header.window = receiver_.window_field(is_syn);
  } else {
    header.window =
        static_cast<std::uint16_t>(std::min<std::size_t>(settings_.receive_buffer, 0xffff));
  }
  EncodedOptions encoded;
  header.options = Bytes(encoded.data(), write_options(all, encoded));
  header.payload_size = skb.payload_size;
  skb.sequence = header.sequence;
  skb.headers = headers_.build(header);
  skb.connection = tls_connection_;
  if (has_receive_queue_) receiver_.acknowledged();
  ++statistics_.sent_segments;
  events_.output(std::move(skb));
}

void TcpEndpoint::state_timer_expired() {
  if (state_ == TcpState::time_wait || state_ == TcpState::fin_wait_2) {
    finish(0);
    return;
  }
  if (syn_count_ > settings_.syn_retries) {
    finish(ETIMEDOUT);
    return;
  }
  sender_.rtt().back_off();
  ++statistics_.handshake_retransmissions;
  send_syn();
}

void TcpEndpoint::finish(int error) {
  stop();
  events_.closed(error);
}

void TcpEndpoint::stop() {
  state_ = TcpState::closed;
  sender_.stop();
  receiver_.stop();
  state_timer_.stop();
}

}  // namespace tlsnic::host
