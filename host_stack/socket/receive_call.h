// A recvmsg() on its way: what was asked for, and how far it got. It may have to wait more than
// once, and what it copied by then it keeps.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <gsl/span>
#include <optional>

#include "host_stack/socket/user_memory.h"

namespace tlsnic::host {

struct ReceiveCall {
  gsl::span<const iovec> buffers;
  bool peek = false;                // MSG_PEEK
  bool wait_all = false;            // MSG_WAITALL
  bool discard = false;             // MSG_TRUNC, plain bytes only: they are counted, not copied
  std::size_t low_water = 1;        // SO_RCVLOWAT, bytes
  bool has_control_buffer = false;  // room for a whole TLS_GET_RECORD_TYPE message
  bool may_wait = true;             // false: MSG_DONTWAIT, O_NONBLOCK

  // ---- the answer
  int error = 0;                            // errno; the caller sees it only if nothing was copied
  std::size_t copied = 0;                   // bytes
  std::optional<std::uint8_t> record_type;  // for TLS_GET_RECORD_TYPE; none in TLS_BASE
  bool end_of_record = false;               // MSG_EOR
  bool control_truncated = false;           // MSG_CTRUNC

  // ---- how far it got
  std::optional<bool> reads_records;  // decided when it begins, for as long as it lasts
  bool list_done = false;             // records that waited were delivered
  std::size_t records = 0;            // taken from the stream by this call

  std::size_t size() const { return total_size(buffers); }
  std::size_t room() const { return size() - copied; }
  // Bytes to wait for.
  std::size_t target() const;

  // A record of this type comes next. The first one fixes the type of the call (facts 2.7, rule 8).
  // False: it is not for this call, and if `error` was set, for none like it.
  bool admits(std::uint8_t type);
  // Whether so many bytes, no more than room(), can be copied; else `error` is EFAULT.
  bool can_copy(std::size_t bytes);
  void copy(Bytes bytes);
  // True, for receive().
  bool end(int with_error = 0) {
    error = with_error;
    return true;
  }
};

}  // namespace tlsnic::host
