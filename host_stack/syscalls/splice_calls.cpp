// Bytes from pipe to pipe, file or socket and back, after Linux's fs/splice.c.
#include <fcntl.h>

#include <algorithm>
#include <climits>

#include "host_stack/socket/user_memory.h"
#include "host_stack/syscalls/process.h"

namespace tlsnic::host {
namespace {

constexpr unsigned all_splice_flags =
    SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;
constexpr std::size_t largest_step = std::size_t{1} << 20;  // no pipe holds more

// Pages of their own, which stay until they are acknowledged.
netdev::TxPiece pages_of(const std::vector<std::uint8_t>& bytes) {
  std::shared_ptr<std::uint8_t[]> pages(new std::uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), pages.get());
  const std::uint8_t* data = pages.get();
  return {std::move(pages), data, static_cast<std::uint32_t>(bytes.size())};
}

bool may_wait_for(const OpenFile& file, unsigned flags) {
  return file.is_blocking() && (flags & SPLICE_F_NONBLOCK) == 0;
}

}  // namespace

ssize_t Process::splice(int in_fd, off_t* in_offset, int out_fd, off_t* out_offset,
                        std::size_t size, unsigned flags) {
  if ((flags & ~all_splice_flags) != 0) return fail(EINVAL);
  if (size == 0) return 0;
  const auto in = file_at(in_fd);
  const auto out = in ? file_at(out_fd) : nullptr;
  if (!out) return -1;
  if (!in->may_read() || !out->may_write()) return fail(EBADF);
  auto* from = dynamic_cast<OpenPipeEnd*>(in.get());
  auto* to = dynamic_cast<OpenPipeEnd*>(out.get());
  if ((from != nullptr && in_offset != nullptr) || (to != nullptr && out_offset != nullptr))
    return fail(ESPIPE);
  if (from == nullptr && to == nullptr) return fail(EINVAL);
  if ((in_offset != nullptr && is_bad_address(in_offset)) ||
      (out_offset != nullptr && is_bad_address(out_offset)))
    return fail(EFAULT);
  if (from != nullptr && to != nullptr) return splice_pipes(*from, *to, size, flags);
  if (from != nullptr) {
    if (auto* file = dynamic_cast<OpenRegularFile*>(out.get()))
      return splice_to_file(*from, *file, out_offset, size, flags);
    if (out_offset != nullptr) return fail(EINVAL);
    return splice_to_socket(*from, dynamic_cast<OpenSocket&>(*out), size, flags);
  }
  if (auto* file = dynamic_cast<OpenRegularFile*>(in.get()))
    return splice_from_file(*file, in_offset, *to, size, flags);
  if (in_offset != nullptr) return fail(EINVAL);
  return splice_from_socket(dynamic_cast<OpenSocket&>(*in), *to, size, flags);
}

ssize_t Process::splice_to_socket(OpenPipeEnd& in, OpenSocket& out, std::size_t size,
                                  unsigned flags) {
  Pipe& pipe = *in.pipe;
  if (const int error = wait_for_bytes(pipe, may_wait_for(in, flags)); error != 0)
    return error == EPIPE ? 0 : fail(error);
  std::vector<std::uint8_t> bytes(std::min({size, pipe.bytes.size(), largest_step}));
  pipe.take(bytes);
  scheduler_.wake();
  const netdev::TxPiece pages = pages_of(bytes);
  const ssize_t sent = send_pages(out, gsl::span<const netdev::TxPiece>(&pages, 1),
                                  (flags & SPLICE_F_MORE) != 0, out.is_blocking());
  const int error = errno;
  // What was not sent is in the pipe still.
  const auto done = std::max<ssize_t>(sent, 0);
  pipe.bytes.insert(pipe.bytes.begin(), bytes.begin() + done, bytes.end());
  scheduler_.wake();
  errno = error;
  return sent;
}

// TLS looks at the call's flags, TCP at the descriptor's.
ssize_t Process::splice_from_socket(OpenSocket& in, OpenPipeEnd& out, std::size_t size,
                                    unsigned flags) {
  Pipe& pipe = *out.pipe;
  if (const int error = wait_for_room(pipe, may_wait_for(out, flags)); error != 0)
    return fail(error);
  const bool records = in.tcp != nullptr && in.tcp->receives_records();
  const bool may_wait = records ? (flags & SPLICE_F_NONBLOCK) == 0 : in.is_blocking();
  std::vector<std::uint8_t> bytes;
  const ssize_t got = splice_read(in, std::min(size, pipe.room()), may_wait, bytes);
  if (got <= 0) return got;
  pipe.bytes.insert(pipe.bytes.end(), bytes.begin(), bytes.end());
  scheduler_.wake();
  return got;
}

ssize_t Process::splice_pipes(OpenPipeEnd& in, OpenPipeEnd& out, std::size_t size, unsigned flags) {
  if (in.pipe == out.pipe) return fail(EINVAL);
  const bool may_wait = may_wait_for(in, flags) && may_wait_for(out, flags);
  if (const int error = wait_for_bytes(*in.pipe, may_wait); error != 0)
    return error == EPIPE ? 0 : fail(error);
  if (const int error = wait_for_room(*out.pipe, may_wait); error != 0) return fail(error);
  std::vector<std::uint8_t> bytes(std::min({size, in.pipe->bytes.size(), out.pipe->room()}));
  in.pipe->take(bytes);
  out.pipe->put(bytes);
  scheduler_.wake();
  return static_cast<ssize_t>(bytes.size());
}

ssize_t Process::splice_from_file(OpenRegularFile& in, off_t* offset, OpenPipeEnd& out,
                                  std::size_t size, unsigned flags) {
  if (offset != nullptr && *offset < 0) return fail(EINVAL);
  if (const int error = wait_for_room(*out.pipe, may_wait_for(out, flags)); error != 0)
    return fail(error);
  const std::uint64_t at = offset != nullptr ? static_cast<std::uint64_t>(*offset) : in.offset;
  if (at >= in.bytes->size()) return 0;
  const Bytes bytes = Bytes(*in.bytes).subspan(at);
  const std::size_t put = out.pipe->put(bytes.first(std::min<std::size_t>(size, bytes.size())));
  if (offset != nullptr)
    *offset += static_cast<off_t>(put);
  else
    in.offset += put;
  scheduler_.wake();
  return static_cast<ssize_t>(put);
}

ssize_t Process::splice_to_file(OpenPipeEnd& in, OpenRegularFile& out, off_t* offset,
                                std::size_t size, unsigned flags) {
  if ((out.flags & O_APPEND) != 0 || (offset != nullptr && *offset < 0)) return fail(EINVAL);
  if (const int error = wait_for_bytes(*in.pipe, may_wait_for(in, flags)); error != 0)
    return error == EPIPE ? 0 : fail(error);
  const std::size_t count = std::min(size, in.pipe->bytes.size());
  const std::vector<std::uint8_t> bytes(
      in.pipe->bytes.begin(), in.pipe->bytes.begin() + static_cast<std::ptrdiff_t>(count));
  const std::uint64_t at = offset != nullptr ? static_cast<std::uint64_t>(*offset) : out.offset;
  if (const int error = write_file(out, at, bytes); error != 0) return fail(error);
  in.pipe->drop(count);
  if (offset != nullptr)
    *offset += static_cast<off_t>(count);
  else
    out.offset += count;
  scheduler_.wake();
  return static_cast<ssize_t>(count);
}

ssize_t Process::vmsplice(int fd, const iovec* buffers, std::size_t count, unsigned flags) {
  if ((flags & ~all_splice_flags) != 0) return fail(EINVAL);
  const auto file = file_at(fd);
  if (!file) return -1;
  auto* end = dynamic_cast<OpenPipeEnd*>(file.get());
  if (end == nullptr) return fail(EBADF);
  if (count > most_buffers) return fail(EINVAL);
  if (count > 0 && is_bad_address(buffers)) return fail(EFAULT);
  const gsl::span<const iovec> parts(buffers, count);
  for (const iovec& part : parts)
    if (part.iov_len > static_cast<std::size_t>(SSIZE_MAX)) return fail(EINVAL);
  const auto is_empty = [](const iovec& part) { return part.iov_len == 0; };
  if (std::all_of(parts.begin(), parts.end(), is_empty)) return 0;
  Pipe& pipe = *end->pipe;
  const int error = end->writes ? wait_for_room(pipe, may_wait_for(*end, flags))
                                : wait_for_bytes(pipe, may_wait_for(*end, flags));
  if (error != 0) return error == EPIPE && !end->writes ? 0 : fail(error);
  std::size_t moved = 0;
  for (const iovec& part : parts) {
    if (part.iov_len == 0) continue;
    if (is_bad_address(part.iov_base)) {
      if (moved == 0) return fail(EFAULT);
      break;
    }
    const MutableBytes bytes(static_cast<std::uint8_t*>(part.iov_base), part.iov_len);
    const std::size_t step = end->writes ? pipe.put(bytes) : pipe.take(bytes);
    moved += step;
    if (step < part.iov_len) break;
  }
  scheduler_.wake();
  return static_cast<ssize_t>(moved);
}

}  // namespace tlsnic::host
