// Socket options but those of TLS, after Linux's net/core/sock.c and net/ipv4/tcp.c.
#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/tls_uapi.h"

namespace tlsnic::host {
namespace {

constexpr int largest_buffer = 212992;      // net.core.wmem_max, rmem_max: bytes as asked for
constexpr int least_send_buffer = 4608;     // SOCK_MIN_SNDBUF, bytes as reported
constexpr int least_receive_buffer = 2304;  // SOCK_MIN_RCVBUF
constexpr std::uint64_t us_per_s = 1'000'000;
constexpr std::uint32_t default_mss = 536;

// Linux's numbers; a socket whose connection is in TIME-WAIT is closed.
std::uint8_t state_number(const OpenSocket& socket) {
  if (socket.listening) return TCP_LISTEN;
  if (socket.is_closed()) return TCP_CLOSE;
  switch (socket.tcp->state()) {
    case TcpState::established:
      return TCP_ESTABLISHED;
    case TcpState::syn_sent:
      return TCP_SYN_SENT;
    case TcpState::listen:
    case TcpState::syn_received:
      return TCP_SYN_RECV;
    case TcpState::fin_wait_1:
      return TCP_FIN_WAIT1;
    case TcpState::fin_wait_2:
      return TCP_FIN_WAIT2;
    case TcpState::close_wait:
      return TCP_CLOSE_WAIT;
    case TcpState::closing:
      return TCP_CLOSING;
    case TcpState::last_ack:
      return TCP_LAST_ACK;
    default:
      return TCP_CLOSE;
  }
}

std::uint32_t in_us(std::uint64_t ns) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(ns / ns_per_us, UINT32_MAX));
}

std::uint32_t mss_of(const OpenSocket& socket) {
  const std::uint32_t mss = socket.tcp != nullptr ? socket.tcp->endpoint().mss() : 0;
  return mss != 0 ? mss : default_mss;
}

tcp_info info_of(const OpenSocket& socket) {
  tcp_info info{};
  info.tcpi_state = state_number(socket);
  info.tcpi_snd_mss = mss_of(socket);
  info.tcpi_advmss = info.tcpi_snd_mss;
  if (socket.tcp == nullptr) return info;
  const Sender& sender = socket.tcp->endpoint().sender();
  const std::uint32_t mss = info.tcpi_snd_mss;
  info.tcpi_unacked = static_cast<std::uint32_t>((sender.nxt() - sender.una() + mss - 1) / mss);
  info.tcpi_total_retrans = static_cast<std::uint32_t>(sender.statistics().retransmitted_segments);
  info.tcpi_rto = in_us(sender.rtt().rto());
  info.tcpi_rtt = in_us(sender.rtt().smoothed());
  info.tcpi_rttvar = in_us(sender.rtt().variation());
  if (sender.congestion() != nullptr)
    info.tcpi_snd_cwnd = static_cast<std::uint32_t>(sender.congestion()->cwnd() / mss);
  return info;
}

// 0: nothing, the call waits for ever. Less than no time is no time.
int read_timeout(const void* value, socklen_t length, std::optional<std::uint64_t>& out) {
  timeval time{};
  if (length < sizeof time) return EINVAL;
  std::memcpy(&time, value, sizeof time);
  if (time.tv_usec < 0 || static_cast<std::uint64_t>(time.tv_usec) >= us_per_s) return EDOM;
  out.reset();
  if (time.tv_sec < 0) {
    out = 0;
  } else if (time.tv_sec != 0 || time.tv_usec != 0) {
    // A hundred years are for ever.
    constexpr std::uint64_t longest_s = 3'155'760'000;
    const auto seconds = static_cast<std::uint64_t>(time.tv_sec);
    if (seconds < longest_s)
      out = seconds * ns_per_s + static_cast<std::uint64_t>(time.tv_usec) * ns_per_us;
  }
  return 0;
}

timeval timeout_value(const std::optional<std::uint64_t>& timeout_ns) {
  const std::uint64_t ns = timeout_ns.value_or(0);
  timeval out{};
  out.tv_sec = static_cast<time_t>(ns / ns_per_s);
  out.tv_usec = static_cast<suseconds_t>(ns % ns_per_s / ns_per_us);
  return out;
}

// The kernel doubles what it is asked for: half is for its own book-keeping.
std::size_t doubled(int value, bool force, int least) {
  if (!force && (value < 0 || value > largest_buffer)) value = largest_buffer;
  value = std::clamp(value, 0, INT_MAX / 2);
  return static_cast<std::size_t>(std::max(2 * value, least));
}

// Options of SOL_SOCKET, of which the value is an int. ENOPROTOOPT: there is no such option.
int set_socket_option(OpenSocket& socket, int name, int value) {
  switch (name) {
    case SO_REUSEADDR:
      socket.claim.reuse_address = value != 0;
      return 0;
    case SO_KEEPALIVE:
      socket.keep_alive = value != 0;
      return 0;
    case SO_RCVLOWAT: {
      const std::size_t wanted = value < 0 ? INT_MAX : static_cast<std::size_t>(std::max(value, 1));
      const std::size_t most = socket.tcp != nullptr
                                   ? socket.tcp->endpoint().receive_buffer()
                                   : socket.connection.receive_buffer.value_or(
                                         socket.host.tcp_settings().receive_buffer);
      socket.receive_low_water = std::max<std::size_t>(1, std::min(wanted, most));
      return 0;
    }
    case SO_SNDBUF:
    case SO_SNDBUFFORCE: {
      const std::size_t size = doubled(value, name == SO_SNDBUFFORCE, least_send_buffer);
      socket.connection.send_buffer = size;
      if (socket.tcp != nullptr) socket.tcp->endpoint().set_send_buffer(size);
      return 0;
    }
    case SO_RCVBUF:
    case SO_RCVBUFFORCE: {
      const std::size_t size = doubled(value, name == SO_RCVBUFFORCE, least_receive_buffer) / 2;
      socket.connection.receive_buffer = size;
      if (socket.tcp != nullptr) socket.tcp->endpoint().set_receive_buffer(size);
      return 0;
    }
    default:
      return ENOPROTOOPT;
  }
}

std::optional<int> get_socket_option(OpenSocket& socket, int name) {
  const TcpSettings& defaults = socket.host.tcp_settings();
  switch (name) {
    case SO_ERROR:
      return socket.tcp != nullptr ? socket.tcp->take_error() : 0;
    case SO_TYPE:
      return SOCK_STREAM;
    case SO_DOMAIN:
      return socket.family;
    case SO_PROTOCOL:
      return IPPROTO_TCP;
    case SO_ACCEPTCONN:
      return socket.listening ? 1 : 0;
    case SO_REUSEADDR:
      return socket.claim.reuse_address ? 1 : 0;
    case SO_KEEPALIVE:
      return socket.keep_alive ? 1 : 0;
    case SO_RCVLOWAT:
      return static_cast<int>(std::min<std::size_t>(socket.receive_low_water, INT_MAX));
    case SO_SNDLOWAT:
      return 1;
    case SO_SNDBUF: {
      const std::size_t size = socket.tcp != nullptr
                                   ? socket.tcp->endpoint().send_buffer()
                                   : socket.connection.send_buffer.value_or(defaults.send_buffer);
      return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
    }
    case SO_RCVBUF: {
      const std::size_t size =
          socket.tcp != nullptr
              ? socket.tcp->endpoint().receive_buffer()
              : socket.connection.receive_buffer.value_or(defaults.receive_buffer);
      return static_cast<int>(std::min<std::size_t>(2 * size, INT_MAX));
    }
    default:
      return std::nullopt;
  }
}

int set_tcp_option(OpenSocket& socket, int name, int value) {
  switch (name) {
    case TCP_NODELAY:
      socket.connection.no_delay = value != 0;
      if (socket.tcp != nullptr)
        socket.tcp->endpoint().set_nagle(value != 0 ? Nagle::off
                                                    : socket.host.tcp_settings().nagle);
      return 0;
    case TCP_CORK:
      socket.cork = value != 0;
      if (socket.tcp != nullptr) socket.tcp->endpoint().set_cork(socket.cork);
      return 0;
    default:
      return ENOPROTOOPT;
  }
}

std::optional<int> get_tcp_option(const OpenSocket& socket, int name) {
  switch (name) {
    case TCP_NODELAY:
      return socket.connection.no_delay ? 1 : 0;
    case TCP_CORK:
      return socket.cork ? 1 : 0;
    case TCP_MAXSEG:
      return static_cast<int>(mss_of(socket));
    default:
      return std::nullopt;
  }
}

// As much of an option's value as there is room for.
void give(const void* from, std::size_t size, void* value, socklen_t* length) {
  *length = static_cast<socklen_t>(std::min<std::size_t>(size, *length));
  if (*length > 0) std::memcpy(value, from, *length);
}

}  // namespace

int Process::setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  if (length > static_cast<socklen_t>(INT_MAX)) return fail(EINVAL);
  int error = 0;
  if (level == SOL_TLS)
    error = set_tls_option(*socket, name, value, length);
  else if (level == IPPROTO_TCP && name == TCP_ULP)
    error = set_ulp(*socket, value, length);
  else
    error = set_option(*socket, level, name, value, length);
  return error != 0 ? fail(error) : 0;
}

int Process::getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  const auto socket = socket_at(fd);
  if (!socket) return -1;
  int error = 0;
  if (level == SOL_TLS)
    error = get_tls_option(*socket, name, value, length);
  else if (level == IPPROTO_TCP && name == TCP_ULP)
    error = get_ulp(*socket, value, length);
  else
    error = get_option(*socket, level, name, value, length);
  return error != 0 ? fail(error) : 0;
}

int Process::set_option(OpenSocket& socket, int level, int name, const void* value,
                        socklen_t length) {
  if (length < sizeof(int)) return EINVAL;
  if (is_bad_address(value)) return EFAULT;
  int number = 0;
  std::memcpy(&number, value, sizeof number);
  if (level == SOL_SOCKET) {
    if (name == SO_RCVTIMEO) return read_timeout(value, length, socket.receive_timeout_ns);
    if (name == SO_SNDTIMEO) return read_timeout(value, length, socket.send_timeout_ns);
    if (name == SO_LINGER) {
      linger setting{};
      if (length < sizeof setting) return EINVAL;
      std::memcpy(&setting, value, sizeof setting);
      socket.linger_s.reset();
      if (setting.l_onoff != 0) socket.linger_s = static_cast<std::uint32_t>(setting.l_linger);
      return 0;
    }
    const int error = set_socket_option(socket, name, number);
    scheduler_.wake();
    return error;
  }
  if (level == IPPROTO_TCP) return set_tcp_option(socket, name, number);
  if (level == IPPROTO_IPV6 && socket.family == AF_INET6 && name == IPV6_V6ONLY) {
    if (socket.is_claimed || socket.tcp != nullptr) return EINVAL;
    socket.claim.ipv6_only = number != 0;
    return 0;
  }
  return ENOPROTOOPT;
}

int Process::get_option(OpenSocket& socket, int level, int name, void* value, socklen_t* length) {
  if (is_bad_address(length)) return EFAULT;
  if (*length > static_cast<socklen_t>(INT_MAX)) return EINVAL;
  if (*length > 0 && is_bad_address(value)) return EFAULT;
  std::optional<int> number;
  if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
    const timeval time =
        timeout_value(name == SO_RCVTIMEO ? socket.receive_timeout_ns : socket.send_timeout_ns);
    give(&time, sizeof time, value, length);
    return 0;
  }
  if (level == SOL_SOCKET && name == SO_LINGER) {
    linger setting{};
    setting.l_onoff = socket.linger_s ? 1 : 0;
    setting.l_linger = static_cast<int>(socket.linger_s.value_or(0));
    give(&setting, sizeof setting, value, length);
    return 0;
  }
  if (level == IPPROTO_TCP && name == TCP_INFO) {
    const tcp_info info = info_of(socket);
    give(&info, sizeof info, value, length);
    return 0;
  }
  if (level == SOL_SOCKET)
    number = get_socket_option(socket, name);
  else if (level == IPPROTO_TCP)
    number = get_tcp_option(socket, name);
  else if (level == IPPROTO_IPV6 && socket.family == AF_INET6 && name == IPV6_V6ONLY)
    number = socket.claim.ipv6_only ? 1 : 0;
  if (!number) return ENOPROTOOPT;
  give(&*number, sizeof *number, value, length);
  return 0;
}

}  // namespace tlsnic::host
