// A chip without hosts, for a model of somebody else.
#include "hw_model/nic.h"

int sc_main(int, char**) {
  const tlsnic::hw::Nic nic("nic", tlsnic::hw::NicParameters());
  return nic.contexts().hits() == 0 ? 0 : 1;
}
