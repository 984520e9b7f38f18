#include "tests/host_stack/syscalls/random_calls/caller.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host_stack/syscalls/type_message.h"

namespace tlsnic::host::test {
namespace {

// FNV-1a, 64 bits.
std::uint64_t digest(const std::uint8_t* bytes, std::size_t size) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

const char* name_of(Call call) {
  static constexpr const char* names[] = {
      "setsockopt", "getsockopt", "send",    "write",      "sendmsg", "sendfile",   "splice_in",
      "recv",       "read",       "recvmsg", "splice_out", "poll_in", "disconnect", "shutdown"};
  return names[static_cast<std::size_t>(call)];
}

}  // namespace

Caller::Caller(Process& process, int fd, const Plan& plan, std::size_t side, std::string& log)
    : process_(process), fd_(fd), plan_(plan), side_(side), log_(log) {
  process_.pipe(pipe_);
}

Caller::~Caller() {
  for (const int end : pipe_) process_.close(end);
}

std::uint8_t* Caller::bytes_to_send(const Step& step) {
  return plan_.stream[side_].data() + step.position;
}

std::vector<iovec> Caller::buffers(const Step& step, std::uint8_t* memory) const {
  std::vector<iovec> out;
  for (const std::size_t size : step.buffers) {
    out.push_back({memory, size});
    memory += size;
  }
  return out;
}

Caller::Outcome Caller::get_option(const Step& step) {
  std::vector<std::uint8_t> value(step.value.size() + 1);
  auto size = static_cast<socklen_t>(step.value.size());
  const long result = process_.getsockopt(fd_, step.level, step.option, value.data(), &size);
  if (result != 0) return {result};
  return {result, false, fmt::format(" {} bytes {:016x}", size, digest(value.data(), size))};
}

Caller::Outcome Caller::send_message(const Step& step) {
  std::vector<iovec> parts = buffers(step, bytes_to_send(step));
  TypeMessage typed(parts.data(), parts.size());
  if (step.record_type)
    typed.set_type(*step.record_type).cmsg_type = step.control_type;
  else
    typed.message.msg_controllen = 0;
  return {process_.sendmsg(fd_, &typed.message, step.flags)};
}

Caller::Outcome Caller::send_file(const Step& step) {
  const int file = process_.memfd_create("sent", 0);
  const std::vector<std::uint8_t> before(step.offset, 0xee);
  process_.write(file, before.data(), before.size());
  process_.write(file, bytes_to_send(step), step.size());
  process_.lseek(file, 0, SEEK_SET);
  auto offset = static_cast<off_t>(step.offset);
  const long result =
      process_.sendfile(fd_, file, step.offset > 0 ? &offset : nullptr, step.size() + step.excess);
  const int error = errno;
  const off_t at = step.offset > 0 ? offset : process_.lseek(file, 0, SEEK_CUR);
  process_.close(file);
  errno = error;
  return {result, false, fmt::format(" offset {}", at)};
}

Caller::Outcome Caller::splice_in(const Step& step) {
  long put = 0;
  if (step.excess % 2 == 0) {
    put = process_.write(pipe_[1], bytes_to_send(step), step.size());
  } else {
    const std::vector<iovec> parts = buffers(step, bytes_to_send(step));
    put = process_.vmsplice(pipe_[1], parts.data(), parts.size(), 0);
  }
  const long result = process_.splice(pipe_[0], nullptr, fd_, nullptr, step.size() + step.excess,
                                      static_cast<unsigned>(step.flags));
  return {result, false, fmt::format(" of {}", put)};
}

Caller::Outcome Caller::receive_message(const Step& step) {
  what_came_.assign(step.size(), 0);
  std::vector<iovec> parts = buffers(step, what_came_.data());
  alignas(cmsghdr) std::uint8_t control[128] = {};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_control = step.control > 0 ? control : nullptr;
  message.msg_controllen = step.control;
  const long result = process_.recvmsg(fd_, &message, step.flags);
  if (result < 0) return {result};
  std::string more =
      fmt::format(" flags {:#x} control {}", message.msg_flags, message.msg_controllen);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr)
    more += fmt::format(" {}/{} length {}", header->cmsg_level, header->cmsg_type,
                        static_cast<std::size_t>(header->cmsg_len));
  if (header != nullptr && header->cmsg_len == CMSG_LEN(1))
    more += fmt::format(" type {}", *CMSG_DATA(header));
  return {result, true, std::move(more)};
}

Caller::Outcome Caller::splice_out(const Step& step) {
  const long result = process_.splice(fd_, nullptr, pipe_[1], nullptr, step.size(), 0);
  if (result <= 0) return {result};
  what_came_.assign(static_cast<std::size_t>(result), 0);
  const long read = process_.read(pipe_[0], what_came_.data(), what_came_.size());
  return {result, true, fmt::format(" read {}", read)};
}

Caller::Outcome Caller::poll_in() {
  pollfd one{fd_, POLLIN, 0};
  const int result = process_.poll(&one, 1, -1);
  return {result, false, fmt::format(" events {:#x}", one.revents & POLLIN)};
}

Caller::Outcome Caller::call(const Step& step) {
  switch (step.call) {
    case Call::setsockopt:
      return {process_.setsockopt(fd_, step.level, step.option, step.value.data(),
                                  static_cast<socklen_t>(step.value.size()))};
    case Call::getsockopt:
      return get_option(step);
    case Call::send:
      return {process_.send(fd_, bytes_to_send(step), step.size(), step.flags)};
    case Call::write:
      return {process_.write(fd_, bytes_to_send(step), step.size())};
    case Call::sendmsg:
      return send_message(step);
    case Call::sendfile:
      return send_file(step);
    case Call::splice_in:
      return splice_in(step);
    case Call::recv:
    case Call::read: {
      what_came_.assign(step.size() + 1, 0);
      void* const out = step.is_bad_address ? reinterpret_cast<void*>(16) : what_came_.data();
      return {step.call == Call::recv ? process_.recv(fd_, out, step.size(), step.flags)
                                      : process_.read(fd_, out, step.size()),
              true};
    }
    case Call::recvmsg:
      return receive_message(step);
    case Call::splice_out:
      return splice_out(step);
    case Call::poll_in:
      return poll_in();
    case Call::disconnect: {
      sockaddr nobody{};
      nobody.sa_family = AF_UNSPEC;
      return {process_.connect(fd_, &nobody, sizeof nobody)};
    }
    case Call::shutdown:
      return {process_.shutdown(fd_, SHUT_WR)};
  }
  return {};
}

// Before the call: it may be one that never returns.
void Caller::write_down_call(const Step& step) {
  log_ += fmt::format("{}: {} size {} flags {:#x} at {}", side_ == 0 ? "client" : "server",
                      name_of(step.call), step.size(), step.flags, step.position);
  if (step.call == Call::setsockopt || step.call == Call::getsockopt)
    log_ += fmt::format(" option {}/{}", step.level, step.option);
  log_ += " = ";
}

void Caller::write_down(const Step& step, const Outcome& outcome, int error) {
  log_ += fmt::format("{}", outcome.result);
  if (outcome.result < 0) log_ += fmt::format(" {}", strerrorname_np(error));
  log_ += outcome.more;
  const auto came = static_cast<std::size_t>(std::max(outcome.result, 0L));
  if (outcome.has_bytes) log_ += fmt::format(" {:016x}", digest(what_came_.data(), came));
  if (outcome.result != step.result || error != step.error) {
    log_ += fmt::format(" WRONG: expected {} {}", step.result, strerrorname_np(step.error));
  } else if (outcome.has_bytes) {
    const std::vector<std::uint8_t>& sent = plan_.stream[1 - side_];
    const auto first = what_came_.begin();
    if (sent.size() < step.position + came ||
        !std::equal(first, first + static_cast<std::ptrdiff_t>(came),
                    sent.begin() + static_cast<std::ptrdiff_t>(step.position)))
      log_ += " WRONG: not the bytes that were sent";
  }
  log_ += '\n';
}

void Caller::run() {
  for (const Step& step : plan_.steps) {
    if (step.side != side_) continue;
    write_down_call(step);
    const Outcome outcome = call(step);
    write_down(step, outcome, outcome.result < 0 ? errno : 0);
  }
}

}  // namespace tlsnic::host::test
