#include "tests/host_stack/syscalls/fuzz/player.h"

#include <fcntl.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include "host_stack/syscalls/tls_uapi.h"
#include "tests/host_stack/syscalls/fuzz/rules.h"

namespace tlsnic::host::test {
namespace {

constexpr std::size_t most_steps = 300;
constexpr std::size_t most_bytes = 20'000;    // of one call
constexpr std::uint64_t step_ns = 2'500'000;  // a round trip takes 2 ms
constexpr std::uint8_t handshake_type = 22;
constexpr std::uint8_t key_update = 24;
constexpr std::uint8_t key_update_size = 5;

void* bad_address(Input& input) {
  return reinterpret_cast<void*>(std::uintptr_t{input.u8()} * 16);
}

// Buffers one after the other in `memory`, one of them perhaps at a bad address: `good` bytes are
// before that.
std::vector<iovec> buffers(const std::vector<std::size_t>& sizes, std::size_t bad, Input& input,
                           std::uint8_t* memory, std::size_t& good) {
  std::vector<iovec> out;
  good = 0;
  bool is_good = true;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    is_good = is_good && (i != bad || sizes[i] == 0);
    out.push_back({i == bad ? bad_address(input) : memory, sizes[i]});
    memory += sizes[i];
    if (is_good) good += sizes[i];
  }
  return out;
}

std::vector<std::size_t> sizes_from(Input& input, std::size_t& total) {
  std::vector<std::size_t> out(input.u8() % 8);
  total = 0;
  for (std::size_t& size : out)
    total += size = input.u8() % 4 == 0 ? input.u16() % 5000 : input.u8();
  return out;
}

int send_flags(Input& input) {
  const std::uint8_t choice = input.u8() % 8;
  if (choice == 7) return static_cast<int>(input.u32());
  constexpr int flags[] = {0, 0, 0, MSG_MORE, MSG_MORE, MSG_EOR, MSG_NOSIGNAL};
  return flags[choice];
}

int receive_flags(Input& input) {
  const std::uint8_t choice = input.u8() % 8;
  if (choice == 7) return static_cast<int>(input.u32());
  constexpr int flags[] = {0, 0, 0, MSG_PEEK, MSG_WAITALL, MSG_PEEK | MSG_WAITALL, MSG_DONTWAIT};
  return flags[choice];
}

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

// ---- sending

std::size_t Player::max_payload(End& end) {
  std::uint16_t value = 0;
  socklen_t size = sizeof value;
  const int result =
      end.process->getsockopt(end.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &value, &size);
  require(result == 0 && value >= 63 && value <= 16384, "getsockopt(TLS_TX_MAX_PAYLOAD_LEN)");
  return value;
}

// most: bytes that the call could take.
void Player::sent(End& end, long result, std::size_t most) {
  if (result < 0) return require_errno(send_errors, "send");
  require(static_cast<std::size_t>(result) <= most, "more sent than there was");
  require(!end.is_shut || result == 0, "sent after shutdown()");
  end.stream.sent(static_cast<std::size_t>(result));
}

void Player::send(End& end) {
  const std::size_t size = input_.u16() % most_bytes;
  const int flags = send_flags(input_);
  if (input_.u8() == 0)
    return sent(end, end.process->send(end.fd, bad_address(input_), size, flags), 0);
  sent(end, end.process->send(end.fd, end.stream.next(size), size, flags), size);
}

// Any control message, long or short, that says what it likes about its length.
void Player::sendmsg_raw(End& end) {
  std::size_t total = 0;
  std::size_t good = 0;
  const std::vector<std::size_t> sizes = sizes_from(input_, total);
  auto* const bytes = const_cast<std::uint8_t*>(end.stream.next(total));
  std::vector<iovec> parts = buffers(sizes, input_.u8(), input_, bytes, good);
  std::vector<std::uint8_t> control;
  if (input_.u8() % 2 == 0) {
    cmsghdr header{};
    header.cmsg_len = input_.u8() % 4 == 0 ? input_.u32() : CMSG_LEN(1);
    header.cmsg_level = SOL_TLS;
    header.cmsg_type = TLS_SET_RECORD_TYPE;
    control.resize(sizeof header);
    std::memcpy(control.data(), &header, sizeof header);
  }
  const Bytes rest = input_.bytes(input_.u8() % 64);
  control.insert(control.end(), rest.begin(), rest.end());
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_controllen = control.size();
  message.msg_control = input_.u8() == 0 ? bad_address(input_) : control.data();
  const long result = end.process->sendmsg(end.fd, &message, send_flags(input_));
  sent(end, result, good);
  // Of what type, only the call knows.
  if (result > 0 && !control.empty() && end.has_keys) end.is_known = false;
}

void Player::send_control(End& end, std::uint8_t type, std::size_t size, int flags) {
  iovec part{const_cast<std::uint8_t*>(end.stream.next(size)), size};
  alignas(cmsghdr) std::uint8_t control[CMSG_SPACE(1)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_TLS;
  header->cmsg_type = TLS_SET_RECORD_TYPE;
  header->cmsg_len = CMSG_LEN(1);
  *CMSG_DATA(header) = type;
  const long result = end.process->sendmsg(end.fd, &message, flags);
  if (result <= 0 || !end.has_keys) return sent(end, result, size);
  require(static_cast<std::size_t>(result) <= size, "more sent than there was");
  end.stream.sent_control(static_cast<std::size_t>(result), type, max_payload(end));
  // In TLS 1.3 padding and the type are the same, and what is not 0 before it is the type.
  if (type == 0) end.is_known = false;
}

// TLS 1.2 has none, but the receiver stops all the same, and for ever (facts 2.10).
void Player::update_key(End& end) {
  if (!end.has_keys) return;
  end.stream.set_first(key_update);
  const std::size_t before = end.stream.unread();
  send_control(end, handshake_type, key_update_size, 0);
  if (end.stream.unread() == before) return end.stream.set_first(0);
  if (version_ == TLS_1_3_VERSION)
    set_keys(end, true, ++end.tx_key);
  else
    end.is_whole = false;
}

void Player::send_file(End& end) {
  const std::size_t size = input_.u16() % most_bytes;
  const int file = end.process->memfd_create("sent", 0);
  end.process->write(file, end.stream.next(size), size);
  off_t offset = 0;
  switch (input_.u8() % 4) {
    case 0:
      offset = static_cast<off_t>(input_.u32()) - 1000;
      if (offset >= 0 && offset < static_cast<off_t>(size)) offset = 0;
      break;
    case 1:
      end.process->lseek(file, 0, SEEK_SET);
      break;
    default:
      break;
  }
  const bool has_offset = input_.u8() % 2 == 0;
  sent(end, end.process->sendfile(end.fd, file, has_offset ? &offset : nullptr, size + input_.u8()),
       size);
  end.process->close(file);
}

void Player::splice_in(End& end) {
  const std::size_t size = 1 + input_.u16() % most_bytes;
  const long put = end.process->write(end.pipe[1], end.stream.next(size), size);
  require(put == static_cast<long>(size), "write to an empty pipe");
  const unsigned flags = input_.u8() % 4 == 0 ? input_.u32() : input_.u8() & SPLICE_F_MORE;
  sent(end, end.process->splice(end.pipe[0], nullptr, end.fd, nullptr, size + input_.u8(), flags),
       size);
  std::vector<std::uint8_t> rest(size);
  end.process->read(end.pipe[0], rest.data(), rest.size());
}

// Into TCP, past kTLS: any bytes, or something that begins like a record.
void Player::inject(End& end) {
  TcpSocket* const tcp = end.process->tcp_socket(end.fd);
  if (tcp == nullptr || tcp->is_send_shutdown() || tcp->state() != TcpState::established) return;
  std::vector<std::uint8_t> bytes;
  if (input_.u8() % 2 == 0) {
    const std::uint16_t length = input_.u16();
    bytes = {input_.u8(), 3, 3, static_cast<std::uint8_t>(length >> 8),
             static_cast<std::uint8_t>(length)};
    bytes.resize(bytes.size() + std::min<std::size_t>(length, 300));
  }
  const Bytes raw = input_.bytes(input_.u8());
  bytes.insert(bytes.end(), raw.begin(), raw.end());
  if (bytes.empty()) return;
  tcp->endpoint().send_copy(bytes, {});
  end.is_whole = false;
  if (!end.has_keys) end.is_known = false;
}

// ---- receiving

// bytes: null if the call gave none.
void Player::received(End& end, long result, std::size_t most, const std::uint8_t* bytes,
                      std::optional<std::uint8_t> type, int flags) {
  End& from = peer(end);
  if (result < 0) {
    require_errno(receive_errors, "recv");
    from.is_expired = errno == EKEYEXPIRED;
    if (!from.is_known) return;
    require(errno != EKEYEXPIRED || from.stream.last_type() == handshake_type, "EKEYEXPIRED");
    require((errno != EBADMSG && errno != EMSGSIZE) || !from.is_whole, "EBADMSG, EMSGSIZE");
    return;
  }
  require(static_cast<std::size_t>(result) <= most, "more read than there was room for");
  if (!from.is_known) return;
  require(from.stream.takes(static_cast<std::size_t>(result), bytes, type, (flags & MSG_PEEK) != 0),
          "not what was sent");
}

void Player::recv(End& end, std::size_t size, int flags) {
  std::vector<std::uint8_t> out(size + 1);
  const long result = end.process->recv(end.fd, out.data(), size, flags);
  const bool are_there = peer(end).has_keys || (flags & MSG_TRUNC) == 0;
  received(end, result, size, are_there ? out.data() : nullptr, std::nullopt, flags);
}

void Player::recvmsg(End& end) {
  std::size_t total = 0;
  std::size_t good = 0;
  const std::vector<std::size_t> sizes = sizes_from(input_, total);
  std::vector<std::uint8_t> out(total + 1);
  std::vector<iovec> parts = buffers(sizes, input_.u8(), input_, out.data(), good);
  alignas(cmsghdr) std::uint8_t control[CMSG_SPACE(64)] = {};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_controllen = input_.u8() % 2 == 0 ? CMSG_SPACE(1) : input_.u8() % sizeof control;
  message.msg_control = input_.u8() == 0 ? bad_address(input_) : control;
  const bool has_room = message.msg_controllen >= CMSG_LEN(1) && message.msg_control == control;
  const int flags = receive_flags(input_);
  const long result = end.process->recvmsg(end.fd, &message, flags);
  require(result >= 0 || errno != EIO || !has_room, "EIO with room for the type");
  std::optional<std::uint8_t> type;
  if (result > 0 && has_room && peer(end).has_keys) {
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    require(header != nullptr && header->cmsg_level == SOL_TLS &&
                header->cmsg_type == TLS_GET_RECORD_TYPE && header->cmsg_len == CMSG_LEN(1),
            "no record type");
    type = *CMSG_DATA(header);
  }
  const bool are_there = peer(end).has_keys || (flags & MSG_TRUNC) == 0;
  received(end, result, are_there ? good : total, are_there ? out.data() : nullptr, type, flags);
}

void Player::splice_out(End& end, std::size_t size) {
  const long result =
      end.process->splice(end.fd, nullptr, end.pipe[1], nullptr, size, SPLICE_F_NONBLOCK);
  if (result <= 0) return received(end, result, size, nullptr, std::nullopt, 0);
  std::vector<std::uint8_t> out(static_cast<std::size_t>(result));
  require(end.process->read(end.pipe[0], out.data(), out.size()) == result, "read from the pipe");
  received(end, result, size, out.data(), std::nullopt, 0);
}

// TLS_RX once a read has failed for want of it. `end` has sent the KeyUpdate.
void Player::renew_key(End& end) {
  if (!end.is_expired || end.rx_key == end.tx_key) return;
  end.is_expired = false;
  set_keys(end, false, ++end.rx_key);
}

// ---- the rest

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
        alignas(cmsghdr) std::uint8_t control[CMSG_SPACE(1)] = {};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        End& reader = peer(end);
        const long result = reader.process->recvmsg(reader.fd, &message, 0);
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
