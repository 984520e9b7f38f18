#include "host_stack/syscalls/open_file.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

namespace tlsnic::host {

OpenSocket::OpenSocket(Host& h, Scheduler& s, int f) : host(h), scheduler(s), family(f) {
  flags = O_RDWR;
  claim.local.address.is_ipv6 = family == AF_INET6;
}

OpenSocket::~OpenSocket() {
  stop_listening();
  drop_connection(linger_s == 0u);
  release_port();
}

void OpenSocket::established() {
  if (listener != nullptr) {
    auto& waiting = listener->half_open;
    const auto self = std::find_if(waiting.begin(), waiting.end(),
                                   [this](const auto& each) { return each.get() == this; });
    listener->accept_queue.push_back(std::move(*self));
    waiting.erase(self);
    listener = nullptr;
  }
  scheduler.wake();
}

// As Linux's sk_acceptq_is_full(): one more than the backlog says.
bool OpenSocket::has_room() {
  if (half_open.size() + accept_queue.size() <= backlog) return true;
  half_open.remove_if([](const auto& each) { return each->is_closed(); });
  return half_open.size() + accept_queue.size() <= backlog;
}

// Options are inherited, TLS is not (facts 2.1).
void OpenSocket::arrived(TcpSocket& socket) {
  auto child = std::make_shared<OpenSocket>(host, scheduler, family);
  child->listener = this;
  child->phase = SocketPhase::connected;
  child->tcp = &socket;
  child->receive_low_water = receive_low_water;
  child->receive_timeout_ns = receive_timeout_ns;
  child->send_timeout_ns = send_timeout_ns;
  child->linger_s = linger_s;
  child->connection = connection;
  child->claim.reuse_address = claim.reuse_address;
  child->claim.ipv6_only = claim.ipv6_only;
  child->keep_alive = keep_alive;
  child->cork = cork;
  socket.endpoint().set_cork(cork);
  socket.set_events(child.get());
  half_open.push_back(std::move(child));
}

void OpenSocket::drop_connection(bool reset, std::uint64_t grace_ns) {
  if (tcp == nullptr) return;
  TcpSocket& connection_of_host = *std::exchange(tcp, nullptr);
  connection_of_host.set_events(nullptr);
  // RFC 2525, section 2.17: the peer is to know that its data was not read.
  const Socket* receiving = connection_of_host.receiving();
  const bool unread = receiving != nullptr && receiving->receive_queue().available() > 0;
  if (reset || unread) connection_of_host.abort();
  connection_of_host.close();
  host.release(connection_of_host, grace_ns);
}

void OpenSocket::stop_listening() {
  if (!listening) return;
  listening = false;
  claim.acceptor = nullptr;
  for (auto* queue : {&half_open, &accept_queue}) {
    for (const auto& child : *queue) {
      child->listener = nullptr;
      child->drop_connection(true);
    }
    queue->clear();
  }
}

void OpenSocket::release_port() {
  if (is_claimed) host.ports().release(claim);
  is_claimed = is_bound = false;
  claim.local = {};
  claim.local.address.is_ipv6 = family == AF_INET6;
}

bool OpenSocket::is_closed() const {
  if (listening) return false;
  return tcp == nullptr || tcp->state() == TcpState::closed || tcp->state() == TcpState::time_wait;
}

Endpoint OpenSocket::local_endpoint() const {
  return tcp != nullptr ? tcp->sent().source : claim.local;
}

std::size_t Pipe::take(MutableBytes out) {
  const std::size_t size = std::min(out.size(), bytes.size());
  std::copy_n(bytes.begin(), size, out.begin());
  drop(size);
  return size;
}

std::size_t Pipe::put(Bytes data) {
  const Bytes fits = data.first(std::min(data.size(), room()));
  bytes.insert(bytes.end(), fits.begin(), fits.end());
  return fits.size();
}

void Pipe::drop(std::size_t size) {
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
}

OpenPipeEnd::~OpenPipeEnd() {
  (writes ? pipe->has_writer : pipe->has_reader) = false;
  pipe->scheduler.wake();
}

}  // namespace tlsnic::host
