// What a plan's sending sides do.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "tests/host_stack/syscalls/random_calls/planner.h"

namespace tlsnic::host::test {
namespace {

constexpr std::size_t longest_open = 4;  // calls with MSG_MORE: fragments are limited
constexpr std::uint8_t data_type = 23;
constexpr std::uint8_t handshake_type = 22;
constexpr std::size_t key_update_size = 5;

}  // namespace

void Planner::grow(Direction& direction, std::size_t size) {
  std::vector<std::uint8_t>& stream = plan_.stream[direction.side];
  while (stream.size() < direction.flow.sent() + size)
    stream.push_back(static_cast<std::uint8_t>(random_.next()));
}

// Before the keys; the peer reads it at once.
void Planner::send_plain(Direction& direction) {
  const std::size_t size = between(1, 3000);
  grow(direction, size);
  Step& sent = add(direction.side, Call::send, static_cast<long>(size));
  sent.position = direction.flow.sent();
  sent.buffers = {size};
  Step& read = add(direction.reader(), Call::recv, static_cast<long>(size));
  read.position = direction.flow.sent();
  read.buffers = {size};
  read.flags = MSG_WAITALL;
  direction.flow.send_plain(size);
}

void Planner::set_tx_keys(Direction& direction) {
  set(direction.side, SOL_TLS, TLS_TX, keys(direction, direction.tx_generation));
  direction.tx_keys = true;
}

void Planner::send_data(Direction& direction) {
  Flow& flow = direction.flow;
  std::size_t size = 0;
  switch (between(0, 9)) {
    case 0:
      size = between(1, 100'000);
      break;
    case 1:
      size = flow.max_payload;
      break;
    case 2:
    case 3:
      size = between(1, 20'000);
      break;
    default:
      size = between(1, 2000);
  }
  if (flow.max_payload < 1000) size = std::min<std::size_t>(size, 5000);
  grow(direction, size);
  Step& step = add(direction.side,
                   one_of({Call::send, Call::send, Call::write, Call::sendmsg, Call::sendmsg,
                           Call::sendfile, Call::splice_in}),
                   static_cast<long>(size));
  step.position = flow.sent();
  bool more = direction.open_calls < longest_open && chance(0.3);
  if (step.call == Call::sendfile || step.call == Call::splice_in)
    step.excess = chance(0.5) ? between(1, 10'000) : 0;
  if (step.call == Call::splice_in) size = std::min<std::size_t>(size, 65536);
  if (step.call == Call::write || step.call == Call::sendfile) more = false;
  if (step.call == Call::sendfile && chance(0.5)) step.offset = between(1, 10'000);
  if (step.call == Call::splice_in && more) step.flags = SPLICE_F_MORE;
  if (step.call == Call::send || step.call == Call::sendmsg) {
    step.flags = more ? MSG_MORE : chance(0.15) ? MSG_EOR : 0;
    if (chance(0.2)) step.flags |= MSG_NOSIGNAL;
  }
  step.result = static_cast<long>(size);
  step.buffers = step.call == Call::sendmsg ? split(size) : std::vector<std::size_t>{size};
  flow.send(size, data_type, more);
  direction.open_calls = more ? direction.open_calls + 1 : 0;
}

void Planner::send_control(Direction& direction) {
  Flow& flow = direction.flow;
  const std::size_t size = chance(0.8) ? between(1, 300) : between(1, 2000);
  const auto type = static_cast<std::uint8_t>(
      one_of<std::size_t>({20, 21, handshake_type, data_type, 24, between(25, 255)}));
  grow(direction, size);
  // No handshake record may look like a KeyUpdate.
  if (type == handshake_type)
    for (std::size_t i = 0; i < size; ++i) {
      std::uint8_t& byte = plan_.stream[direction.side][flow.sent() + i];
      if (byte == 24) byte = 20;
    }
  Step& step = add(direction.side, Call::sendmsg, static_cast<long>(size));
  step.position = flow.sent();
  step.buffers = split(size);
  step.record_type = type;
  // Data with a control message does not continue a record either.
  flow.send(0, 0, false);
  flow.send(size, type, false);
  direction.open_calls = 0;
}

// TLS 1.3: with a KeyUpdate, or by agreement when all was read.
void Planner::update_key(Direction& direction) {
  Flow& flow = direction.flow;
  if (chance(0.3)) {
    if (!flow.is_empty() || flow.is_open() || flow.is_paused() || !direction.rx_keys) return;
    ++direction.tx_generation;
    set_tx_keys(direction);
    ++direction.rx_generation;
    set_rx_keys(direction);
    return;
  }
  grow(direction, key_update_size);
  const std::uint8_t message[key_update_size] = {24, 0, 0, 1,
                                                 static_cast<std::uint8_t>(between(0, 1))};
  std::copy(std::begin(message), std::end(message),
            plan_.stream[direction.side].begin() + static_cast<std::ptrdiff_t>(flow.sent()));
  Step& step = add(direction.side, Call::sendmsg, static_cast<long>(key_update_size));
  step.position = flow.sent();
  step.buffers = {key_update_size};
  step.record_type = handshake_type;
  flow.send_key_update(key_update_size);
  direction.open_calls = 0;
  ++direction.tx_generation;
  set_tx_keys(direction);
}

void Planner::sender_option(Direction& direction) {
  Flow& flow = direction.flow;
  const std::size_t least = variant_.is_tls13() ? 63 : 64;
  switch (between(0, 3)) {
    case 0:
      // With a record open TLS_SW refuses it and TLS_HW does not (facts 1.6).
      if (flow.is_open()) break;
      flow.max_payload = chance(0.5)   ? 16384
                         : chance(0.5) ? between(least, 16384)
                                       : between(least, 500);
      set(direction.side, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN,
          bytes_of_value(static_cast<std::uint16_t>(flow.max_payload)));
      break;
    case 1:
      if (flow.is_open()) break;
      set(direction.side, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN,
          bytes_of_value(static_cast<std::uint16_t>(chance(0.5) ? least - 1 : 16385)), EINVAL);
      break;
    case 2:
      set(direction.side, SOL_TLS, TLS_TX_ZEROCOPY_RO,
          bytes_of_value(static_cast<std::uint32_t>(between(0, 1))));
      break;
    default:
      set(direction.side, SOL_TCP, TCP_NODELAY, bytes_of_value(static_cast<int>(between(0, 1))));
  }
}

void Planner::refused_send(Direction& direction) {
  Step& step = add(direction.side, one_of({Call::send, Call::sendmsg}), -1, EOPNOTSUPP);
  grow(direction, 10);
  step.position = direction.flow.sent();
  step.buffers = {10};
  step.flags = one_of({int{MSG_OOB}, int{MSG_ZEROCOPY}, int{MSG_PEEK}});
  if (chance(0.5)) return;
  step.error = EINVAL;
  step.flags = MSG_MORE | MSG_EOR;
  if (step.call == Call::send) return;
  step.record_type = 100;
  step.flags = chance(0.5) ? int{MSG_MORE} : 0;
  if (step.flags == 0) step.control_type = one_of({0, 2, 3});
}

void Planner::shutdown(Direction& direction) {
  add(direction.side, Call::shutdown, 0);
  direction.flow.shutdown();
  direction.is_shut = true;
}

void Planner::write(Direction& direction) {
  if (direction.is_shut) {
    grow(direction, 10);
    Step& step = add(direction.side, one_of({Call::send, Call::write, Call::sendmsg}), -1, EPIPE);
    step.position = direction.flow.sent();
    step.buffers = {10};
    return;
  }
  if (!direction.tx_keys) set_tx_keys(direction);
  const std::size_t what = between(0, 99);
  if (what < 60)
    send_data(direction);
  else if (what < 72)
    send_control(direction);
  else if (what < 80 && variant_.is_tls13())
    update_key(direction);
  else if (what < 88)
    sender_option(direction);
  else if (what < 92)
    refused_send(direction);
  else if (what < 96)
    refused_option(direction.side);
  else
    get_any(direction.side);
}

}  // namespace tlsnic::host::test
