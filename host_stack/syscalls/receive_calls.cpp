#include <algorithm>
#include <climits>
#include <cstring>
#include <gsl/util>

#include "host_stack/socket/user_memory.h"
#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/tls_uapi.h"

namespace tlsnic::host {
namespace {

// 0 or errno. clipped: the buffers, if they have more than most_bytes.
int check_buffers(gsl::span<const iovec>& buffers, std::vector<iovec>& clipped) {
  std::size_t left = most_bytes;
  bool fits = true;
  for (const iovec& buffer : buffers) {
    if (buffer.iov_len > static_cast<std::size_t>(SSIZE_MAX)) return EINVAL;
    fits = fits && buffer.iov_len <= left;
    left -= std::min(left, buffer.iov_len);
  }
  if (fits) return 0;
  left = most_bytes;
  for (const iovec& buffer : buffers) {
    clipped.push_back({buffer.iov_base, std::min(left, buffer.iov_len)});
    left -= clipped.back().iov_len;
  }
  buffers = clipped;
  return 0;
}

bool has_control_memory(const msghdr& message) {
  return message.msg_controllen >= sizeof(cmsghdr) && !is_bad_address(message.msg_control);
}

// As the kernel's put_cmsg: what does not fit is cut off. Bytes of msg_control that it takes.
std::size_t put_record_type(const msghdr& message, std::uint8_t type) {
  if (!has_control_memory(message)) return 0;
  cmsghdr header{};
  header.cmsg_len = std::min<std::size_t>(CMSG_LEN(sizeof type), message.msg_controllen);
  header.cmsg_level = SOL_TLS;
  header.cmsg_type = TLS_GET_RECORD_TYPE;
  std::memcpy(message.msg_control, &header, sizeof header);
  if (header.cmsg_len == CMSG_LEN(sizeof type))
    std::memcpy(static_cast<char*>(message.msg_control) + sizeof header, &type, sizeof type);
  return std::min<std::size_t>(CMSG_SPACE(sizeof type), message.msg_controllen);
}

}  // namespace

bool Process::become_reader(OpenSocket& socket, bool may_wait) {
  const auto is_free = [&] {
    socket.readers_wait |= socket.reader_present;
    return !socket.reader_present;
  };
  if (!wait_until(may_wait, socket.receive_timeout_ns, is_free)) return false;
  return socket.reader_present = true;
}

void Process::cease_to_read(OpenSocket& socket) {
  socket.reader_present = false;
  if (std::exchange(socket.readers_wait, false)) socket.scheduler.wake();
}

void Process::receive(OpenSocket& socket, ReceiveCall& call) {
  TcpSocket& tcp = *socket.tcp;
  call.reads_records = tcp.receives_records();
  const bool locks = *call.reads_records;
  if (locks && !become_reader(socket, call.may_wait)) {
    call.error = EAGAIN;
    return;
  }
  const auto unlock = gsl::finally([&] {
    if (locks) cease_to_read(socket);
  });
  // SO_RCVTIMEO is for each record, or else for the call.
  bool is_over = false;
  bool goes_on = true;
  while (goes_on && !is_over) {
    const std::size_t before = call.records;
    goes_on = wait_until(call.may_wait, socket.receive_timeout_ns, [&] {
      is_over = tcp.receive(call);
      return is_over || call.records != before;
    });
  }
  if (!is_over) call.error = EAGAIN;
}

ssize_t Process::recvmsg(int fd, msghdr* message, int flags) {
  const std::shared_ptr<OpenSocket> socket = socket_at(fd);
  if (socket == nullptr) return -1;
  if (is_bad_address(message)) return fail(EFAULT);
  if (message->msg_iovlen > most_buffers) return fail(EMSGSIZE);
  if (message->msg_iovlen > 0 && is_bad_address(message->msg_iov)) return fail(EFAULT);
  gsl::span<const iovec> buffers(message->msg_iov, message->msg_iovlen);
  std::vector<iovec> clipped;
  if (const int error = check_buffers(buffers, clipped); error != 0) return fail(error);
  if ((flags & MSG_ERRQUEUE) != 0) return fail(EAGAIN);  // nothing is ever in there
  if (socket->tcp == nullptr || socket->listening) return fail(ENOTCONN);
  if ((flags & MSG_OOB) != 0 && !socket->tcp->receives_records()) return fail(EINVAL);

  ReceiveCall call;
  call.buffers = buffers;
  call.peek = (flags & MSG_PEEK) != 0;
  call.wait_all = (flags & MSG_WAITALL) != 0;
  call.discard = (flags & MSG_TRUNC) != 0;
  call.low_water = socket->receive_low_water;
  call.has_control_buffer =
      has_control_memory(*message) && message->msg_controllen >= CMSG_LEN(sizeof(std::uint8_t));
  call.may_wait = socket->may_wait(flags);
  receive(*socket, call);
  // The message is left as it was then.
  if (call.copied == 0 && call.error != 0) return fail(call.error);

  message->msg_controllen = call.record_type ? put_record_type(*message, *call.record_type) : 0;
  message->msg_namelen = 0;
  message->msg_flags = (flags & MSG_CMSG_CLOEXEC) | (call.end_of_record ? MSG_EOR : 0) |
                       (call.control_truncated ? MSG_CTRUNC : 0);
  return static_cast<ssize_t>(call.copied);
}

ssize_t Process::recv(int fd, void* out, std::size_t size, int flags) {
  iovec buffer{out, std::min(size, most_bytes)};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  return recvmsg(fd, &message, flags);
}

ssize_t Process::splice_read(OpenSocket& socket, std::size_t size, bool may_wait,
                             std::vector<std::uint8_t>& out) {
  if (socket.tcp == nullptr || socket.listening) return fail(ENOTCONN);
  TcpSocket& tcp = *socket.tcp;
  const bool locks = tcp.receives_records();
  if (locks && !become_reader(socket, may_wait)) return fail(EAGAIN);
  const auto unlock = gsl::finally([&] {
    if (locks) cease_to_read(socket);
  });
  const std::size_t before = out.size();
  int error = EAGAIN;
  wait_until(may_wait, socket.receive_timeout_ns, [&] {
    error = tcp.splice_read(size, out);
    return error != EAGAIN;
  });
  if (error != 0) return fail(error);
  return static_cast<ssize_t>(out.size() - before);
}

}  // namespace tlsnic::host
