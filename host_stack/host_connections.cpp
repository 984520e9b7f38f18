// The TCP sockets of a host, from their opening to their end.
#include <algorithm>
#include <iterator>
#include <utility>

#include "host_stack/host.h"
#include "host_stack/tcp/headers.h"
#include "protocol/tcp_sequence.h"

namespace tlsnic::host {
namespace {

void add(TcpTotals& totals, const TcpSocket& socket) {
  const TcpStatistics& tcp = socket.endpoint().statistics();
  const SenderStatistics& sender = socket.endpoint().sender().statistics();
  totals.segments += tcp.sent_segments;
  totals.resets += tcp.resets_sent;
  totals.sender.segments += sender.segments;
  totals.sender.retransmitted_segments += sender.retransmitted_segments;
  totals.sender.fast_retransmits += sender.fast_retransmits;
  totals.sender.spurious_recoveries += sender.spurious_recoveries;
  totals.sender.timeouts += sender.timeouts;
  totals.sender.window_probes += sender.window_probes;
}

}  // namespace

TcpTotals Host::tcp_totals() const {
  TcpTotals totals = gone_;
  for (const TcpSocket* socket : in_order_) add(totals, *socket);
  return totals;
}

bool Host::is_own(const Address& address) const {
  return !is_wildcard(address) && (address == ipv4_ || address == ipv6_);
}

TcpSocket* Host::find_tcp(const FourTuple& received) {
  if (last_tcp_ != nullptr && last_tcp_->sent().reversed() == received) return last_tcp_;
  const auto found = tcp_sockets_.find(received);
  if (found == tcp_sockets_.end()) return nullptr;
  return last_tcp_ = &found->second->socket;
}

TcpSocket& Host::add_tcp(const FourTuple& sent, std::uint32_t initial_sequence,
                         const ConnectionOptions& options) {
  const auto old = tcp_sockets_.find(sent.reversed());
  if (old != tcp_sockets_.end()) {
    if (old->second->keep_until_ns == for_ever) old->second->keep_until_ns = 0;
    retire(*old->second);
  }
  TcpSettings settings = tcp_settings_;
  settings.initial_sequence = initial_sequence;
  settings.send_buffer = options.send_buffer.value_or(settings.send_buffer);
  settings.receive_buffer = options.receive_buffer.value_or(settings.receive_buffer);
  if (options.no_delay) settings.nagle = Nagle::off;
  auto connection = std::make_unique<Connection>(*this, settings, sent);
  connection->place = in_order_.insert(in_order_.end(), &connection->socket);
  ports_.connection_added(sent.source.port);
  return (tcp_sockets_[sent.reversed()] = std::move(connection))->socket;
}

// RFC 6528 without the secret: grows with time, so that a tuple can be used again.
std::uint32_t Host::initial_sequence(const FourTuple& sent) const {
  constexpr std::uint64_t ns_per_step = 64;
  return static_cast<std::uint32_t>(FourTupleHash()(sent) + clock_->now_ns() / ns_per_step);
}

TcpSocket& Host::connect(const FourTuple& sent, std::uint32_t initial_sequence,
                         SocketEvents* events) {
  TcpSocket& socket = add_tcp(sent, initial_sequence);
  socket.set_events(events);
  socket.connect();
  return socket;
}

TcpSocket* Host::open_connection(FourTuple sent, SocketEvents* events,
                                 const ConnectionOptions& options) {
  const auto is_free = [&](std::uint16_t port) {
    sent.source.port = port;
    return !is_taken(sent.reversed());
  };
  const bool found =
      sent.source.port != 0 ? is_free(sent.source.port) : ports_.pick(is_free).has_value();
  if (!found) return nullptr;
  TcpSocket& socket = add_tcp(sent, initial_sequence(sent), options);
  socket.set_events(events);
  socket.connect();
  return &socket;
}

void Host::listen(std::uint16_t port, std::function<std::uint32_t()> initial_sequence,
                  std::function<void(TcpSocket&)> accept) {
  listeners_[port] = {std::move(initial_sequence), std::move(accept)};
}

TcpSocket* Host::accept(const ParsedFrame& syn) {
  if (!syn.has(tcp_syn) || syn.has(tcp_ack) || syn.has(tcp_rst)) return nullptr;
  const FourTuple sent = syn.tuple.reversed();
  const auto listener = listeners_.find(sent.source.port);
  if (listener != listeners_.end()) {
    TcpSocket& socket = add_tcp(sent, listener->second.initial_sequence());
    socket.listen();
    listener->second.accept(socket);
    return &socket;
  }
  if (!is_own(sent.source.address)) return nullptr;
  Acceptor* acceptor = ports_.find(sent.source);
  if (acceptor == nullptr || !acceptor->has_room()) return nullptr;
  TcpSocket& socket = add_tcp(sent, initial_sequence(sent), acceptor->connection_options());
  socket.listen();
  acceptor->arrived(socket);
  return &socket;
}

// A new connection between the same ports as one that has ended, whether or not its owner has
// closed it; in TIME-WAIT the SYN must be beyond all of its data (RFC 6191 in its simplest form).
bool Host::makes_way(const TcpSocket& old, const ParsedFrame& segment) {
  const bool is_closed = old.state() == TcpState::closed;
  if (!segment.has(tcp_syn) || segment.has(tcp_ack) ||
      (!is_closed && old.state() != TcpState::time_wait) ||
      ports_.find(segment.tuple.destination) == nullptr)
    return false;
  Connection& connection = *tcp_sockets_.at(segment.tuple);
  const Socket* receiving = connection.socket.receiving();
  if (!is_closed && (receiving == nullptr ||
                     !sequence_before(receiving->receive_queue().rcv_nxt(), segment.sequence)))
    return false;
  retire(connection);
  return true;
}

// Not by a connection that has ended, which makes way.
bool Host::is_taken(const FourTuple& received) {
  const auto found = tcp_sockets_.find(received);
  if (found == tcp_sockets_.end()) return false;
  if (found->second->socket.state() != TcpState::closed) return true;
  retire(*found->second);
  return false;
}

// A segment for nobody (RFC 9293, section 3.5.2, group 1), if it came to an address of this host.
// A listener without room is silent.
void Host::refuse(const ParsedFrame& segment) {
  const Endpoint& local = segment.tuple.destination;
  if (clock_ == nullptr || route_.device->netdev_ops == nullptr || segment.has(tcp_rst) ||
      !is_own(local.address))
    return;
  const bool has_ack = segment.has(tcp_ack);
  if (segment.has(tcp_syn) && !has_ack && ports_.find(local) != nullptr) return;
  SegmentHeader header;
  header.sequence = has_ack ? segment.acknowledgement : 0;
  header.acknowledgement = has_ack ? 0 : segment.sequence_end();
  header.flags = static_cast<std::uint8_t>(tcp_rst | (has_ack ? 0 : tcp_ack));
  netdev::TxSkb skb;
  skb.sequence = header.sequence;
  skb.headers = HeaderBuilder(tcp_settings_, segment.tuple.reversed()).build(header);
  ++gone_.segments;
  ++gone_.resets;
  if (route_.egress && !route_.egress(skb)) return;
  route_.device->netdev_ops->start_xmit(std::move(skb));
}

void Host::release(TcpSocket& socket, std::uint64_t grace_ns) {
  const std::uint64_t keep_until_ns = clock_->now_ns() + grace_ns;
  const auto found = tcp_sockets_.find(socket.sent().reversed());
  if (found != tcp_sockets_.end() && &found->second->socket == &socket) {
    Connection& connection = *found->second;
    connection.keep_until_ns = keep_until_ns;
    socket.set_events(&connection);
    socket.orphan();
    if (socket.state() == TcpState::closed) retire(connection);
    return;
  }
  const auto retired = std::find_if(retired_.begin(), retired_.end(), [&socket](const auto& each) {
    return &each->socket == &socket;
  });
  if (retired == retired_.end()) return;
  (*retired)->keep_until_ns = keep_until_ns;
  sweep_at(keep_until_ns);
}

// Out of the maps now, but others may be in the middle of a call to it, or have not closed it yet.
void Host::retire(Connection& connection) {
  const auto found = tcp_sockets_.find(connection.socket.sent().reversed());
  if (found == tcp_sockets_.end() || found->second.get() != &connection) return;
  retired_.push_back(std::move(found->second));
  tcp_sockets_.erase(found);
  last_tcp_ = nullptr;
  ports_.connection_removed(connection.socket.sent().source.port);
  if (connection.keep_until_ns == for_ever) return;
  connection.socket.set_events(nullptr);
  sweep_at(connection.keep_until_ns);
}

// Then, or now if that is over, unless there is a sweep before.
void Host::sweep_at(std::uint64_t at_ns) {
  at_ns = std::max(clock_->now_ns(), at_ns);
  if (sweep_timer_ != no_timer && at_ns >= next_sweep_ns_) return;
  if (sweep_timer_ != no_timer) clock_->cancel(sweep_timer_);
  next_sweep_ns_ = at_ns;
  sweep_timer_ = clock_->call_at(at_ns, [this] { sweep(); });
}

void Host::sweep() {
  sweep_timer_ = no_timer;
  const std::uint64_t now = clock_->now_ns();
  const auto kept = std::stable_partition(
      retired_.begin(), retired_.end(),
      [now](const auto& connection) { return connection->keep_until_ns <= now; });
  // Destroyed last: a driver may call.
  std::vector<std::unique_ptr<Connection>> swept(std::make_move_iterator(retired_.begin()),
                                                 std::make_move_iterator(kept));
  retired_.erase(retired_.begin(), kept);
  for (const auto& connection : swept) {
    add(gone_, connection->socket);
    in_order_.erase(connection->place);
    merging_.erase(std::remove(merging_.begin(), merging_.end(), &connection->socket),
                   merging_.end());
  }
  if (retired_.empty()) return;
  const auto next = std::min_element(
      retired_.begin(), retired_.end(),
      [](const auto& a, const auto& b) { return a->keep_until_ns < b->keep_until_ns; });
  if ((*next)->keep_until_ns != for_ever) sweep_at((*next)->keep_until_ns);
}

}  // namespace tlsnic::host
