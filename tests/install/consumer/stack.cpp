// A host without a chip.
#include "driver_shim/driver.h"
#include "host_stack/host.h"
#include "host_stack/syscalls/process.h"
#include "host_stack/syscalls/simulation_scheduler.h"

int sc_main(int, char**) {
  tlsnic::host::Host host;
  tlsnic::host::SimulationScheduler scheduler;
  tlsnic::host::Process process(host, scheduler);
  tlsnic::netdev::DmaMemory memory(1 << 20);
  const tlsnic::driver::Driver driver("driver", memory, host, sc_core::SC_ZERO_TIME);
  return process.socket(AF_INET, SOCK_STREAM, 0) >= 3 ? 0 : 1;
}
