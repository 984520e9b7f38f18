// What a plan's receiving sides do.
#include <algorithm>
#include <cerrno>

#include "tests/host_stack/syscalls/random_calls/planner.h"

namespace tlsnic::host::test {

void Planner::set_rx_keys(Direction& direction) {
  set(direction.reader(), SOL_TLS, TLS_RX, keys(direction, direction.rx_generation));
  direction.rx_keys = true;
}

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

}  // namespace tlsnic::host::test
