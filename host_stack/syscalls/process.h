// A process on a simulated host: system calls by their own names, with Linux's arguments and
// results. A failed call returns -1 and sets errno. A call that has to wait does so in simulated
// time.
//
// Descriptors are the process's own: they are numbers from 3 on that no other process knows, and
// nothing of the real operating system behind them. Threads of a process share it.
//
// Limitations: stream sockets over TCP only; no signals (MSG_NOSIGNAL is always so, EINTR never
// comes); no urgent data; a pointer below 4096 gives EFAULT, other bad pointers are not found out.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "host_stack/syscalls/open_file.h"

namespace tlsnic::host {

class Process {
 public:
  // Both outlive the process.
  Process(Host& host, Scheduler& scheduler) : host_(host), scheduler_(scheduler) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // ---- connections (connection_calls.cpp)
  int socket(int domain, int type, int protocol);
  int bind(int fd, const sockaddr* address, socklen_t length);
  int listen(int fd, int backlog);
  int accept(int fd, sockaddr* address, socklen_t* length) {
    return accept4(fd, address, length, 0);
  }
  int accept4(int fd, sockaddr* address, socklen_t* length, int flags);
  int connect(int fd, const sockaddr* address, socklen_t length);
  int getsockname(int fd, sockaddr* address, socklen_t* length);
  int getpeername(int fd, sockaddr* address, socklen_t* length);
  int shutdown(int fd, int how);

  // ---- options (socket_options.cpp; SOL_TLS and TCP_ULP: tls_options.cpp)
  int setsockopt(int fd, int level, int name, const void* value, socklen_t length);
  int getsockopt(int fd, int level, int name, void* value, socklen_t* length);

  // ---- sending (send_calls.cpp)
  ssize_t send(int fd, const void* data, std::size_t size, int flags);
  ssize_t sendmsg(int fd, const msghdr* message, int flags);
  ssize_t sendfile(int out_fd, int in_fd, off_t* offset, std::size_t count);

  // ---- receiving (receive_calls.cpp)
  ssize_t recv(int fd, void* out, std::size_t size, int flags);
  ssize_t recvmsg(int fd, msghdr* message, int flags);

  // ---- any descriptor (file_calls.cpp, pipe_calls.cpp, splice_calls.cpp)
  ssize_t read(int fd, void* out, std::size_t size);
  ssize_t write(int fd, const void* data, std::size_t size);
  // Offsets must be null unless the descriptor is a regular file's.
  ssize_t splice(int in_fd, off_t* in_offset, int out_fd, off_t* out_offset, std::size_t size,
                 unsigned flags);
  ssize_t vmsplice(int fd, const iovec* buffers, std::size_t count, unsigned flags);
  int pipe2(int fds[2], int flags);
  int pipe(int fds[2]) { return pipe2(fds, 0); }
  int memfd_create(const char* name, unsigned flags);
  // A file of the real file system, read whole; O_RDONLY only. /proc/net/tls_stat is the host's
  // own, as it is at the call.
  int open(const char* path, int flags);
  off_t lseek(int fd, off_t offset, int whence);
  int fcntl(int fd, int command, int argument = 0);
  int dup(int fd);
  int close(int fd);

  // ---- waiting (poll.cpp)
  int poll(pollfd* fds, nfds_t count, int timeout_ms);
  void sleep_ns(std::uint64_t ns);  // of simulated time
  // Until something has happened to one of the descriptors, or to none: for who has just been told
  // EAGAIN.
  void wait_for_wakeup() { scheduler_.wait(std::nullopt); }

  // ---- descriptors that a process comes with, as after exec()
  // For a connection of the host, perhaps not established yet, that nobody else owns: from within
  // the callback of Host::listen(), or right after Host::connect(). -1: EMFILE.
  int adopt(TcpSocket& connection);
  // For a file that cannot be written to. -1: EMFILE.
  int adopt(std::shared_ptr<const std::vector<std::uint8_t>> contents);

  // The connection behind a descriptor, for observers; null if it is none.
  TcpSocket* tcp_socket(int fd);
  Host& host() { return host_; }

 private:
  static int fail(int error) {
    errno = error;
    return -1;
  }
  // Null with errno EBADF, or ENOTSOCK (EINVAL for the others) if it is something else.
  std::shared_ptr<OpenFile> file_at(int fd) const;
  std::shared_ptr<OpenSocket> socket_at(int fd) const;
  int add(std::shared_ptr<OpenFile> file, int lowest = first_descriptor);  // lowest free descriptor

  // Calls attempt() now and after each wake-up until it returns true. False: may_wait is false, or
  // the time was over (timeout_ns from the call on; nothing: never).
  template <typename Attempt>
  bool wait_until(bool may_wait, std::optional<std::uint64_t> timeout_ns, Attempt attempt) {
    std::optional<std::uint64_t> deadline;
    // Not beyond the end of time.
    if (timeout_ns) deadline = scheduler_.now_ns() + std::min(*timeout_ns, ~scheduler_.now_ns());
    while (!attempt()) {
      if (!may_wait || (deadline && scheduler_.now_ns() >= *deadline)) return false;
      scheduler_.wait(deadline);
    }
    return true;
  }

  // tls_options.cpp; 0 or errno
  int set_ulp(OpenSocket& socket, const void* value, socklen_t length);
  int get_ulp(OpenSocket& socket, void* value, socklen_t* length);
  int set_tls_option(OpenSocket& socket, int name, const void* value, socklen_t length);
  int get_tls_option(OpenSocket& socket, int name, void* value, socklen_t* length);
  // send_calls.cpp: the rest of a call on a socket that is known to be one. may_wait: false for
  // MSG_DONTWAIT and O_NONBLOCK.
  ssize_t send_pages(OpenSocket& socket, gsl::span<const netdev::TxPiece> pages, bool more,
                     bool may_wait);
  ssize_t send_message(OpenSocket& socket, gsl::span<Bytes> parts, bool faulty,
                       const msghdr* control, int flags);
  template <typename Attempt>
  ssize_t send_all(OpenSocket& socket, std::size_t size, bool may_wait, Attempt attempt);
  int wait_connected(OpenSocket& socket, bool may_wait);  // 0 or errno
  void become_writer(OpenSocket& socket);                 // the kernel's tx_lock
  void cease_to_write(OpenSocket& socket);
  void end_splice(OpenSocket& socket, bool may_wait);
  // receive_calls.cpp. The lock of facts 2.7, rule 1; false: EAGAIN.
  bool become_reader(OpenSocket& socket, bool may_wait);
  void cease_to_read(OpenSocket& socket);
  void receive(OpenSocket& socket, ReceiveCall& call);
  // At most `size` bytes, one record or its rest, for splice() from a socket, are appended to
  // `out`.
  ssize_t splice_read(OpenSocket& socket, std::size_t size, bool may_wait,
                      std::vector<std::uint8_t>& out);

  // connection_calls.cpp; 0 or errno
  int start_connection(OpenSocket& socket, const Endpoint& remote);
  int finish_connection(OpenSocket& socket, bool may_wait, int error_if_not_done);
  int disconnect(OpenSocket& socket);
  // socket_options.cpp; 0 or errno
  int set_option(OpenSocket& socket, int level, int name, const void* value, socklen_t length);
  int get_option(OpenSocket& socket, int level, int name, void* value, socklen_t* length);
  // pipe_calls.cpp, splice_calls.cpp; -1 with errno
  int resize_pipe(Pipe& pipe, int size);  // the new capacity
  ssize_t read_pipe(OpenPipeEnd& end, void* out, std::size_t size);
  ssize_t write_pipe(OpenPipeEnd& end, const void* data, std::size_t size);
  ssize_t splice_to_socket(OpenPipeEnd& in, OpenSocket& out, std::size_t size, unsigned flags);
  ssize_t splice_from_socket(OpenSocket& in, OpenPipeEnd& out, std::size_t size, unsigned flags);
  ssize_t splice_pipes(OpenPipeEnd& in, OpenPipeEnd& out, std::size_t size, unsigned flags);
  ssize_t splice_from_file(OpenRegularFile& in, off_t* offset, OpenPipeEnd& out, std::size_t size,
                           unsigned flags);
  ssize_t splice_to_file(OpenPipeEnd& in, OpenRegularFile& out, off_t* offset, std::size_t size,
                         unsigned flags);
  // 0, or errno: waits until there is something in the pipe (EPIPE: never will be), or room.
  int wait_for_bytes(const Pipe& pipe, bool may_wait);
  int wait_for_room(const Pipe& pipe, bool may_wait);

  Host& host_;
  Scheduler& scheduler_;
  std::vector<std::shared_ptr<OpenFile>> files_;  // by descriptor, from first_descriptor on
  std::size_t lowest_free_ = 0;                   // no entry below is empty
  static constexpr int first_descriptor = 3;
};

}  // namespace tlsnic::host
