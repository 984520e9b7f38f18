// Segment arrives (RFC 9293, section 3.10.7).
#include <cerrno>
#include <utility>

#include "host_stack/tcp/endpoint.h"
#include "protocol/tcp_sequence.h"

namespace tlsnic::host {

void TcpEndpoint::receive(netdev::SkBuff skb, ParsedFrame segment, bool merged) {
  if (segment.kind != FrameKind::tcp || skb.length < segment.payload_offset) return;
  ++statistics_.received_segments;
  const Bytes frame = skb.frame();
  const std::size_t options = segment.l4_offset + tcp_header_size;
  Received in{segment, read_options(frame.subspan(options, segment.payload_offset - options)),
              load_be16(frame.data() + segment.l4_offset + 14)};
  switch (state_) {
    case TcpState::closed:
      refuse(in);
      return;
    case TcpState::listen:
      receive_in_listen(in);
      return;
    case TcpState::syn_sent:
      receive_in_syn_sent(in);
      return;
    default:
      receive_synchronized(std::move(skb), in, merged);
  }
}

void TcpEndpoint::receive_synchronized(netdev::SkBuff skb, Received& in, bool merged) {
  ParsedFrame& segment = in.segment;
  const bool in_handshake = state_ == TcpState::syn_received;
  if (in_handshake && segment.has(tcp_syn) && segment.sequence == peer_initial_sequence_) {
    if (!segment.has(tcp_ack)) {
      send_syn();
      return;
    }
    // The answer to our SYN when both have called at once; what counts is the acknowledgement.
    segment.tcp_flags &= static_cast<std::uint8_t>(~tcp_syn);
    ++segment.sequence;
    in.window = static_cast<std::uint16_t>(in.window >> peer_scale_);
    receiver_.acknowledge_now();
  }
  // RFC 7323, section 3.2: from now on every segment has it.
  if (use_timestamps_ && !in.options.timestamps && !segment.has(tcp_rst)) return;
  if (is_old_duplicate(in)) {
    ++statistics_.paws_drops;
    answer_unacceptable(in);
    return;
  }
  if (!receiver_.is_acceptable(segment)) {
    ++statistics_.unacceptable_segments;
    answer_unacceptable(in);
    return;
  }
  if (segment.has(tcp_rst)) {
    // RFC 5961, section 3: only the exact sequence number ends a connection.
    if (segment.sequence != receiver_.acknowledgement()) {
      challenge();
      return;
    }
    segment.payload_length = 0;
    segment.tcp_flags &= static_cast<std::uint8_t>(~tcp_fin);
    events_.deliver(std::move(skb), segment);
    // Everything was said before TIME-WAIT.
    finish(state_ == TcpState::time_wait ? 0 : ECONNRESET);
    return;
  }
  if (segment.has(tcp_syn)) {
    challenge();
    return;
  }
  if (!segment.has(tcp_ack)) return;
  if (use_timestamps_ && sequence_at_or_before(segment.sequence, receiver_.last_acknowledgement()))
    recent_timestamp_ = in.options.timestamps->value;

  if (in_handshake) {
    // Nothing but the SYN was sent.
    if (segment.acknowledgement != sequence_at(1)) {
      refuse(in);
      return;
    }
    handshake_done(in);
  }
  const std::uint64_t una = sender_.una();
  if (!take_ack(in)) return;
  una_advanced_ |= in_handshake || sender_.una() > una;
  if (segment.payload_length > 0 || segment.has(tcp_fin)) take_data(std::move(skb), in);
  if (state_ != TcpState::closed && !merged) settle(std::exchange(una_advanced_, false));
}

// PAWS (RFC 7323, section 5.3).
bool TcpEndpoint::is_old_duplicate(const Received& in) const {
  return use_timestamps_ && in.options.timestamps && !in.segment.has(tcp_rst) &&
         sequence_before(in.options.timestamps->value, recent_timestamp_);
}

void TcpEndpoint::answer_unacceptable(const Received& in) {
  const ParsedFrame& segment = in.segment;
  if (segment.has(tcp_rst)) return;
  if (state_ == TcpState::time_wait && segment.has(tcp_fin)) enter_time_wait();
  // A sender that repeats data needs the answer. Empty segments could go back and forth for ever.
  if (segment.sequence == segment.sequence_end())
    challenge();
  else
    send_ack();
}

// RFC 5961, section 7: not too often.
void TcpEndpoint::challenge() {
  const std::uint64_t now = clock_.now_ns();
  if (challenged_ns_ && now - *challenged_ns_ < settings_.challenge_ack_interval_ns) return;
  challenged_ns_ = now;
  ++statistics_.challenge_acks;
  send_ack();
}

// False if the segment is to be dropped because of its acknowledgement.
bool TcpEndpoint::take_ack(const Received& in) {
  const ParsedFrame& segment = in.segment;
  const std::int64_t offset =
      static_cast<std::int64_t>(sender_.una()) +
      sequence_distance(segment.acknowledgement, sequence_at(sender_.una()));
  if (offset > static_cast<std::int64_t>(sender_.nxt())) {
    challenge();
    return false;
  }
  // Old: its data may be new all the same, unless it is older than anything could be (RFC 5961,
  // section 5).
  const auto una = static_cast<std::int64_t>(sender_.una());
  if (offset < una) {
    if (offset >= una - static_cast<std::int64_t>(sender_.largest_window())) return true;
    challenge();
    return false;
  }
  Range sacked[max_sack_blocks];
  std::size_t count = 0;
  for (std::size_t i = 0; use_sack_ && i < in.options.sack_count; ++i) {
    const SackBlock& block = in.options.sack[i];
    const std::int64_t left = una + sequence_distance(block.left, sequence_at(sender_.una()));
    const std::int64_t right = una + sequence_distance(block.right, sequence_at(sender_.una()));
    if (left < 0 || right <= left) continue;
    sacked[count++] = {static_cast<std::uint64_t>(left), static_cast<std::uint64_t>(right)};
  }
  IncomingAck ack;
  ack.offset = static_cast<std::uint64_t>(offset);
  ack.window = std::uint64_t{in.window} << peer_scale_;
  ack.sequence = segment.sequence;
  ack.is_pure = segment.payload_length == 0 && !segment.has(tcp_fin);
  ack.sacked = gsl::span<const Range>(sacked, count);
  if (use_timestamps_) ack.echo = in.options.timestamps->echo;
  if (!sender_.acknowledged(ack)) return true;
  events_.clean_acked(snd_una());
  if (sender_.is_finished()) own_fin_acknowledged();
  return state_ != TcpState::closed;
}

void TcpEndpoint::own_fin_acknowledged() {
  if (state_ == TcpState::fin_wait_1) {
    state_ = TcpState::fin_wait_2;
    if (orphaned_) state_timer_.set(clock_.now_ns() + settings_.fin_timeout_ns);
  }
  if (state_ == TcpState::closing) enter_time_wait();
  if (state_ == TcpState::last_ack)
    finish(0);
  else
    events_.fin_acknowledged();
}

void TcpEndpoint::take_data(netdev::SkBuff skb, Received& in) {
  ParsedFrame& segment = in.segment;
  receiver_.trim(segment);
  if (segment.payload_length == 0 && !segment.has(tcp_fin)) {
    receiver_.acknowledge_now();
    return;
  }
  const Receiver::Arrival arrival = receiver_.arrival(segment);
  if (orphaned_ && segment.payload_length > 0 &&
      arrival.start + segment.payload_length > static_cast<std::int64_t>(arrival.expected)) {
    abort();
    events_.closed(ECONNRESET);
    return;
  }
  events_.deliver(std::move(skb), segment);
  if (state_ == TcpState::closed) return;
  receiver_.delivered(arrival);
  notice_peer_fin();
}

// The reader sees the end of the stream before TCP does, and may close at once.
void TcpEndpoint::notice_peer_fin() {
  if (peer_finished_ || !has_receive_queue_ || !receiver_.is_finished()) return;
  peer_finished_ = true;
  switch (state_) {
    case TcpState::established:
      state_ = TcpState::close_wait;
      break;
    case TcpState::fin_wait_1:
      state_ = TcpState::closing;
      break;
    case TcpState::fin_wait_2:
      enter_time_wait();
      break;
    default:
      break;
  }
}

void TcpEndpoint::enter_time_wait() {
  state_ = TcpState::time_wait;
  state_timer_.set(clock_.now_ns() + settings_.time_wait_ns);
}

// What follows from a segment once all of it is taken in.
void TcpEndpoint::settle(bool advanced) {
  sender_.transmit();
  if (receiver_.ack_is_due()) send_ack();
  if (!advanced || !writer_is_waiting_ || closing_) return;
  if (send_space() < settings_.send_buffer / 3) return;
  writer_is_waiting_ = false;
  events_.writable();
}

}  // namespace tlsnic::host
