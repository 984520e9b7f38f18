// What a descriptor refers to. Descriptors that were duplicated share it.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "host_stack/host.h"
#include "host_stack/syscalls/scheduler.h"

namespace tlsnic::host {

struct OpenFile {
  virtual ~OpenFile() = default;
  bool is_blocking() const { return (flags & O_NONBLOCK) == 0; }
  bool may_read() const { return (flags & O_ACCMODE) != O_WRONLY; }
  bool may_write() const { return (flags & O_ACCMODE) != O_RDONLY; }

  int flags = 0;  // O_NONBLOCK and the access mode, as fcntl(F_GETFL) gives them
};

// As Linux's sock->state, which is not what TCP says: a connection that has ended is connected
// still.
enum class SocketPhase : std::uint8_t { unconnected, connecting, connected, disconnecting };

// A socket: unbound, listening, or with a connection.
struct OpenSocket : OpenFile, SocketEvents, Acceptor {
  OpenSocket(Host& h, Scheduler& s, int f);
  ~OpenSocket() override;  // as close(): FIN, or RST if data was not read; a listener's queue, too

  // SocketEvents
  void established() override;
  void readable() override { scheduler.wake(); }
  void writable() override { scheduler.wake(); }
  void fin_acknowledged() override { scheduler.wake(); }
  void closed(int error) override {
    (void)error;  // the TcpSocket keeps it
    scheduler.wake();
  }

  // Acceptor
  bool has_room() override;
  const ConnectionOptions& connection_options() const override { return connection; }
  void arrived(TcpSocket& socket) override;

  // Gives the connection back to the host, which sends RST if data was not read or `reset`.
  // grace_ns: as for Host::release(), if calls may still wait for it.
  void drop_connection(bool reset, std::uint64_t grace_ns = 0);
  // Listens no more: who is in the queue gets RST.
  void stop_listening();
  void release_port();
  // Whether a call with these flags may wait: neither MSG_DONTWAIT nor O_NONBLOCK.
  bool may_wait(int call_flags) const { return (call_flags & MSG_DONTWAIT) == 0 && is_blocking(); }
  // TCP_CLOSE: no connection, or one that has ended (TIME-WAIT is not the socket's any more).
  bool is_closed() const;
  // Of the socket's own end, as getsockname() gives it; all zero if it has none.
  Endpoint local_endpoint() const;

  Host& host;
  Scheduler& scheduler;
  int family;  // AF_INET or AF_INET6
  SocketPhase phase = SocketPhase::unconnected;
  PortClaim claim;           // of bind() or listen()
  bool is_claimed = false;   // with the host's PortTable
  bool is_bound = false;     // claimed by bind(): stays so when a connection has ended
  TcpSocket* tcp = nullptr;  // of the host; null before connect()

  bool listening = false;
  std::size_t backlog = 0;
  std::list<std::shared_ptr<OpenSocket>> half_open;     // handshake not done, or failed
  std::list<std::shared_ptr<OpenSocket>> accept_queue;  // handshake done, in that order
  OpenSocket* listener = nullptr;                       // whose half_open this is in

  // Options
  std::size_t receive_low_water = 1;                // SO_RCVLOWAT, bytes
  std::optional<std::uint64_t> receive_timeout_ns;  // SO_RCVTIMEO; nothing: for ever
  std::optional<std::uint64_t> send_timeout_ns;     // SO_SNDTIMEO
  std::optional<std::uint32_t> linger_s;            // SO_LINGER, seconds
  ConnectionOptions connection;
  bool cork = false;  // TCP_CORK
  bool keep_alive = false;
  bool tls = false;  // TCP_ULP "tls": TLS_BASE until a direction has keys
  // TLS options that Linux takes before TLS_TX, for when it comes. Nothing: the default.
  std::optional<bool> tls_zerocopy_ro;
  std::optional<std::uint16_t> tls_max_payload;  // bytes
  // TLS_RX's iv less its rec_seq, for getsockopt() (facts 2.5).
  std::uint64_t tls_rx_nonce = 0;

  // One reader of records at a time, and one writer; the others wait (facts 2.7, rule 1).
  bool reader_present = false;
  bool readers_wait = false;
  bool writer_present = false;
  bool writers_wait = false;
};

// A pipe's bytes; shared by its two ends.
struct Pipe {
  explicit Pipe(Scheduler& s) : scheduler(s) {}
  Scheduler& scheduler;
  std::deque<std::uint8_t> bytes;
  std::size_t capacity = 65536;
  bool has_reader = true;
  bool has_writer = true;

  std::size_t room() const { return bytes.size() < capacity ? capacity - bytes.size() : 0; }
  // As many bytes as there are, or as there is room for; how many that was.
  std::size_t take(MutableBytes out);
  std::size_t put(Bytes data);
  void drop(std::size_t size);  // at most bytes.size()
};

struct OpenPipeEnd : OpenFile {
  OpenPipeEnd(std::shared_ptr<Pipe> p, bool w) : pipe(std::move(p)), writes(w) {}
  ~OpenPipeEnd() override;

  std::shared_ptr<Pipe> pipe;
  bool writes;
};

// A file's contents. For sendfile() by reference they stay where they are until acknowledged, so a
// write replaces the whole.
struct OpenRegularFile : OpenFile {
  std::shared_ptr<const std::vector<std::uint8_t>> bytes =
      std::make_shared<std::vector<std::uint8_t>>();
  std::uint64_t offset = 0;
};

// 0 or EFBIG. A gap before the offset is filled with zeros.
int write_file(OpenRegularFile& file, std::uint64_t offset, Bytes data);

}  // namespace tlsnic::host
