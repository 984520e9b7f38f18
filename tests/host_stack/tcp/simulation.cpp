#include "tests/host_stack/tcp/simulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/checksum.h"

namespace tlsnic::host::test {
namespace {

FourTuple test_addresses(bool ipv6) {
  return {testing::endpoint(ipv6 ? "2001:db8::2" : "10.0.0.2", 50000),
          testing::endpoint(ipv6 ? "2001:db8::1" : "10.0.0.1", 443)};
}

netdev::SkBuff skb_of(Bytes frame) {
  netdev::SkBuff skb;
  skb.buffer = netdev::PacketBuffer(frame.size());
  skb.length = static_cast<std::uint32_t>(frame.size());
  std::copy(frame.begin(), frame.end(), skb.buffer.data());
  return skb;
}

void finish_frame(std::vector<std::uint8_t>& frame, bool ipv6) {
  std::uint8_t* ip = frame.data() + ethernet_header_size;
  const std::size_t length = frame.size() - ethernet_header_size;
  if (ipv6)
    store_be16(ip + 4, static_cast<std::uint16_t>(length - 40));
  else
    store_be16(ip + 2, static_cast<std::uint16_t>(length));
  const ParsedFrame parsed = parse_frame(frame);
  repair_checksums(frame, parsed);
}

}  // namespace

TimerId EventQueue::call_at(std::uint64_t at_ns, std::function<void()> callback) {
  const Key key{std::max(at_ns, now_ns_), ++last_};
  events_.emplace(key, std::move(callback));
  times_.emplace(last_, key.first);
  return last_;
}

void EventQueue::cancel(TimerId timer) {
  const auto found = times_.find(timer);
  if (found == times_.end()) return;
  events_.erase({found->second, timer});
  times_.erase(found);
}

void EventQueue::run_first() {
  auto node = events_.extract(events_.begin());
  times_.erase(node.key().second);
  now_ns_ = node.key().first;
  node.mapped()();
}

void EventQueue::run_until(std::uint64_t at_ns) {
  while (!events_.empty() && events_.begin()->first.first <= at_ns) run_first();
  now_ns_ = at_ns;
}

bool EventQueue::run(std::uint64_t most_events) {
  for (; most_events > 0 && !events_.empty(); --most_events) run_first();
  return events_.empty();
}

std::string WireFrame::text() const {
  std::string out = fmt::format("{:.1f} {} ", static_cast<double>(time_ns) / ns_per_ms,
                                from == Side::client ? "C" : "S");
  if (has(tcp_syn)) out += 'S';
  if (has(tcp_fin)) out += 'F';
  if (has(tcp_rst)) out += 'R';
  if (has(tcp_psh)) out += 'P';
  if (has(tcp_ack)) out += '.';
  out += fmt::format(" {}+{}", sequence, length);
  if (has(tcp_ack)) out += fmt::format(" ack {}", acknowledgement);
  for (const SackBlock& block : sack) out += fmt::format(" sack {}-{}", block.left, block.right);
  return out;
}

std::vector<std::vector<std::uint8_t>> cut_into_frames(const netdev::TxSkb& skb) {
  std::vector<std::uint8_t> payload;
  for (const netdev::TxPiece& piece : skb.payload)
    payload.insert(payload.end(), piece.data, piece.data + piece.size);
  const bool ipv6 = load_be16(skb.headers.data() + 12) == 0x86dd;
  const std::size_t tcp = ethernet_header_size + ip_header_size(ipv6);
  const std::size_t step =
      skb.gso_size == 0 ? std::max<std::size_t>(payload.size(), 1) : skb.gso_size;
  std::vector<std::vector<std::uint8_t>> frames;
  std::size_t at = 0;
  do {
    const std::size_t size = std::min(step, payload.size() - at);
    const bool is_last = at + size == payload.size();
    std::vector<std::uint8_t> frame = skb.headers;
    store_be32(frame.data() + tcp + 4, skb.sequence + static_cast<std::uint32_t>(at));
    if (!is_last) frame[tcp + 13] &= static_cast<std::uint8_t>(~(tcp_fin | tcp_psh));
    if (!ipv6) {
      const auto id = static_cast<std::uint16_t>(load_be16(frame.data() + 18) + frames.size());
      store_be16(frame.data() + 18, id);
    }
    const auto from = payload.begin() + static_cast<std::ptrdiff_t>(at);
    frame.insert(frame.end(), from, from + static_cast<std::ptrdiff_t>(size));
    finish_frame(frame, ipv6);
    frames.push_back(std::move(frame));
    at += size;
  } while (at < payload.size());
  return frames;
}

Application::Application(World& world, Side side, const TcpSettings& settings)
    : world_(world),
      side_(side),
      endpoint_(std::make_unique<TcpEndpoint>(
          world.clock, settings, side == Side::client ? world.tuple : world.tuple.reversed(),
          *this)) {}

void Application::output(netdev::TxSkb skb) {
  for (auto& frame : cut_into_frames(skb)) world_.carry(side_, std::move(frame));
  if (!keep_segments) skb.payload.clear();
  segments.push_back(std::move(skb));
}

const ReceiveQueue& Application::open_receive_queue(std::uint32_t initial_sequence) {
  queue_ = std::make_unique<ReceiveQueue>(initial_sequence);
  return *queue_;
}

void Application::deliver(netdev::SkBuff skb, const ParsedFrame& segment) {
  queue_->receive(std::move(skb), segment);
  if (reads) read_all();
  if (queue_->fin_reached() && closes_with_peer) close_after_writing();
}

void Application::read_all() {
  std::vector<std::uint8_t> bytes(queue_->available());
  queue_->copy(bytes);
  queue_->consume(bytes.size());
  received.insert(received.end(), bytes.begin(), bytes.end());
  endpoint_->data_read();
}

void Application::write(Bytes bytes) {
  to_write_.insert(to_write_.end(), bytes.begin(), bytes.end());
  if (endpoint_->state() != TcpState::closed) write_more();
}

void Application::close_after_writing() {
  closing_ = true;
  // Before that, close() would take the call back.
  if (is_established_) write_more();
}

void Application::writable() {
  ++writable_calls;
  write_more();
}

void Application::write_more() {
  if (written_ < to_write_.size())
    written_ += endpoint_->send_copy(Bytes(to_write_).subspan(written_));
  if (closing_ && written_ == to_write_.size()) endpoint_->close();
}

World::World(const TcpSettings& client_options, const TcpSettings& server_options, bool ipv6)
    : tuple(test_addresses(ipv6)),
      client_settings(client_options),
      server_settings(server_options),
      client(*this, Side::client, client_settings),
      server(*this, Side::server, server_settings) {
  fate = [this](const WireFrame&) { return std::vector<std::uint64_t>{delay_ns}; };
}

void World::connect() {
  server.tcp().listen();
  client.tcp().connect();
  clock.run_until(clock.now_ns() + 4 * delay_ns);
}

std::vector<std::string> World::timeline() {
  std::vector<std::string> lines;
  for (; shown_ < wire.size(); ++shown_) lines.push_back(wire[shown_].text());
  return lines;
}

void World::carry(Side from, std::vector<std::uint8_t> bytes) {
  const ParsedFrame parsed = parse_frame(bytes);
  const bool is_client = from == Side::client;
  const std::uint32_t own_isn = (is_client ? client_settings : server_settings).initial_sequence;
  const std::uint32_t peer_isn = (is_client ? server_settings : client_settings).initial_sequence;
  WireFrame frame;
  frame.time_ns = clock.now_ns();
  frame.from = from;
  frame.number = counts_[is_client ? 0 : 1]++;
  frame.sequence = parsed.sequence - own_isn;
  frame.acknowledgement = parsed.has(tcp_ack) ? parsed.acknowledgement - peer_isn : 0;
  frame.length = parsed.payload_length;
  frame.flags = parsed.tcp_flags;
  frame.window = load_be16(bytes.data() + parsed.l4_offset + 14);
  const std::size_t options_at = parsed.l4_offset + tcp_header_size;
  const TcpOptions options =
      read_options(Bytes(bytes).subspan(options_at, parsed.payload_offset - options_at));
  for (std::size_t i = 0; i < options.sack_count; ++i)
    frame.sack.push_back({options.sack[i].left - peer_isn, options.sack[i].right - peer_isn});
  const auto shared = std::make_shared<std::vector<std::uint8_t>>(bytes);
  frame.bytes = std::move(bytes);
  for (const std::uint64_t delay : fate(frame))
    clock.call_at(clock.now_ns() + delay,
                  [this, from, shared] { inject(testing::other(from), *shared); });
  wire.push_back(std::move(frame));
}

void World::inject(Side to, Bytes frame) {
  netdev::SkBuff skb = skb_of(frame);
  const ParsedFrame parsed = parse_frame(skb.frame());
  at(to).tcp().receive(std::move(skb), parsed);
}

std::vector<std::uint8_t> pattern(std::size_t size, std::uint32_t seed) {
  std::vector<std::uint8_t> bytes(size);
  std::uint32_t x = seed * 2654435761u + 1;
  for (std::uint8_t& byte : bytes) {
    x = x * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(x >> 24);
  }
  return bytes;
}

}  // namespace tlsnic::host::test
