#include "host_stack/syscalls/control_message.h"

#include <cerrno>
#include <cstring>

#include "host_stack/syscalls/tls_uapi.h"
#include "protocol/bytes.h"

namespace tlsnic::host {
namespace {

// Calls visit(header, data) for one message after the other until it returns false. False: one is
// malformed. CMSG_NXTHDR is not for lengths that lie, nor for memory that is not aligned.
template <typename Visit>
bool for_each_message(const msghdr& message, Visit visit) {
  const Bytes control(static_cast<const std::uint8_t*>(message.msg_control),
                      message.msg_controllen);
  std::size_t at = 0;
  while (at <= control.size() && control.size() - at >= sizeof(cmsghdr)) {
    cmsghdr header;
    std::memcpy(&header, control.data() + at, sizeof header);
    if (header.cmsg_len < sizeof header || header.cmsg_len > control.size() - at) return false;
    const std::size_t prefix = CMSG_LEN(0);
    const bool has_data = header.cmsg_len > prefix;
    if (!visit(header, has_data ? control.subspan(at + prefix, header.cmsg_len - prefix) : Bytes{}))
      return true;
    at += CMSG_ALIGN(header.cmsg_len);
  }
  return true;
}

}  // namespace

TlsControl parse_tls_control(const msghdr& message, bool more) {
  TlsControl result;
  bool is_valid = true;
  const bool is_well_formed = for_each_message(message, [&](const cmsghdr& header, Bytes data) {
    if (header.cmsg_level != SOL_TLS) return true;
    is_valid = header.cmsg_type == TLS_SET_RECORD_TYPE && !data.empty() && !more;
    if (is_valid) result.record_type = data[0];
    return is_valid;
  });
  if (!is_well_formed || !is_valid || !result.record_type) return {EINVAL, std::nullopt};
  return result;
}

int check_socket_control(const msghdr& message) {
  constexpr int scm_credentials = 2;  // SCM_CREDENTIALS, which glibc hides
  bool is_valid = true;
  const bool is_well_formed = for_each_message(message, [&](const cmsghdr& header, Bytes data) {
    if (header.cmsg_level != SOL_SOCKET) return true;
    const bool is_number = header.cmsg_type == SO_MARK || header.cmsg_type == SO_TIMESTAMPING;
    is_valid = header.cmsg_type == SCM_RIGHTS || header.cmsg_type == scm_credentials ||
               (is_number && data.size() == sizeof(std::uint32_t));
    return is_valid;
  });
  return is_well_formed && is_valid ? 0 : EINVAL;
}

}  // namespace tlsnic::host
