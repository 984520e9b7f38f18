// The memory of the process that calls.
#pragma once

#include <sys/uio.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <gsl/span>

#include "protocol/bytes.h"

namespace tlsnic::host {

constexpr std::size_t most_buffers = 1024;             // of one call: UIO_MAXIOV
constexpr std::size_t most_bytes = INT_MAX & ~0xfffu;  // of one call: MAX_RW_COUNT

// A pointer that no process may use.
inline bool is_bad_address(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer) < 4096;
}

// Bytes of all buffers together.
std::size_t total_size(gsl::span<const iovec> buffers);

// How many bytes after the first `skip` there are before the first bad address.
std::size_t usable_size(gsl::span<const iovec> buffers, std::size_t skip);

// Copies `bytes`, at most usable_size(), behind the first `skip` bytes of the buffers.
void copy_out(gsl::span<const iovec> buffers, std::size_t skip, Bytes bytes);

}  // namespace tlsnic::host
