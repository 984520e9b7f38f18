// The sending calls themselves: flags, bad messages, waiting, sendfile() (facts 1.6, 2.6).
#include <fcntl.h>
#include <sys/time.h>

#include <catch2/catch.hpp>

#include "host_stack/syscalls/tls_uapi.h"
#include "host_stack/syscalls/type_message.h"
#include "tests/host_stack/ktls/tx_world.h"
#include "tests/host_stack/syscalls/two_processes.h"

namespace tlsnic::host {
namespace {

using test::ByteVector;

enum class Mode { plain, software, hardware };

// Before the hosts, which take their connections out of the device at the end.
struct HasDriver {
  test::TxDriver driver;
};

struct World : HasDriver, test::TwoProcesses {
  explicit World(Mode mode, const HostSettings& settings = {}) : TwoProcesses(settings) {
    client.netdev().hw_tls_tx = mode == Mode::hardware;
    client.netdev().tlsdev_ops = &driver;
    const auto connection = connect_processes();
    fd = connection.client;
    server_fd = connection.server;
    if (mode == Mode::plain) return;
    const TxCryptoInfo info = test::crypto_info(TlsVersion::tls12, TlsCipher::aes_gcm_128);
    REQUIRE(socket().set_tls_tx(info) == 0);
    REQUIRE(at_server_host.tcp_socket(server_fd)->set_tls_rx(info.base) == 0);
    REQUIRE(socket().tls_tx()->is_hardware() == (mode == Mode::hardware));
  }
  TcpSocket& socket() { return *at_client_host.tcp_socket(fd); }
  // What the call left in errno; 0 if it did not fail.
  static int error(ssize_t result) { return result < 0 ? errno : 0; }
  int send_error(int flags) {
    return error(at_client_host.send(fd, "hello", 5, flags | MSG_DONTWAIT));
  }
  int message_error(const msghdr& message, int flags = 0) {
    return error(at_client_host.sendmsg(fd, &message, flags));
  }
  void set_send_timeout(long ms) {
    const timeval timeout{ms / 1000, ms % 1000 * 1000};
    REQUIRE(at_client_host.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0);
  }
  int file(const ByteVector& content) {
    const int in = at_client_host.memfd_create("file", 0);
    REQUIRE(at_client_host.write(in, content.data(), content.size()) ==
            static_cast<ssize_t>(content.size()));
    REQUIRE(at_client_host.lseek(in, 0, SEEK_SET) == 0);
    return in;
  }
  // Records that have arrived, by length.
  std::vector<std::size_t> arrived() {
    run();
    std::vector<std::size_t> result;
    while (const auto record = at_server_host.tcp_socket(server_fd)->read_record().record)
      result.push_back(record->length);
    return result;
  }

  int fd = -1;
  int server_fd = -1;
};

TEST_CASE("Flags that a send knows, by mode", "[send]") {
  constexpr int zerocopy = 0x4000000, compat = static_cast<int>(0x80000000);
  const Mode mode = GENERATE(Mode::plain, Mode::software, Mode::hardware);
  World world(mode);
  const bool tls = mode != Mode::plain;
  REQUIRE(world.send_error(MSG_NOSIGNAL) == 0);
  REQUIRE(world.send_error(MSG_EOR) == 0);
  REQUIRE(world.send_error(MSG_MORE) == 0);
  REQUIRE(world.send_error(MSG_MORE | MSG_EOR) == (tls ? EINVAL : 0));
  REQUIRE(world.send_error(MSG_OOB) == EOPNOTSUPP);
  REQUIRE(world.send_error(zerocopy) == (tls ? EOPNOTSUPP : 0));
  REQUIRE(world.send_error(MSG_CONFIRM) == (tls ? EOPNOTSUPP : 0));
  REQUIRE(world.send_error(compat) == (mode == Mode::hardware ? EOPNOTSUPP : 0));
  REQUIRE(world.send_error(MSG_SPLICE_PAGES) == 0);  // not an application's: taken off
}

TEST_CASE("Messages that cannot be read", "[send]") {
  const Mode mode = GENERATE(Mode::plain, Mode::software, Mode::hardware);
  World world(mode);
  Process& process = world.at_client_host;
  std::uint8_t byte = 1;
  iovec buffers[] = {{&byte, 1}, {reinterpret_cast<void*>(1), 1}, {&byte, 1}};
  msghdr message{};
  REQUIRE(World::error(process.sendmsg(world.fd, nullptr, 0)) == EFAULT);
  REQUIRE(World::error(process.sendmsg(77, &message, 0)) == EBADF);
  message.msg_iovlen = 1;
  REQUIRE(world.message_error(message) == EFAULT);
  message.msg_iov = buffers;
  message.msg_iovlen = 1025;
  REQUIRE(world.message_error(message) == EMSGSIZE);
  message.msg_iovlen = 3;
  // TLS_SW gives up the record, the others send what comes before.
  REQUIRE(process.sendmsg(world.fd, &message, 0) == (mode == Mode::software ? -1 : 1));
  if (mode == Mode::software) REQUIRE(errno == EFAULT);
  message.msg_iov = buffers + 1;
  message.msg_iovlen = 1;
  REQUIRE(world.message_error(message) == EFAULT);
  REQUIRE(World::error(process.send(world.fd, nullptr, 5, 0)) == EFAULT);
  buffers[1].iov_len = SIZE_MAX;
  REQUIRE(world.message_error(message) == EINVAL);
  message.msg_iov = buffers;
  message.msg_controllen = 16;
  REQUIRE(world.message_error(message) == EFAULT);
  message.msg_controllen = SIZE_MAX;
  REQUIRE(world.message_error(message) == ENOBUFS);
}

TEST_CASE("A record type is TCP's business only with kTLS", "[send]") {
  const Mode mode = GENERATE(Mode::plain, Mode::software, Mode::hardware);
  World world(mode);
  std::uint8_t alert[] = {2, 20};
  iovec buffer{alert, 2};
  TypeMessage typed(&buffer);
  cmsghdr& header = typed.set_type(21);
  REQUIRE(world.at_client_host.sendmsg(world.fd, &typed.message, 0) == 2);
  REQUIRE(world.message_error(typed.message, MSG_MORE) == (mode == Mode::plain ? 0 : EINVAL));
  header.cmsg_type = 77;
  REQUIRE(world.message_error(typed.message) == (mode == Mode::plain ? 0 : EINVAL));
  // TLS_SW sees to the flags first, TLS_HW to the message.
  const int wrong = mode == Mode::plain ? 0 : mode == Mode::software ? EOPNOTSUPP : EINVAL;
  REQUIRE(world.message_error(typed.message, MSG_CONFIRM) == wrong);
  header.cmsg_len = 5;
  REQUIRE(world.message_error(typed.message) == EINVAL);
}

TEST_CASE("No connection: EPIPE", "[send]") {
  World world(Mode::plain);
  Process& process = world.at_client_host;
  const int fresh = process.socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(World::error(process.send(fresh, "x", 1, 0)) == EPIPE);
  const int listener = world.listen_at(99);
  REQUIRE(World::error(world.at_server_host.send(listener, "x", 1, 0)) == EPIPE);
}

TEST_CASE("shutdown(SHUT_WR): EPIPE", "[send]") {
  const Mode mode = GENERATE(Mode::plain, Mode::software, Mode::hardware);
  World world(mode);
  REQUIRE(world.at_client_host.shutdown(world.fd, SHUT_WR) == 0);
  REQUIRE(world.send_error(0) == EPIPE);
}

TEST_CASE("A blocked send goes on when there is room, and a timeout ends it", "[send]") {
  const Mode mode = GENERATE(Mode::plain, Mode::software, Mode::hardware);
  HostSettings settings;
  settings.tcp.send_buffer = 20000;
  settings.tcp.receive_buffer = 30000;
  World world(mode, settings);
  Process& process = world.at_client_host;
  const ByteVector data = test::some_bytes(40000);
  // The peer reads nothing: its window takes 30000 bytes, the buffer here the rest.
  REQUIRE(process.send(world.fd, data.data(), data.size(), 0) == 40000);
  REQUIRE(world.clock.now_ns() > 0);
  world.set_send_timeout(300);
  const std::uint64_t start = world.clock.now_ns();
  const ssize_t sent = process.send(world.fd, data.data(), data.size(), 0);
  REQUIRE(sent > 0);
  REQUIRE(sent < 40000);
  REQUIRE(world.clock.now_ns() >= start + 300'000'000);
  REQUIRE(World::error(process.send(world.fd, data.data(), data.size(), 0)) == EAGAIN);
  const std::uint64_t later = world.clock.now_ns();
  REQUIRE(World::error(process.send(world.fd, data.data(), 1, MSG_DONTWAIT)) == EAGAIN);
  REQUIRE(process.fcntl(world.fd, F_SETFL, O_NONBLOCK) == 0);
  REQUIRE(World::error(process.send(world.fd, data.data(), 1, 0)) == EAGAIN);
  REQUIRE(world.clock.now_ns() == later);
}

TEST_CASE("sendfile: full records and one rest; both kinds of offset", "[send]") {
  World world(Mode::software);
  Process& process = world.at_client_host;
  const int in = world.file(test::some_bytes(150000));
  // To the end of the file, and beyond: the end of the file ends the record.
  off_t offset = 1000;
  REQUIRE(process.sendfile(world.fd, in, &offset, 1 << 20) == 149000);
  REQUIRE(offset == 150000);
  std::vector<std::size_t> expected(9, 16384);
  expected.push_back(149000 - 9 * 16384);
  REQUIRE(world.arrived() == expected);
  REQUIRE(process.lseek(in, 0, SEEK_CUR) == 0);
  // So does the end of what was asked for.
  REQUIRE(process.sendfile(world.fd, in, nullptr, 70000) == 70000);
  REQUIRE(process.lseek(in, 0, SEEK_CUR) == 70000);
  REQUIRE(world.arrived() == std::vector<std::size_t>{16384, 16384, 16384, 16384, 4464});
  REQUIRE(process.sendfile(world.fd, in, &offset, 5) == 0);
  REQUIRE(process.sendfile(world.fd, in, nullptr, 0) == 0);
  REQUIRE(world.arrived().empty());
}

TEST_CASE("sendfile: what it refuses", "[send]") {
  World world(Mode::software);
  Process& process = world.at_client_host;
  const int in = world.file(test::some_bytes(100));
  int ends[2];
  REQUIRE(process.pipe(ends) == 0);
  off_t offset = -1;
  REQUIRE(World::error(process.sendfile(world.fd, in, &offset, 5)) == EINVAL);
  offset = 0;
  REQUIRE(World::error(process.sendfile(world.fd, world.fd, nullptr, 5)) == EINVAL);
  REQUIRE(World::error(process.sendfile(world.fd, ends[0], nullptr, 5)) == EINVAL);
  REQUIRE(World::error(process.sendfile(world.fd, ends[0], &offset, 5)) == ESPIPE);
  REQUIRE(World::error(process.sendfile(world.fd, ends[1], nullptr, 5)) == EBADF);
  REQUIRE(World::error(process.sendfile(77, in, nullptr, 5)) == EBADF);
  REQUIRE(World::error(process.sendfile(world.fd, 77, nullptr, 5)) == EBADF);
  REQUIRE(World::error(process.sendfile(world.fd, in, reinterpret_cast<off_t*>(8), 5)) == EFAULT);
}

TEST_CASE("sendfile copies, and refers with TLS_TX_ZEROCOPY_RO in TLS_HW", "[send]") {
  World world(Mode::hardware);
  Process& process = world.at_client_host;
  const bool zerocopy = GENERATE(false, true);
  world.socket().tls_tx()->set_zerocopy_ro(zerocopy);
  const ByteVector content = test::some_bytes(50000);
  const int in = world.file(content);
  REQUIRE(process.sendfile(world.fd, in, nullptr, 50000) == 50000);
  const auto record =
      world.socket().receiving()->connection().tx->get_record(world.socket().endpoint().snd_una());
  REQUIRE(record);
  // Header, file, tag; or all in our own memory.
  REQUIRE(record->pieces.size() == (zerocopy ? 3 : 1));
}

TEST_CASE("sendfile without room: what was sent, then EAGAIN", "[send]") {
  HostSettings settings;
  settings.tcp.send_buffer = 20000;
  settings.tcp.receive_buffer = 30000;
  World world(Mode::plain, settings);
  Process& process = world.at_client_host;
  const int in = world.file(test::some_bytes(150000));
  REQUIRE(process.fcntl(world.fd, F_SETFL, O_NONBLOCK) == 0);
  off_t offset = 0;
  REQUIRE(process.sendfile(world.fd, in, &offset, 150000) == 20000);
  REQUIRE(offset == 20000);
  REQUIRE(World::error(process.sendfile(world.fd, in, &offset, 150000)) == EAGAIN);
  REQUIRE(offset == 20000);
}

}  // namespace
}  // namespace tlsnic::host
