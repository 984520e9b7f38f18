// What every call must hold, whatever its arguments: which errors there are (facts 2.4 to 2.8;
// recv(2), send(2), setsockopt(2), tcp(7)).
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <gsl/span>

namespace tlsnic::host::test {

// sk_err is among them: what stopped the parser, and what ended the connection.
constexpr int send_errors[] = {EAGAIN,   EINVAL,  EOPNOTSUPP, EFAULT,     EPIPE,
                               EMSGSIZE, EBADMSG, ENOBUFS,    ECONNRESET, ETIMEDOUT};
constexpr int receive_errors[] = {EAGAIN,   EINVAL,      EFAULT, EIO,        EBADMSG,
                                  EMSGSIZE, EKEYEXPIRED, EPIPE,  ECONNRESET, ETIMEDOUT};
constexpr int option_errors[] = {EINVAL, EFAULT,   EBUSY,      ENOPROTOOPT, EEXIST,
                                 ENOENT, ENOTCONN, EOPNOTSUPP, EDOM,        EPIPE};
constexpr int shutdown_errors[] = {EINVAL, ENOTCONN};

// `what` failed otherwise.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken rule: %s\n", what);
  std::abort();
}

// errno is one of them.
inline void require_errno(gsl::span<const int> allowed, const char* call) {
  for (const int error : allowed)
    if (errno == error) return;
  std::fprintf(stderr, "broken rule: %s failed with errno %d\n", call, errno);
  std::abort();
}

}  // namespace tlsnic::host::test
