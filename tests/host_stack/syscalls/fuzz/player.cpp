#include "tests/host_stack/syscalls/fuzz/player.h"

#include <fcntl.h>

#include "host_stack/syscalls/tls_uapi.h"
#include "host_stack/syscalls/type_message.h"
#include "tests/host_stack/syscalls/fuzz/arguments.h"
#include "tests/host_stack/syscalls/fuzz/rules.h"

namespace tlsnic::host::test {
namespace {

constexpr std::size_t most_steps = 300;
constexpr std::uint64_t step_ns = 2'500'000;  // a round trip takes 2 ms

}  // namespace

Player::Player(Bytes input) : input_(input) {}

std::vector<std::uint8_t> Player::crypto_info(std::uint8_t generation) const {
  std::size_t size = sizeof(tls12_crypto_info_aes_gcm_128);
  if (cipher_ == TLS_CIPHER_AES_GCM_256) size = sizeof(tls12_crypto_info_aes_gcm_256);
  if (cipher_ == TLS_CIPHER_CHACHA20_POLY1305) size = sizeof(tls12_crypto_info_chacha20_poly1305);
  std::vector<std::uint8_t> out(size, generation);
  const tls_crypto_info head{version_, cipher_};
  std::memcpy(out.data(), &head, sizeof head);
  std::fill(out.end() - 8, out.end(), 0);  // rec_seq
  return out;
}

void Player::set_keys(End& sender, bool is_tx, std::uint8_t generation) {
  End& end = is_tx ? sender : peer(sender);
  const std::vector<std::uint8_t> info = crypto_info(generation);
  const int result = end.process->setsockopt(end.fd, SOL_TLS, is_tx ? TLS_TX : TLS_RX, info.data(),
                                             static_cast<socklen_t>(info.size()));
  if (result != 0) sender.is_known = false;
}

void Player::connect() {
  version_ = input_.one_of<std::uint16_t>({TLS_1_2_VERSION, TLS_1_3_VERSION});
  cipher_ = input_.one_of<std::uint16_t>({TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256,
                                          TLS_CIPHER_CHACHA20_POLY1305, TLS_CIPHER_AES_CCM_128});
  const TwoProcesses::Connection connection = world_.connect_processes();
  ends_[0].process = &world_.at_client_host;
  ends_[0].fd = connection.client;
  ends_[1].process = &world_.at_server_host;
  ends_[1].fd = connection.server;
  const std::uint8_t without_keys = input_.u8() % 8;  // of the sender with this bit, if below 4
  for (End& end : ends_) {
    end.process->fcntl(end.fd, F_SETFL, O_RDWR | O_NONBLOCK);
    end.process->pipe2(end.pipe, O_NONBLOCK);
    end.process->setsockopt(end.fd, SOL_TCP, TCP_ULP, "tls", sizeof "tls");
  }
  for (End& end : ends_) {
    const std::size_t bit = &end == &ends_[0] ? 1 : 2;
    end.has_keys = without_keys >= 4 || (without_keys & bit) == 0;
    if (!end.has_keys) continue;
    set_keys(end, true, 0);
    set_keys(end, false, 0);
    require(end.is_known, "keys");
  }
}

void Player::set_option(End& end) {
  const int level = input_.u8() % 8 == 0 ? static_cast<int>(input_.u32())
                                         : input_.one_of({SOL_TLS, SOL_TLS, SOL_TCP, SOL_SOCKET});
  const int name = input_.u8();
  std::vector<std::uint8_t> value(input_.u8() % 80);
  const Bytes bytes = input_.bytes(value.size());
  std::copy(bytes.begin(), bytes.end(), value.begin());
  const std::uint8_t choice = input_.u8();
  const void* const at = choice == 0 ? bad_address(input_) : choice == 1 ? nullptr : value.data();
  const auto size = choice <= 1 ? socklen_t{input_.u32()} : static_cast<socklen_t>(value.size());
  const int result = end.process->setsockopt(end.fd, level, name, at, size);
  if (result != 0) return require_errno(option_errors, "setsockopt");
  // Who knows with what keys.
  if (level == SOL_TLS && name == TLS_TX) end.is_known = false;
  if (level == SOL_TLS && name == TLS_RX) peer(end).is_known = false;
}

void Player::get_option(End& end) {
  const int level = input_.u8() % 8 == 0 ? static_cast<int>(input_.u32())
                                         : input_.one_of({SOL_TLS, SOL_TLS, SOL_TCP, SOL_SOCKET});
  const int name = input_.u8();
  const std::uint8_t choice = input_.u8();
  auto size = static_cast<socklen_t>(choice <= 1 ? input_.u32() : input_.u8());
  std::vector<std::uint8_t> value(size & 0xff);
  void* const at = choice == 0 ? bad_address(input_) : choice == 1 ? nullptr : value.data();
  void* const size_at = choice == 2 ? bad_address(input_) : &size;
  if (end.process->getsockopt(end.fd, level, name, at, static_cast<socklen_t*>(size_at)) != 0)
    require_errno(option_errors, "getsockopt");
}

void Player::poll(End& end) {
  pollfd one{end.fd, static_cast<short>(input_.u16()), 0};
  require(end.process->poll(&one, 1, 0) >= 0, "poll");
  // POLLERR and POLLHUP come unasked.
  require((one.revents & ~(one.events | POLLERR | POLLHUP)) == 0, "events that nobody asked for");
}

void Player::shutdown(End& end) {
  const int how = input_.u8() % 4;
  if (end.process->shutdown(end.fd, how) != 0) return require_errno(shutdown_errors, "shutdown");
  require(how <= SHUT_RDWR, "shutdown of nothing");
  if (how == SHUT_RD) return;
  end.is_shut = true;
  end.is_whole = false;  // an open record is lost
}

void Player::step() {
  const std::uint8_t choice = input_.u8();
  End& end = ends_[choice >> 7];
  switch (choice & 0x1f) {
    case 0:
      return sendmsg_raw(end);
    case 1:
    case 2: {
      const std::uint8_t type = input_.u8();
      return send_control(end, type, input_.u16() % 5000, send_flags(input_));
    }
    case 3:
      return update_key(end);
    case 4:
      return send_file(end);
    case 5:
      return splice_in(end);
    case 6:
      return inject(end);
    case 7:
    case 8:
    case 9: {
      const std::size_t size = input_.u16() % most_bytes;
      return recv(end, size, receive_flags(input_));
    }
    case 10:
    case 11:
      return recvmsg(end);
    case 12:
    case 13:
      return splice_out(end, input_.u16() % most_bytes);
    case 14:
      return renew_key(end);
    case 15:
      return set_option(end);
    case 16:
      return get_option(end);
    case 17:
      return poll(end);
    case 18:
      return shutdown(end);
    case 19:
      return world_.pass(std::uint64_t{input_.u16()} * 1'000'000);
    default:
      return send(end);
  }
}

// Ends an open record. False: there is no room.
bool Player::flush(End& end) {
  if (!end.is_whole) return true;
  const long result = end.process->send(end.fd, end.stream.next(1), 1, 0);
  if (result < 0 && errno == EAGAIN) return false;
  if (result < 0) end.is_whole = false;  // the connection, or the other direction, has ended
  sent(end, result, 1);
  return true;
}

// What was sent arrives, however much there is of it.
void Player::drain() {
  std::array<bool, 2> is_flushed{};
  for (int round = 0; round < 300; ++round) {
    bool is_done = true;
    for (End& end : ends_) {
      bool& flushed = is_flushed[&end == &ends_[0] ? 0 : 1];
      flushed = flushed || flush(end);
      renew_key(end);
      for (int calls = 0; calls < 50; ++calls) {
        const std::size_t before = end.stream.unread();
        std::vector<std::uint8_t> out(65536);
        iovec part{out.data(), out.size()};
        TypeMessage typed(&part);
        End& reader = peer(end);
        const long result = reader.process->recvmsg(reader.fd, &typed.message, 0);
        received(reader, result, out.size(), out.data(), std::nullopt, 0);
        if (result < 0 || (result == 0 && end.stream.unread() == before)) break;
      }
      is_done = is_done && flushed && (end.stream.unread() == 0 || !end.is_whole || !end.is_known);
    }
    if (is_done) return;
    world_.pass(300'000'000);
  }
  require(false, "what was sent did not arrive");
}

void Player::run() {
  connect();
  for (std::size_t i = 0; i < most_steps && !input_.is_over(); ++i) {
    step();
    world_.pass(step_ns);
  }
  drain();
  for (End& end : ends_) {
    end.process->close(end.fd);
    for (const int pipe_end : end.pipe) end.process->close(pipe_end);
  }
  require(world_.clock.run(1'000'000), "never quiet");
}

}  // namespace tlsnic::host::test
