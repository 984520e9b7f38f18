// Descriptors, pipes and regular files, after Linux's fs/file.c, fs/pipe.c and mm/memfd.c.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "host_stack/syscalls/process.h"

namespace tlsnic::host {
namespace {

constexpr std::size_t most_descriptors = 1u << 20;
constexpr std::size_t page_size = 4096;
constexpr std::size_t atomic_write = 4096;                  // PIPE_BUF
constexpr std::size_t largest_pipe = std::size_t{1} << 20;  // fs.pipe-max-size
constexpr std::size_t largest_file = std::size_t{1} << 30;  // bytes
constexpr std::size_t longest_memfd_name = 249;             // NAME_MAX less "memfd:"
constexpr std::size_t largest_transfer = 0x7ffff000;        // MAX_RW_COUNT
constexpr int settable_flags = O_NONBLOCK | O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME;

bool is_blocking(const OpenFile& file) {
  return (file.flags & O_NONBLOCK) == 0;
}

bool may_read(const OpenFile& file) {
  return (file.flags & O_ACCMODE) != O_WRONLY;
}

bool may_write(const OpenFile& file) {
  return (file.flags & O_ACCMODE) != O_RDONLY;
}

ssize_t read_file(OpenRegularFile& file, void* out, std::size_t size) {
  const std::vector<std::uint8_t>& bytes = *file.bytes;
  if (file.offset >= bytes.size()) return 0;
  const std::size_t taken = std::min<std::size_t>(size, bytes.size() - file.offset);
  std::memcpy(out, bytes.data() + file.offset, taken);
  file.offset += taken;
  return static_cast<ssize_t>(taken);
}

// A closing that lingers is over: nothing is left to be sent, or to be acknowledged.
bool has_sent_all(const TcpSocket& socket) {
  return socket.state() != TcpState::fin_wait_1 && socket.state() != TcpState::closing &&
         socket.state() != TcpState::last_ack;
}

}  // namespace

int write_file(OpenRegularFile& file, std::uint64_t offset, Bytes data) {
  if (offset > largest_file || data.size() > largest_file - offset) return EFBIG;
  // Pages that somebody still sends from keep what they have.
  if (file.bytes.use_count() > 1)
    file.bytes = std::make_shared<std::vector<std::uint8_t>>(*file.bytes);
  auto& bytes = const_cast<std::vector<std::uint8_t>&>(*file.bytes);
  const std::size_t end = static_cast<std::size_t>(offset) + data.size();
  if (bytes.size() < end) bytes.resize(end);
  if (!data.empty()) std::memcpy(bytes.data() + offset, data.data(), data.size());
  return 0;
}

// ---- descriptors

std::shared_ptr<OpenFile> Process::file_at(int fd) const {
  const auto index = static_cast<std::size_t>(fd) - first_descriptor;
  if (fd < first_descriptor || index >= files_.size() || !files_[index]) {
    errno = EBADF;
    return nullptr;
  }
  return files_[index];
}

std::shared_ptr<OpenSocket> Process::socket_at(int fd) const {
  const auto file = file_at(fd);
  auto socket = std::dynamic_pointer_cast<OpenSocket>(file);
  if (file && !socket) errno = ENOTSOCK;
  return socket;
}

TcpSocket* Process::tcp_socket(int fd) {
  const auto socket = socket_at(fd);
  return socket ? socket->tcp : nullptr;
}

int Process::add(std::shared_ptr<OpenFile> file, int lowest) {
  std::size_t index = std::max(static_cast<std::size_t>(lowest - first_descriptor), lowest_free_);
  while (index < files_.size() && files_[index]) ++index;
  if (index >= most_descriptors) return fail(EMFILE);
  if (index >= files_.size()) files_.resize(index + 1);
  files_[index] = std::move(file);
  while (lowest_free_ < files_.size() && files_[lowest_free_]) ++lowest_free_;
  return static_cast<int>(index) + first_descriptor;
}

int Process::dup(int fd) {
  auto file = file_at(fd);
  return file ? add(std::move(file)) : -1;
}

int Process::close(int fd) {
  if (!file_at(fd)) return -1;
  const auto index = static_cast<std::size_t>(fd - first_descriptor);
  std::shared_ptr<OpenFile> file = std::move(files_[index]);
  files_[index] = nullptr;
  lowest_free_ = std::min(lowest_free_, index);
  auto* socket = dynamic_cast<OpenSocket*>(file.get());
  if (socket != nullptr && file.use_count() == 1 && socket->tcp != nullptr &&
      socket->linger_s.value_or(0) > 0 && is_blocking(*socket)) {
    const Socket* receiving = socket->tcp->receiving();
    if (receiving == nullptr || receiving->receive_queue().available() == 0) {
      socket->tcp->shutdown();
      wait_until(true, std::uint64_t{*socket->linger_s} * ns_per_s,
                 [&] { return has_sent_all(*socket->tcp); });
    }
  }
  file.reset();
  scheduler_.wake();
  return 0;
}

int Process::fcntl(int fd, int command, int argument) {
  const auto file = file_at(fd);
  if (!file) return -1;
  const auto* end = dynamic_cast<OpenPipeEnd*>(file.get());
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (argument < 0 || static_cast<std::size_t>(argument) >= most_descriptors)
        return fail(EINVAL);
      return add(file, std::max(argument, first_descriptor));
    case F_GETFD:
    case F_SETFD:
      return 0;
    case F_GETFL:
      return file->flags;
    case F_SETFL:
      file->flags = (file->flags & ~settable_flags) | (argument & settable_flags);
      return 0;
    case F_GETPIPE_SZ:
      return end != nullptr ? static_cast<int>(end->pipe->capacity) : fail(EBADF);
    case F_SETPIPE_SZ: {
      if (end == nullptr) return fail(EBADF);
      if (argument < 0) return fail(EINVAL);
      std::size_t capacity = page_size;
      while (capacity < static_cast<std::size_t>(argument)) capacity *= 2;
      if (capacity > largest_pipe) return fail(EPERM);
      if (capacity < end->pipe->bytes.size()) return fail(EBUSY);
      end->pipe->capacity = capacity;
      scheduler_.wake();
      return static_cast<int>(capacity);
    }
    default:
      return fail(EINVAL);
  }
}

ssize_t Process::read(int fd, void* out, std::size_t size) {
  const auto file = file_at(fd);
  if (!file) return -1;
  size = std::min(size, largest_transfer);
  if (dynamic_cast<OpenSocket*>(file.get()) != nullptr) return recv(fd, out, size, 0);
  if (!may_read(*file)) return fail(EBADF);
  if (size > 0 && is_bad_address(out)) return fail(EFAULT);
  if (auto* end = dynamic_cast<OpenPipeEnd*>(file.get())) return read_pipe(*end, out, size);
  return read_file(dynamic_cast<OpenRegularFile&>(*file), out, size);
}

ssize_t Process::write(int fd, const void* data, std::size_t size) {
  const auto file = file_at(fd);
  if (!file) return -1;
  size = std::min(size, largest_transfer);
  if (dynamic_cast<OpenSocket*>(file.get()) != nullptr) return send(fd, data, size, 0);
  if (!may_write(*file)) return fail(EBADF);
  if (size > 0 && is_bad_address(data)) return fail(EFAULT);
  if (auto* end = dynamic_cast<OpenPipeEnd*>(file.get())) return write_pipe(*end, data, size);
  auto& regular = dynamic_cast<OpenRegularFile&>(*file);
  if ((regular.flags & O_APPEND) != 0) regular.offset = regular.bytes->size();
  const int error =
      write_file(regular, regular.offset, {static_cast<const std::uint8_t*>(data), size});
  if (error != 0) return fail(error);
  regular.offset += size;
  return static_cast<ssize_t>(size);
}

// ---- pipes

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
  const int error = wait_for_bytes(pipe, is_blocking(end));
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
    const bool over = wait_until(is_blocking(end), std::nullopt,
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

// ---- regular files

int Process::memfd_create(const char* name, unsigned flags) {
  if (is_bad_address(name)) return fail(EFAULT);
  if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING)) != 0) return fail(EINVAL);
  if (strnlen(name, longest_memfd_name + 1) > longest_memfd_name) return fail(EINVAL);
  auto file = std::make_shared<OpenRegularFile>();
  file->flags = O_RDWR;
  return add(std::move(file));
}

int Process::open(const char* path, int flags) {
  if (is_bad_address(path)) return fail(EFAULT);
  // Of the simulated host, not of the machine below; mode 0444 (facts 2.11).
  if (std::strcmp(path, "/proc/net/tls_stat") == 0) {
    if ((flags & O_ACCMODE) != O_RDONLY) return fail(EACCES);
    const std::string text = host_.tls_stat().proc_net_tls_stat();
    auto file = std::make_shared<OpenRegularFile>();
    file->flags = flags & (O_ACCMODE | O_NONBLOCK);
    file->bytes = std::make_shared<std::vector<std::uint8_t>>(text.begin(), text.end());
    return add(std::move(file));
  }
  if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0) return fail(EROFS);
  const int real = ::open(path, O_RDONLY | O_CLOEXEC | (flags & (O_NOFOLLOW | O_DIRECTORY)));
  if (real < 0) return -1;
  struct stat status {};
  int error = fstat(real, &status) == 0 ? 0 : errno;
  if (error == 0 && !S_ISREG(status.st_mode)) error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
  auto bytes = std::make_shared<std::vector<std::uint8_t>>();
  while (error == 0) {
    constexpr std::size_t step = std::size_t{1} << 16;
    const std::size_t size = bytes->size();
    bytes->resize(size + step);
    const ssize_t got = ::read(real, bytes->data() + size, step);
    bytes->resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
    if (got < 0 && errno != EINTR) error = errno;
    if (bytes->size() > largest_file) error = EFBIG;
  }
  ::close(real);
  if (error != 0) return fail(error);
  auto file = std::make_shared<OpenRegularFile>();
  file->flags = flags & (O_ACCMODE | O_NONBLOCK);
  file->bytes = std::move(bytes);
  return add(std::move(file));
}

off_t Process::lseek(int fd, off_t offset, int whence) {
  const auto file = file_at(fd);
  if (!file) return -1;
  auto* regular = dynamic_cast<OpenRegularFile*>(file.get());
  if (regular == nullptr) return fail(ESPIPE);
  off_t base = 0;
  switch (whence) {
    case SEEK_SET:
      break;
    case SEEK_CUR:
      base = static_cast<off_t>(regular->offset);
      break;
    case SEEK_END:
      base = static_cast<off_t>(regular->bytes->size());
      break;
    default:
      return fail(EINVAL);
  }
  if (offset > std::numeric_limits<off_t>::max() - base) return fail(EOVERFLOW);
  if (base + offset < 0) return fail(EINVAL);
  regular->offset = static_cast<std::uint64_t>(base + offset);
  return base + offset;
}

}  // namespace tlsnic::host
