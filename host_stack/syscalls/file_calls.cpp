// Descriptors and regular files, after Linux's fs/file.c and mm/memfd.c.
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
constexpr std::size_t largest_file = std::size_t{1} << 30;  // bytes
constexpr std::size_t longest_memfd_name = 249;             // NAME_MAX less "memfd:"
constexpr std::size_t largest_transfer = 0x7ffff000;        // MAX_RW_COUNT
constexpr int settable_flags = O_NONBLOCK | O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME;

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

int Process::adopt(TcpSocket& connection) {
  const bool is_ipv6 = connection.sent().source.address.is_ipv6;
  auto socket = std::make_shared<OpenSocket>(host_, scheduler_, is_ipv6 ? AF_INET6 : AF_INET);
  socket->tcp = &connection;
  socket->phase =
      connection.state() == TcpState::syn_sent ? SocketPhase::connecting : SocketPhase::connected;
  connection.set_events(socket.get());
  return add(std::move(socket));
}

int Process::adopt(std::shared_ptr<const std::vector<std::uint8_t>> contents) {
  auto file = std::make_shared<OpenRegularFile>();
  file->flags = O_RDONLY;
  file->bytes = std::move(contents);
  return add(std::move(file));
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
      socket->linger_s.value_or(0) > 0 && socket->is_blocking()) {
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
  auto* end = dynamic_cast<OpenPipeEnd*>(file.get());
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
    case F_SETPIPE_SZ:
      return end != nullptr ? resize_pipe(*end->pipe, argument) : fail(EBADF);
    default:
      return fail(EINVAL);
  }
}

ssize_t Process::read(int fd, void* out, std::size_t size) {
  const auto file = file_at(fd);
  if (!file) return -1;
  size = std::min(size, largest_transfer);
  // As sock_read_iter(): no bytes are there at once.
  if (dynamic_cast<OpenSocket*>(file.get()) != nullptr)
    return size > 0 ? recv(fd, out, size, 0) : 0;
  if (!file->may_read()) return fail(EBADF);
  if (size > 0 && is_bad_address(out)) return fail(EFAULT);
  if (auto* end = dynamic_cast<OpenPipeEnd*>(file.get())) return read_pipe(*end, out, size);
  return read_file(dynamic_cast<OpenRegularFile&>(*file), out, size);
}

ssize_t Process::write(int fd, const void* data, std::size_t size) {
  const auto file = file_at(fd);
  if (!file) return -1;
  size = std::min(size, largest_transfer);
  if (dynamic_cast<OpenSocket*>(file.get()) != nullptr) return send(fd, data, size, 0);
  if (!file->may_write()) return fail(EBADF);
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
  // O_NONBLOCK: the real one of a FIFO would wait for a writer.
  const int real =
      ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (flags & (O_NOFOLLOW | O_DIRECTORY)));
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
