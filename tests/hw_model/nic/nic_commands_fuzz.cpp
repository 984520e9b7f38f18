// The driver's side of the bus as bytes: rings, descriptors, commands, doorbells, and frames.
#include <cstdlib>

#include "tests/hw_model/nic/hostile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlsnic::testing;
  // SystemC elaborates once; every input begins with a reset of the chip.
  static Bench* const bench = new Bench(hostile_parameters());
  play_hostile_driver(*bench, {data, size});
  if (bench->memory.stray_writes != 0) std::abort();
  return 0;
}

extern "C" int sc_main(int, char**) {
  return 0;
}
