// The player's calls that send and receive.
#include <fcntl.h>

#include "host_stack/syscalls/tls_uapi.h"
#include "host_stack/syscalls/type_message.h"
#include "tests/host_stack/syscalls/fuzz/arguments.h"
#include "tests/host_stack/syscalls/fuzz/player.h"
#include "tests/host_stack/syscalls/fuzz/rules.h"

namespace tlsnic::host::test {
namespace {

constexpr std::uint8_t handshake_type = 22;
constexpr std::uint8_t key_update = 24;
constexpr std::uint8_t key_update_size = 5;

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

}  // namespace

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
  TypeMessage typed(&part);
  typed.set_type(type);
  const long result = end.process->sendmsg(end.fd, &typed.message, flags);
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

}  // namespace tlsnic::host::test
