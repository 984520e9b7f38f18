// Pipes, after Linux's fs/pipe.c.
#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "host_stack/syscalls/process.h"

namespace tlsnic::host {
namespace {

constexpr std::size_t page_size = 4096;
constexpr std::size_t atomic_write = 4096;                  // PIPE_BUF
constexpr std::size_t largest_pipe = std::size_t{1} << 20;  // fs.pipe-max-size

}  // namespace

int Process::pipe2(int fds[2], int flags) {
  if (is_bad_address(fds)) return fail(EFAULT);
  if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) != 0) return fail(EINVAL);
  const auto pipe = std::make_shared<Pipe>(scheduler_);
  const int mode = flags & O_NONBLOCK;
  auto reader = std::make_shared<OpenPipeEnd>(pipe, false);
  auto writer = std::make_shared<OpenPipeEnd>(pipe, true);
  reader->flags = O_RDONLY | mode;
  writer->flags = O_WRONLY | mode;
  const int read_fd = add(std::move(reader));
  if (read_fd < 0) return -1;
  const int write_fd = add(std::move(writer));
  if (write_fd < 0) {
    close(read_fd);
    return fail(EMFILE);
  }
  fds[0] = read_fd;
  fds[1] = write_fd;
  return 0;
}

int Process::resize_pipe(Pipe& pipe, int size) {
  if (size < 0) return fail(EINVAL);
  std::size_t capacity = page_size;
  while (capacity < static_cast<std::size_t>(size)) capacity *= 2;
  if (capacity > largest_pipe) return fail(EPERM);
  if (capacity < pipe.bytes.size()) return fail(EBUSY);
  pipe.capacity = capacity;
  scheduler_.wake();
  return static_cast<int>(capacity);
}

int Process::wait_for_bytes(const Pipe& pipe, bool may_wait) {
  const bool over =
      wait_until(may_wait, std::nullopt, [&] { return !pipe.bytes.empty() || !pipe.has_writer; });
  if (!over) return EAGAIN;
  return pipe.bytes.empty() ? EPIPE : 0;
}

int Process::wait_for_room(const Pipe& pipe, bool may_wait) {
  const bool over =
      wait_until(may_wait, std::nullopt, [&] { return pipe.room() > 0 || !pipe.has_reader; });
  if (!pipe.has_reader) return EPIPE;
  return over ? 0 : EAGAIN;
}

ssize_t Process::read_pipe(OpenPipeEnd& end, void* out, std::size_t size) {
  if (size == 0) return 0;
  Pipe& pipe = *end.pipe;
  const int error = wait_for_bytes(pipe, end.is_blocking());
  if (error == EPIPE) return 0;
  if (error != 0) return fail(error);
  const std::size_t taken = pipe.take({static_cast<std::uint8_t*>(out), size});
  scheduler_.wake();
  return static_cast<ssize_t>(taken);
}

// At most PIPE_BUF bytes go in whole or not at all.
ssize_t Process::write_pipe(OpenPipeEnd& end, const void* data, std::size_t size) {
  Pipe& pipe = *end.pipe;
  if (size == 0) return 0;
  const Bytes bytes(static_cast<const std::uint8_t*>(data), size);
  std::size_t written = 0;
  const std::size_t least = size <= atomic_write ? size : 1;
  while (written < size) {
    const bool over = wait_until(end.is_blocking(), std::nullopt,
                                 [&] { return pipe.room() >= least || !pipe.has_reader; });
    if (!pipe.has_reader || !over) {
      if (written > 0) break;
      return fail(over ? EPIPE : EAGAIN);
    }
    written += pipe.put(bytes.subspan(written));
    scheduler_.wake();
  }
  return static_cast<ssize_t>(written);
}

}  // namespace tlsnic::host
