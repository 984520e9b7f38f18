// Arguments of system calls out of a fuzz input.
#pragma once

#include <sys/socket.h>

#include "tests/host_stack/syscalls/fuzz/input.h"

namespace tlsnic::host::test {

constexpr std::size_t most_bytes = 20'000;  // of one call

inline void* bad_address(Input& input) {
  return reinterpret_cast<void*>(std::uintptr_t{input.u8()} * 16);
}

inline int send_flags(Input& input) {
  const std::uint8_t choice = input.u8() % 8;
  if (choice == 7) return static_cast<int>(input.u32());
  constexpr int flags[] = {0, 0, 0, MSG_MORE, MSG_MORE, MSG_EOR, MSG_NOSIGNAL};
  return flags[choice];
}

inline int receive_flags(Input& input) {
  const std::uint8_t choice = input.u8() % 8;
  if (choice == 7) return static_cast<int>(input.u32());
  constexpr int flags[] = {0, 0, 0, MSG_PEEK, MSG_WAITALL, MSG_PEEK | MSG_WAITALL, MSG_DONTWAIT};
  return flags[choice];
}

}  // namespace tlsnic::host::test
