#include <fcntl.h>

#include <algorithm>
#include <climits>
#include <gsl/util>
#include <utility>

#include "host_stack/socket/user_memory.h"
#include "host_stack/syscalls/control_message.h"
#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/tls_uapi.h"

namespace tlsnic::host {
namespace {

constexpr std::size_t most_control_bytes = 131072;         // net.core.optmem_max
constexpr std::uint64_t memory_retry_ns = 100'000'000;     // Linux: 8 to 208 ms, at random
constexpr int cmsg_compat = static_cast<int>(0x80000000);  // MSG_CMSG_COMPAT
constexpr int internal_flags = MSG_SPLICE_PAGES | MSG_SENDPAGE_NOPOLICY;  // not for applications

// Facts 1.6, 2.6.
constexpr int hardware_flags = MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR;
constexpr int software_flags = hardware_flags | cmsg_compat;

// What sendfile() moves at a time: the pages of its hidden pipe.
constexpr std::size_t page_size = 4096;
constexpr std::size_t splice_size = 16 * page_size;

bool is_connecting(TcpState state) {
  return state == TcpState::syn_sent || state == TcpState::syn_received;
}

// Takes the first `size` bytes away.
void skip(gsl::span<Bytes>& parts, std::size_t size) {
  while (size > 0) {
    Bytes& first = parts.front();
    const std::size_t n = std::min(size, first.size());
    first = first.subspan(n);
    size -= n;
    if (first.empty()) parts = parts.subspan(1);
  }
}

void skip(gsl::span<netdev::TxPiece>& pages, std::size_t size) {
  while (size > 0) {
    netdev::TxPiece& first = pages.front();
    const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(size, first.size));
    first.data += n;
    first.size -= n;
    size -= n;
    if (first.size == 0) pages = pages.subspan(1);
  }
}

// 0 or errno. faulty: one of them has a bad address; `parts` ends before it.
int gather(const msghdr& message, std::vector<Bytes>& parts, bool& faulty) {
  if (message.msg_iovlen > most_buffers) return EMSGSIZE;
  if (message.msg_iovlen > 0 && is_bad_address(message.msg_iov)) return EFAULT;
  std::size_t left = most_bytes;
  parts.reserve(message.msg_iovlen);
  for (const iovec& buffer : gsl::span<const iovec>(message.msg_iov, message.msg_iovlen)) {
    if (buffer.iov_len > static_cast<std::size_t>(SSIZE_MAX)) return EINVAL;
    const std::size_t size = std::min(left, buffer.iov_len);
    left -= size;
    if (size == 0) continue;
    faulty = faulty || is_bad_address(buffer.iov_base);
    if (!faulty) parts.emplace_back(static_cast<const std::uint8_t*>(buffer.iov_base), size);
  }
  return 0;
}

// 0 or errno.
int check_control_memory(const msghdr& message) {
  if (message.msg_controllen > most_control_bytes) return ENOBUFS;
  return message.msg_controllen > 0 && is_bad_address(message.msg_control) ? EFAULT : 0;
}

// 0 or errno. type: of the record, if the message has one.
int check_tls_send(const Tx& tx, const msghdr* control, int flags,
                   std::optional<std::uint8_t>& type) {
  const int allowed = tx.is_hardware() ? hardware_flags : software_flags;
  const int flag_error = (flags & ~allowed) != 0                             ? EOPNOTSUPP
                         : (flags & MSG_MORE) != 0 && (flags & MSG_EOR) != 0 ? EINVAL
                                                                             : 0;
  // TLS_SW looks at the flags first, TLS_HW at the message.
  if (flag_error != 0 && !tx.is_hardware()) return flag_error;
  if (control != nullptr) {
    const TlsControl parsed = parse_tls_control(*control, (flags & MSG_MORE) != 0);
    if (parsed.error != 0) return parsed.error;
    type = parsed.record_type;
  }
  return flag_error;
}

}  // namespace

void Process::become_writer(OpenSocket& socket) {
  wait_until(true, std::nullopt, [&] {
    socket.writers_wait |= socket.writer_present;
    return !socket.writer_present;
  });
  socket.writer_present = true;
}

void Process::cease_to_write(OpenSocket& socket) {
  socket.writer_present = false;
  if (std::exchange(socket.writers_wait, false)) socket.scheduler.wake();
}

// Until all of `size` bytes are taken, and none of them waits for room in TCP: what does when the
// socket is closed is lost (facts 1.15). attempt(): sends what is left as far as it gets.
template <typename Attempt>
ssize_t Process::send_all(OpenSocket& socket, std::size_t size, bool may_wait, Attempt attempt) {
  std::optional<std::uint64_t> deadline;
  if (socket.send_timeout_ns) deadline = scheduler_.now_ns() + *socket.send_timeout_ns;
  std::size_t done = 0;
  SendResult step;
  bool is_over = false;
  while (true) {
    if (socket.tcp == nullptr) return done > 0 ? static_cast<ssize_t>(done) : fail(EPIPE);
    if (!is_over) {
      step = attempt();
      done += step.taken;
      const bool waits = step.error == EAGAIN || step.error == ENOMEM;
      is_over = step.error == 0 ? done >= size : !waits;
    }
    if (is_over && (socket.tcp->is_flushed() || socket.tcp->state() == TcpState::closed)) break;
    if (!may_wait || (deadline && scheduler_.now_ns() >= *deadline)) break;
    std::optional<std::uint64_t> wake_at = deadline;
    // Nobody tells when there is memory again.
    if (step.error == ENOMEM) {
      const std::uint64_t retry = scheduler_.now_ns() + memory_retry_ns;
      wake_at = deadline ? std::min(*deadline, retry) : retry;
    }
    scheduler_.wait(wake_at);
  }
  if (done > 0 || (is_over && step.error == 0)) return static_cast<ssize_t>(done);
  return fail(is_over ? step.error : EAGAIN);
}

// control: with a message in it, or null.
ssize_t Process::send_message(OpenSocket& socket, gsl::span<Bytes> parts, bool faulty,
                              const msghdr* control, int flags) {
  flags &= ~internal_flags;
  const bool may_wait = socket.may_wait(flags);
  if (const int error = wait_connected(socket, may_wait); error != 0) return fail(error);
  const SendFlags how{(flags & MSG_MORE) != 0, (flags & MSG_EOR) != 0, faulty};
  const std::size_t size = bytes_in(gsl::span<const Bytes>(parts));
  std::optional<std::uint8_t> type;
  const auto attempt = [&] {
    const SendResult result =
        type ? socket.tcp->send_control(*type, parts, how) : socket.tcp->send(parts, how);
    skip(parts, result.taken);
    return result;
  };

  const Tx* tx = socket.tcp->tls_tx();
  if (tx == nullptr) {
    if ((flags & MSG_OOB) != 0) return fail(EOPNOTSUPP);
    if (control != nullptr && check_socket_control(*control) != 0) return fail(EINVAL);
    return send_all(socket, size, may_wait, attempt);
  }
  become_writer(socket);
  const auto unlock = gsl::finally([&] { cease_to_write(socket); });
  if (const int error = check_tls_send(*tx, control, flags, type); error != 0) return fail(error);
  return send_all(socket, size, may_wait, attempt);
}

int Process::wait_connected(OpenSocket& socket, bool may_wait) {
  if (socket.tcp == nullptr || socket.listening) return EPIPE;
  const bool is_done = wait_until(may_wait, socket.send_timeout_ns, [&] {
    return socket.tcp == nullptr || !is_connecting(socket.tcp->state());
  });
  if (!is_done) return EAGAIN;
  return socket.tcp == nullptr ? EPIPE : 0;
}

ssize_t Process::send(int fd, const void* data, std::size_t size, int flags) {
  const std::shared_ptr<OpenSocket> socket = socket_at(fd);
  if (socket == nullptr) return -1;
  const bool faulty = size > 0 && is_bad_address(data);
  Bytes part;
  if (size > 0 && !faulty)
    part = {static_cast<const std::uint8_t*>(data), std::min(size, most_bytes)};
  return send_message(*socket, {&part, 1}, faulty, nullptr, flags);
}

ssize_t Process::sendmsg(int fd, const msghdr* message, int flags) {
  if ((flags & cmsg_compat) != 0) return fail(EINVAL);
  const std::shared_ptr<OpenSocket> socket = socket_at(fd);
  if (socket == nullptr) return -1;
  if (is_bad_address(message)) return fail(EFAULT);
  std::vector<Bytes> parts;
  bool faulty = false;
  if (const int error = gather(*message, parts, faulty); error != 0) return fail(error);
  if (const int error = check_control_memory(*message); error != 0) return fail(error);
  return send_message(*socket, parts, faulty, message->msg_controllen > 0 ? message : nullptr,
                      flags);
}

ssize_t Process::send_pages(OpenSocket& socket, gsl::span<const netdev::TxPiece> pages, bool more,
                            bool may_wait) {
  if (const int error = wait_connected(socket, may_wait); error != 0) return fail(error);
  std::vector<netdev::TxPiece> copy(pages.begin(), pages.end());
  gsl::span<netdev::TxPiece> rest = copy;
  const bool locks = socket.tcp->tls_tx() != nullptr;
  if (locks) become_writer(socket);
  const auto unlock = gsl::finally([&] {
    if (locks) cease_to_write(socket);
  });
  return send_all(socket, bytes_in(pages), may_wait, [&] {
    const SendResult result = socket.tcp->send_pages(rest, {more, false, false});
    skip(rest, result.taken);
    return result;
  });
}

// The kernel's splice_eof. Its errors are nobody's.
void Process::end_splice(OpenSocket& socket, bool may_wait) {
  if (socket.tcp == nullptr) return;
  const bool locks = socket.tcp->tls_tx() != nullptr;
  if (locks) become_writer(socket);
  const auto unlock = gsl::finally([&] {
    if (locks) cease_to_write(socket);
  });
  send_all(socket, 0, may_wait, [&] { return socket.tcp->splice_eof(); });
}

ssize_t Process::sendfile(int out_fd, int in_fd, off_t* offset, std::size_t count) {
  if (offset != nullptr && is_bad_address(offset)) return fail(EFAULT);
  const std::shared_ptr<OpenFile> in = file_at(in_fd);
  if (in == nullptr) return -1;
  const auto* in_pipe = dynamic_cast<const OpenPipeEnd*>(in.get());
  if (in_pipe != nullptr && in_pipe->writes) return fail(EBADF);
  auto* file = dynamic_cast<OpenRegularFile*>(in.get());
  if (file != nullptr && !file->may_read()) return fail(EBADF);
  if (file == nullptr && offset != nullptr) return fail(ESPIPE);
  if (offset != nullptr && *offset < 0) return fail(EINVAL);
  const std::shared_ptr<OpenFile> out = file_at(out_fd);
  if (out == nullptr) return -1;
  if (file == nullptr) return fail(EINVAL);  // no source that one can seek in
  if ((out->flags & O_APPEND) != 0) return fail(EINVAL);
  auto* socket = dynamic_cast<OpenSocket*>(out.get());

  std::uint64_t position = offset != nullptr ? static_cast<std::uint64_t>(*offset) : file->offset;
  std::size_t left = std::min(count, most_bytes);
  ssize_t sent = 0;
  while (left > 0) {
    const std::shared_ptr<const std::vector<std::uint8_t>> contents = file->bytes;
    if (position >= contents->size()) {
      if (sent > 0 && socket != nullptr) end_splice(*socket, socket->is_blocking());
      break;
    }
    const std::size_t size = std::min<std::size_t>(
        {left, contents->size() - position, splice_size - position % page_size});
    const std::uint8_t* data = contents->data() + position;
    const netdev::TxPiece page{std::shared_ptr<const std::uint8_t[]>(contents, data), data,
                               static_cast<std::uint32_t>(size)};
    const ssize_t n = socket != nullptr
                          ? send_pages(*socket, {&page, 1}, size < left, socket->is_blocking())
                          : write(out_fd, data, size);
    if (n < 0 && sent == 0) return n;
    if (n <= 0) break;
    sent += n;
    position += static_cast<std::size_t>(n);
    left -= static_cast<std::size_t>(n);
    if (static_cast<std::size_t>(n) < size) break;
  }
  if (offset != nullptr)
    *offset = static_cast<off_t>(position);
  else
    file->offset = position;
  return sent;
}

}  // namespace tlsnic::host
