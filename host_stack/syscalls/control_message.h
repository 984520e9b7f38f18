// Ancillary data of a send (facts 2.6), which is any bytes that a caller may come up with.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

namespace tlsnic::host {

// error: EINVAL for a malformed or short message, for an unknown type of SOL_TLS, for
// TLS_SET_RECORD_TYPE together with `more` (MSG_MORE), and if no message is of SOL_TLS; those of
// other levels are passed over. Otherwise record_type is what the last TLS_SET_RECORD_TYPE said.
struct TlsControl {
  int error = 0;
  std::optional<std::uint8_t> record_type;
};

// msg_control points to msg_controllen bytes, not 0.
TlsControl parse_tls_control(const msghdr& message, bool more);

// The same without kTLS, where it is for TCP (Linux: sock_cmsg_send). 0, or EINVAL: malformed, or a
// type of SOL_SOCKET that does not belong there. Of what is right nothing has an effect here.
int check_socket_control(const msghdr& message);

}  // namespace tlsnic::host
