// Opening a connection (RFC 9293, sections 3.5 and 3.10.7.1 to 3.10.7.3) and what its SYNs agree
// on.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "host_stack/tcp/endpoint.h"

namespace tlsnic::host {
namespace {

constexpr std::uint32_t default_mss = 536;  // RFC 9293, section 3.7.1
constexpr std::uint32_t default_mss_ipv6 = 1220;
constexpr std::uint32_t smallest_mss = 88;  // 48 as in Linux, and room for options of 40

}  // namespace

// RFC 9293, section 3.7.1: what the link holds, IP and TCP headers without options taken off.
std::uint32_t TcpEndpoint::own_mss() const {
  const std::size_t headers = ip_header_size(is_ipv6_) + tcp_header_size;
  return std::clamp(settings_.mtu, 576u, 65535u) - static_cast<std::uint32_t>(headers);
}

std::uint8_t TcpEndpoint::own_window_scale() const {
  std::uint8_t scale = 0;
  while (scale < max_window_scale && settings_.receive_buffer >> scale > 0xffff) ++scale;
  return scale;
}

void TcpEndpoint::send_syn() {
  ++syn_count_;
  syn_sent_ns_ = clock_.now_ns();
  state_timer_.set(syn_sent_ns_ + sender_.rtt().rto());
  const bool answers = state_ == TcpState::syn_received;
  SegmentHeader header;
  header.sequence = settings_.initial_sequence;
  header.flags = static_cast<std::uint8_t>(tcp_syn | (answers ? tcp_ack : 0));
  TcpOptions options;
  options.mss = static_cast<std::uint16_t>(own_mss());
  options.sack_permitted = use_sack_;
  if (use_scale_) options.window_scale = own_window_scale();
  output({}, header, options);
}

// Section 3.5.2, group 1.
void TcpEndpoint::refuse(const Received& in) {
  if (in.segment.has(tcp_rst)) return;
  SegmentHeader header;
  const bool has_ack = in.segment.has(tcp_ack);
  header.sequence = has_ack ? in.segment.acknowledgement : 0;
  header.acknowledgement = has_ack ? 0 : in.segment.sequence_end();
  header.flags = static_cast<std::uint8_t>(tcp_rst | (has_ack ? 0 : tcp_ack));
  netdev::TxSkb skb;
  skb.sequence = header.sequence;
  skb.headers = headers_.build(header);
  ++statistics_.resets_sent;
  ++statistics_.sent_segments;
  events_.output(std::move(skb));
}

void TcpEndpoint::receive_in_listen(const Received& in) {
  if (in.segment.has(tcp_rst)) return;
  if (in.segment.has(tcp_ack)) {
    refuse(in);
    return;
  }
  if (!in.segment.has(tcp_syn)) return;
  state_ = TcpState::syn_received;
  peer_syn(in);
  send_syn();
}

void TcpEndpoint::receive_in_syn_sent(const Received& in) {
  const ParsedFrame& segment = in.segment;
  const bool has_ack = segment.has(tcp_ack);
  if (has_ack && segment.acknowledgement != sequence_at(1)) {
    refuse(in);
    return;
  }
  if (segment.has(tcp_rst)) {
    if (has_ack) finish(ECONNREFUSED);
    return;
  }
  if (!segment.has(tcp_syn)) return;
  peer_syn(in);
  if (has_ack) {
    receiver_.acknowledge_now();
    handshake_done(in);
    settle(true);
    return;
  }
  // Both have called at once (section 3.5, figure 8).
  state_ = TcpState::syn_received;
  send_syn();
}

// What the peer's SYN offers is used if it was offered to the peer, too.
void TcpEndpoint::peer_syn(const Received& in) {
  const TcpOptions& offered = in.options;
  peer_initial_sequence_ = in.segment.sequence;
  peer_mss_ = offered.mss.value_or(is_ipv6_ ? default_mss_ipv6 : default_mss);
  use_sack_ = use_sack_ && offered.sack_permitted;
  use_scale_ = use_scale_ && offered.window_scale.has_value();
  peer_scale_ = use_scale_ ? *offered.window_scale : 0;
  use_timestamps_ = use_timestamps_ && offered.timestamps.has_value();
  if (use_timestamps_) recent_timestamp_ = offered.timestamps->value;
  receiver_.open(events_.open_receive_queue(in.segment.sequence),
                 use_scale_ ? own_window_scale() : 0, own_mss());
  has_receive_queue_ = true;
}

void TcpEndpoint::handshake_done(const Received& in) {
  state_timer_.stop();
  state_ = closing_ ? TcpState::fin_wait_1 : TcpState::established;
  // RFC 6691: the MSS option says nothing about other options.
  const std::uint32_t options = use_timestamps_ ? timestamps_size : 0;
  smss_ = std::min(std::max(peer_mss_, smallest_mss), own_mss()) - options;
  PathProperties path;
  path.smss = smss_;
  path.sack = use_sack_;
  path.syn_was_lost = syn_count_ > 1;
  if (settings_.tso)
    path.max_tso_bytes = 0xffff - static_cast<std::uint32_t>(ip_header_size(is_ipv6_) +
                                                             tcp_header_size + max_options_size);
  if (!path.syn_was_lost) sender_.rtt().sample(clock_.now_ns() - syn_sent_ns_);
  const std::uint8_t scale = in.segment.has(tcp_syn) ? 0 : peer_scale_;
  sender_.open(path, std::uint64_t{in.window} << scale, in.segment.sequence);
  events_.established();
}

}  // namespace tlsnic::host
