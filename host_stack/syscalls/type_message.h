// A msghdr with room for one control message: the type of a TLS record, as an application sends and
// receives it (tls.rst, "Sending TLS control messages", "Receiving TLS control messages").
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "host_stack/syscalls/tls_uapi.h"

namespace tlsnic::host {

struct TypeMessage {
  // The buffers stay the caller's.
  explicit TypeMessage(iovec* buffers, std::size_t count = 1) {
    message.msg_iov = buffers;
    message.msg_iovlen = count;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
  }
  TypeMessage(const TypeMessage&) = delete;
  TypeMessage& operator=(const TypeMessage&) = delete;

  // Before sendmsg(): TLS_SET_RECORD_TYPE. Gives its header, for whoever wants to say otherwise.
  cmsghdr& set_type(std::uint8_t type) {
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_TLS;
    header->cmsg_type = TLS_SET_RECORD_TYPE;
    header->cmsg_len = CMSG_LEN(sizeof(type));
    *CMSG_DATA(header) = type;
    return *header;
  }
  // After recvmsg() has succeeded: what TLS_GET_RECORD_TYPE says, if there is one.
  std::optional<std::uint8_t> type() const {
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_level != SOL_TLS ||
        header->cmsg_type != TLS_GET_RECORD_TYPE || header->cmsg_len != CMSG_LEN(1))
      return std::nullopt;
    return *CMSG_DATA(header);
  }

  alignas(cmsghdr) std::uint8_t control[CMSG_SPACE(1)] = {};
  msghdr message{};
};

}  // namespace tlsnic::host
