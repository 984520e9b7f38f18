#include "tests/host_stack/syscalls/random_calls/plan.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <numeric>

#include "protocol/random.h"
#include "tests/host_stack/syscalls/ktls_pair.h"
#include "tests/host_stack/syscalls/random_calls/flow.h"

namespace tlsnic::host::test {
namespace {

constexpr std::size_t most_unread = 30'000;  // that a peer may leave; buffers hold more
constexpr std::size_t most_sent = 200'000;   // by one side, about
constexpr std::size_t longest_open = 4;      // calls with MSG_MORE: fragments are limited
constexpr std::uint8_t data_type = 23;
constexpr std::uint8_t handshake_type = 22;
constexpr std::size_t key_update_size = 5;

template <typename T>
std::vector<std::uint8_t> bytes_of_value(T value) {
  std::vector<std::uint8_t> out(sizeof value);
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

class Planner {
 public:
  explicit Planner(std::uint64_t seed) : seed_(seed), random_(seed) {}
  Plan make();

 private:
  // One direction of the connection; `side` sends.
  struct Direction {
    std::size_t side = 0;
    Flow flow;
    bool tx_keys = false;
    bool rx_keys = false;
    std::uint64_t tx_generation = 0;
    std::uint64_t rx_generation = 0;
    std::size_t open_calls = 0;
    bool is_shut = false;
    bool at_end = false;

    std::size_t reader() const { return 1 - side; }
  };

  std::size_t between(std::size_t least, std::size_t most) { return random_.between(least, most); }
  bool chance(double probability) { return random_.chance(probability); }
  template <typename T, std::size_t n>
  T one_of(const T (&values)[n]) {
    return values[between(0, n - 1)];
  }
  // To `total`, some of them perhaps 0.
  std::vector<std::size_t> split(std::size_t total);
  std::vector<std::uint8_t> keys(const Direction& direction, std::uint64_t generation) const;

  Step& add(std::size_t side, Call call, long result, int error = 0);
  Step& set(std::size_t side, int level, int option, std::vector<std::uint8_t> value,
            int error = 0);
  Step& get(std::size_t side, int level, int option, std::size_t size, int error = 0);
  void get_any(std::size_t side);
  void refused_option(std::size_t side);

  // sending
  void grow(Direction& direction, std::size_t size);
  void write(Direction& direction);
  void send_plain(Direction& direction);
  void set_tx_keys(Direction& direction);
  void send_data(Direction& direction);
  void send_control(Direction& direction);
  void update_key(Direction& direction);
  void sender_option(Direction& direction);
  void refused_send(Direction& direction);
  void shutdown(Direction& direction);

  // receiving
  void read(Direction& direction);
  void set_rx_keys(Direction& direction);
  void read_data(Direction& direction);
  void read_control(Direction& direction);
  void read_end(Direction& direction);
  void read_with(Direction& direction, std::size_t size, int flags, long result);
  void read_until(Direction& direction, std::size_t unread);

  std::uint64_t seed_;
  Random random_;
  Plan plan_;
  Variant variant_{};
  std::size_t most_unread_ = most_unread;
  std::array<Direction, 2> directions_;
};

std::vector<std::size_t> Planner::split(std::size_t total) {
  std::vector<std::size_t> out;
  const std::size_t count = chance(0.1) ? between(20, 64) : between(1, 6);
  std::size_t left = total;
  for (std::size_t i = 1; i < count; ++i) {
    out.push_back(chance(0.1) ? 0 : between(0, std::min(left, 1 + 2 * total / count)));
    left -= out.back();
  }
  out.push_back(left);
  return out;
}

std::vector<std::uint8_t> Planner::keys(const Direction& direction,
                                        std::uint64_t generation) const {
  CryptoInfo info = crypto_info(variant_);
  Random random(seed_ * 1000 + generation * 2 + direction.side);
  for (std::size_t i = sizeof(tls_crypto_info); i < info.bytes.size(); ++i)
    info.bytes[i] = static_cast<std::uint8_t>(random.next());
  return std::move(info.bytes);
}

Step& Planner::add(std::size_t side, Call call, long result, int error) {
  Step step;
  step.side = side;
  step.call = call;
  step.result = result;
  step.error = error;
  plan_.steps.push_back(std::move(step));
  return plan_.steps.back();
}

Step& Planner::set(std::size_t side, int level, int option, std::vector<std::uint8_t> value,
                   int error) {
  Step& step = add(side, Call::setsockopt, error == 0 ? 0 : -1, error);
  step.level = level;
  step.option = option;
  step.value = std::move(value);
  return step;
}

Step& Planner::get(std::size_t side, int level, int option, std::size_t size, int error) {
  Step& step = add(side, Call::getsockopt, error == 0 ? 0 : -1, error);
  step.level = level;
  step.option = option;
  step.value.resize(size);
  return step;
}

void Planner::get_any(std::size_t side) {
  const bool has_tx = directions_[side].tx_keys;
  const bool has_rx = directions_[1 - side].rx_keys;
  const std::size_t whole = keys(directions_[side], 0).size();
  switch (between(0, 6)) {
    case 0:
      get(side, SOL_TLS, TLS_TX, whole, has_tx ? 0 : EBUSY);
      break;
    case 1:
      get(side, SOL_TLS, TLS_RX, whole, has_rx ? 0 : EBUSY);
      break;
    case 2:
      get(side, SOL_TLS, TLS_TX, 4, has_tx ? 0 : EBUSY);
      break;
    case 3:
      get(side, SOL_TLS, one_of({TLS_TX, TLS_RX}), between(0, 3), EINVAL);
      break;
    case 4:
      get(side, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, 2);
      break;
    case 5:
      get(side, SOL_TLS, TLS_TX_ZEROCOPY_RO, 4);
      break;
    default:
      get(side, SOL_TLS, TLS_RX_EXPECT_NO_PAD, 4, variant_.is_tls13() && has_rx ? 0 : EINVAL);
  }
}

// Facts 2.4.
void Planner::refused_option(std::size_t side) {
  const bool has_tx = directions_[side].tx_keys;
  std::vector<std::uint8_t> info = keys(directions_[side], 99);
  switch (between(0, 6)) {
    case 0:
      set(side, SOL_TCP, TCP_ULP, {'t', 'l', 's', 0}, EEXIST);
      break;
    case 1:
      set(side, SOL_TLS, one_of({6, 7, 100}), {1, 0, 0, 0}, ENOPROTOOPT);
      break;
    case 2:
      set(side, SOL_TLS, TLS_TX_ZEROCOPY_RO, bytes_of_value<std::uint32_t>(2), EINVAL);
      break;
    case 3:
      set(side, SOL_TLS, TLS_TX, {4, 3}, EINVAL);
      break;
    case 4:
      if (!has_tx) break;
      // Another cipher than that in force, or a key at all where none can be changed.
      info[2] = info[2] == TLS_CIPHER_AES_GCM_128 ? TLS_CIPHER_AES_GCM_256 : TLS_CIPHER_AES_GCM_128;
      set(side, SOL_TLS, TLS_TX, std::move(info), variant_.is_tls13() ? EINVAL : EBUSY);
      break;
    case 5:
      if (!has_tx) break;
      info.pop_back();
      set(side, SOL_TLS, TLS_TX, std::move(info), variant_.is_tls13() ? EINVAL : EBUSY);
      break;
    default:
      if (!has_tx) break;
      add(side, Call::disconnect, -1, EOPNOTSUPP);
  }
}

// ---- sending

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

void Planner::set_rx_keys(Direction& direction) {
  set(direction.reader(), SOL_TLS, TLS_RX, keys(direction, direction.rx_generation));
  direction.rx_keys = true;
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

// ---- receiving

// One call that reads from the front of the flow, of which `result` bytes come.
void Planner::read_with(Direction& direction, std::size_t size, int flags, long result) {
  Call call = one_of({Call::recv, Call::recvmsg, Call::recvmsg});
  if (flags == 0 && chance(0.2)) call = Call::read;
  Step& step = add(direction.reader(), call, result);
  step.flags = flags;
  if (!direction.flow.is_empty()) step.position = direction.flow.front().position;
  step.buffers = call == Call::recvmsg ? split(size) : std::vector<std::size_t>{size};
  if (call == Call::recvmsg)
    step.control = one_of<std::size_t>({0, 8, sizeof(cmsghdr), CMSG_LEN(1), CMSG_SPACE(1), 100});
}

void Planner::read_data(Direction& direction) {
  Flow& flow = direction.flow;
  const std::size_t all = flow.data();
  const int peek = chance(0.25) ? int{MSG_PEEK} : 0;
  const auto consume = [&](std::size_t size) { peek != 0 ? flow.peek(size) : flow.read(size); };
  const std::size_t what = between(0, 99);
  if (what < 50) {
    // What is decrypted, or else of one record: more could come along, or not yet.
    const std::size_t limit = flow.decrypted() > 0 ? flow.decrypted_data() : flow.front().size;
    const std::size_t size = chance(0.4) ? limit : between(1, limit);
    const bool at_once = flow.decrypted() > 0 && chance(0.3);
    read_with(direction, size, peek | (at_once ? int{MSG_DONTWAIT} : 0), static_cast<long>(size));
    consume(size);
  } else if (what < 65) {
    const std::size_t size = chance(0.3) ? all : between(1, all);
    read_with(direction, size, peek | MSG_WAITALL, static_cast<long>(size));
    consume(size);
  } else if (what < 75) {
    const bool to_end = flow.ends_with_data();
    if (to_end && !direction.is_shut) return;
    read_with(direction, all + between(1, 5000), peek | MSG_WAITALL, static_cast<long>(all));
    if (to_end)
      consume(all);
    else
      peek != 0 ? flow.peek_to_control() : flow.read_to_control();
  } else if (what < 88) {
    const std::size_t size = between(1, 20'000);
    const std::size_t moved = std::min(size, flow.front().size);
    Step& step = add(direction.reader(), Call::splice_out, static_cast<long>(moved));
    step.position = flow.front().position;
    step.buffers = {size};
    flow.peek(1);  // the whole record is decrypted first
    flow.read(moved);
  } else if (what < 93) {
    Step& step = add(direction.reader(), Call::recv, -1, EFAULT);
    step.buffers = {between(1, 100)};
    step.is_bad_address = true;
    flow.peek(1);
  } else if (what < 97) {
    read_with(direction, 0, peek, 0);
  } else if (!flow.is_paused()) {
    add(direction.reader(), Call::poll_in, 1);
  }
}

void Planner::read_control(Direction& direction) {
  Flow& flow = direction.flow;
  const Flow::Record& record = flow.front();
  const std::size_t what = between(0, 99);
  if (what < 12) {
    Step& step = add(direction.reader(), Call::splice_out, -1, EINVAL);
    step.buffers = {between(1, 1000)};
    flow.peek(1);
    return;
  }
  const std::size_t size = between(1, chance(0.6) ? record.size + 100 : record.size);
  const std::size_t moved = std::min(size, record.size);
  const int peek = chance(0.25) ? int{MSG_PEEK} : 0;
  read_with(direction, size, peek | (chance(0.1) ? int{MSG_WAITALL} : 0), static_cast<long>(moved));
  Step& step = plan_.steps.back();
  if (what < 25 || step.call != Call::recvmsg) {
    step.control = step.call == Call::recvmsg ? one_of<std::size_t>({0, 8, sizeof(cmsghdr)}) : 0;
    step.result = -1;
    step.error = EIO;
    flow.peek(1);
    return;
  }
  step.control = one_of<std::size_t>({CMSG_LEN(1), CMSG_SPACE(1), 100});
  peek != 0 ? flow.peek(moved) : flow.read(moved);
}

void Planner::read_end(Direction& direction) {
  switch (between(0, 2)) {
    case 0:
      add(direction.reader(), Call::poll_in, 1);
      break;
    case 1:
      add(direction.reader(), Call::splice_out, 0).buffers = {between(1, 100)};
      break;
    default:
      read_with(direction, between(1, 100), one_of({0, int{MSG_WAITALL}, int{MSG_PEEK}}), 0);
  }
  direction.at_end |= chance(0.5);
}

void Planner::read(Direction& direction) {
  Flow& flow = direction.flow;
  const std::size_t reader = direction.reader();
  if (!direction.rx_keys) set_rx_keys(direction);
  if (chance(0.06)) return get_any(reader);
  if (chance(0.03)) return refused_option(reader);
  if (variant_.is_tls13() && chance(0.03)) {
    set(reader, SOL_TLS, TLS_RX_EXPECT_NO_PAD,
        bytes_of_value(static_cast<std::uint32_t>(between(0, 1))));
    return;
  }
  if (flow.is_paused() && chance(flow.decrypted() > 0 ? 0.2 : 0.6)) {
    flow.resume();
    ++direction.rx_generation;
    return set_rx_keys(direction);
  }
  if (flow.is_paused() && flow.decrypted() == 0) {
    if (chance(0.3)) {
      add(reader, Call::splice_out, -1, EKEYEXPIRED).buffers = {between(1, 100)};
      return;
    }
    read_with(direction, between(1, 100), one_of({0, int{MSG_DONTWAIT}, int{MSG_PEEK}}), -1);
    plan_.steps.back().error = EKEYEXPIRED;
    return;
  }
  if (flow.begins_with_data())
    read_data(direction);
  else if (!flow.is_empty())
    read_control(direction);
  else if (direction.is_shut)
    read_end(direction);
}

void Planner::read_until(Direction& direction, std::size_t unread) {
  while (direction.flow.unread() > unread) read(direction);
}

Plan Planner::make() {
  std::vector<Variant> variants;
  for (const Variant& each : all_variants())
    if (is_available(each.cipher)) variants.push_back(each);
  // Devices take AES-GCM.
  variants.insert(variants.end(), 6, tls12_aes_gcm);
  variants.insert(variants.end(), 6, tls13_aes_gcm);
  variant_ = variants[between(0, variants.size() - 1)];
  plan_.title = variant_.name;
  for (Direction& direction : directions_) {
    direction.side = &direction == &directions_[0] ? 0 : 1;
    if (!chance(0.2)) continue;
    most_unread_ = 0;
    plan_.title += ", small buffers";
    set(direction.side, SOL_SOCKET, SO_SNDBUF,
        bytes_of_value(static_cast<int>(between(1000, 20'000))));
    set(direction.reader(), SOL_SOCKET, SO_RCVBUF,
        bytes_of_value(static_cast<int>(between(1000, 20'000))));
  }
  for (Direction& direction : directions_)
    if (chance(0.3)) send_plain(direction);
  for (const std::size_t side : {0, 1}) set(side, SOL_TCP, TCP_ULP, {'t', 'l', 's', 0});
  for (Direction& direction : directions_)
    if (chance(0.2)) send_plain(direction);

  std::size_t steps = between(20, 80);
  while (true) {
    Direction& direction = directions_[between(0, 1)];
    const bool is_over = steps == 0 || direction.flow.sent() > most_sent;
    if (steps > 0) --steps;
    if (is_over && !direction.is_shut)
      shutdown(direction);
    else if (!is_over && chance(0.55))
      write(direction);
    else
      read(direction);
    for (Direction& each : directions_) read_until(each, most_unread_);
    if (steps == 0 && directions_[0].at_end && directions_[1].at_end) break;
  }
  return std::move(plan_);
}

}  // namespace

std::size_t Step::size() const {
  return std::accumulate(buffers.begin(), buffers.end(), std::size_t{0});
}

Plan make_plan(std::uint64_t seed) {
  return Planner(seed).make();
}

}  // namespace tlsnic::host::test
