/* The programming interface is C: a kernel driver includes it as it stands. */
#include "hw_model/abi/commands.h"
#include "hw_model/abi/context.h"
#include "hw_model/abi/descriptors.h"
#include "hw_model/abi/registers.h"

_Static_assert(sizeof(struct tlsnic_rx_descriptor) == 16, "descriptor");
_Static_assert(sizeof(struct tlsnic_rx_completion) == 32, "completion");
_Static_assert(sizeof(struct tlsnic_command) == 64, "command");
_Static_assert(sizeof(struct tlsnic_command_completion) == 16, "command completion");
_Static_assert(sizeof(struct tlsnic_rx_progress) == 64, "progress");
_Static_assert(sizeof(struct tlsnic_rx_context) <= TLSNIC_RX_CONTEXT_MAX_SIZE, "context");

int tlsnic_abi_compiles_as_c(void) {
  return 1;
}
