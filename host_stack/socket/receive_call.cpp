#include "host_stack/socket/receive_call.h"

#include <algorithm>
#include <cerrno>

#include "protocol/tls_record.h"

namespace tlsnic::host {

std::size_t total_size(gsl::span<const iovec> buffers) {
  std::size_t size = 0;
  for (const iovec& buffer : buffers) size += buffer.iov_len;
  return size;
}

std::size_t usable_size(gsl::span<const iovec> buffers, std::size_t skip) {
  std::size_t size = 0;
  for (const iovec& buffer : buffers) {
    const std::size_t skipped = std::min(skip, buffer.iov_len);
    skip -= skipped;
    if (skipped == buffer.iov_len) continue;
    if (is_bad_address(buffer.iov_base)) break;
    size += buffer.iov_len - skipped;
  }
  return size;
}

void copy_out(gsl::span<const iovec> buffers, std::size_t skip, Bytes bytes) {
  for (const iovec& buffer : buffers) {
    if (bytes.empty()) break;
    const std::size_t skipped = std::min(skip, buffer.iov_len);
    skip -= skipped;
    const std::size_t size = std::min<std::size_t>(buffer.iov_len - skipped, bytes.size());
    if (size == 0) continue;
    std::memcpy(static_cast<std::uint8_t*>(buffer.iov_base) + skipped, bytes.data(), size);
    bytes = bytes.subspan(size);
  }
}

std::size_t ReceiveCall::target() const {
  const std::size_t all = size();
  return std::max<std::size_t>(1, wait_all ? all : std::min(low_water, all));
}

bool ReceiveCall::admits(std::uint8_t type) {
  if (record_type) return *record_type == type;
  record_type = type;
  // The kernel's mark for "no type yet".
  if (type == 0) {
    error = EBADMSG;
    return false;
  }
  control_truncated = !has_control_buffer;
  if (type == record_application_data || has_control_buffer) return true;
  error = EIO;
  return false;
}

bool ReceiveCall::can_copy(std::size_t bytes) {
  if (usable_size(buffers, copied) >= bytes) return true;
  error = EFAULT;
  return false;
}

void ReceiveCall::copy(Bytes bytes) {
  copy_out(buffers, copied, bytes);
  copied += bytes.size();
}

}  // namespace tlsnic::host
