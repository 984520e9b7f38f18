// System calls on a kTLS connection, of any order and with any arguments.
#include "tests/host_stack/syscalls/fuzz/player.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlsnic;
  host::test::Player(Bytes(data, size)).run();
  return 0;
}
