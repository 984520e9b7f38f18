#include "host_stack/syscalls/process.h"

namespace tlsnic::host {
namespace {

constexpr nfds_t most_descriptors = 1u << 20;
constexpr std::uint64_t ns_per_poll_tick = 1'000'000;  // timeout_ms

short pipe_events(const OpenPipeEnd& end) {
  int events = 0;
  if (end.writes) {
    if (end.pipe->room() > 0) events |= POLLOUT | POLLWRNORM;
    if (!end.pipe->has_reader) events |= POLLERR;
  } else {
    if (!end.pipe->bytes.empty()) events |= POLLIN | POLLRDNORM;
    if (!end.pipe->has_writer) events |= POLLHUP;
  }
  return static_cast<short>(events);
}

// As tcp_poll().
short socket_events(const OpenSocket& socket) {
  if (socket.listening) return socket.accept_queue.empty() ? 0 : POLLIN | POLLRDNORM;
  if (socket.tcp == nullptr) return POLLOUT | POLLWRNORM | POLLHUP;
  return socket.tcp->poll_events(socket.receive_low_water);
}

short events_of(const OpenFile& file) {
  if (const auto* socket = dynamic_cast<const OpenSocket*>(&file)) return socket_events(*socket);
  if (const auto* end = dynamic_cast<const OpenPipeEnd*>(&file)) return pipe_events(*end);
  return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
}

}  // namespace

int Process::poll(pollfd* fds, nfds_t count, int timeout_ms) {
  if (count > most_descriptors) return fail(EINVAL);
  if (count > 0 && is_bad_address(fds)) return fail(EFAULT);
  std::optional<std::uint64_t> timeout_ns;
  if (timeout_ms >= 0) timeout_ns = static_cast<std::uint64_t>(timeout_ms) * ns_per_poll_tick;
  int ready = 0;
  wait_until(timeout_ms != 0, timeout_ns, [&] {
    ready = 0;
    for (nfds_t i = 0; i < count; ++i) {
      pollfd& each = fds[i];
      each.revents = 0;
      if (each.fd < 0) continue;
      const auto file = file_at(each.fd);
      const int wanted = each.events | POLLERR | POLLHUP;
      each.revents = static_cast<short>(file ? events_of(*file) & wanted : POLLNVAL);
      if (each.revents != 0) ++ready;
    }
    return ready > 0;
  });
  return ready;
}

void Process::sleep_ns(std::uint64_t ns) {
  wait_until(true, ns, [] { return false; });
}

}  // namespace tlsnic::host
