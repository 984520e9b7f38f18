/* The transmit ring's interface is C as well, and every offset is the one that its header says. */
#include "hw_model/abi/transmit.h"

#include <stddef.h>

#include "hw_model/abi/registers.h"

#define AT(type, field, offset) \
  _Static_assert(offsetof(struct type, field) == (offset), #type "." #field)

_Static_assert(sizeof(struct tlsnic_tx_descriptor) == 64, "descriptor");
AT(tlsnic_tx_descriptor, opcode, 0);
AT(tlsnic_tx_descriptor, flags, 1);
AT(tlsnic_tx_descriptor, token, 4);
AT(tlsnic_tx_descriptor, context, 8);
AT(tlsnic_tx_descriptor, body, 16);
AT(tlsnic_tx_descriptor, body.fragment.address, 16);
AT(tlsnic_tx_descriptor, body.fragment.length, 24);
AT(tlsnic_tx_descriptor, body.fragment.mss, 28);
AT(tlsnic_tx_descriptor, body.dump.address, 16);
AT(tlsnic_tx_descriptor, body.dump.length, 24);
AT(tlsnic_tx_descriptor, body.dump.tcp_sequence, 28);
AT(tlsnic_tx_descriptor, body.static_params.key_index, 16);
AT(tlsnic_tx_descriptor, body.static_params.iv, 20);
AT(tlsnic_tx_descriptor, body.static_params.tls_version, 32);
AT(tlsnic_tx_descriptor, body.progress.record_number, 16);
AT(tlsnic_tx_descriptor, body.progress.next_record_tcp_sn, 24);

_Static_assert(sizeof(struct tlsnic_tx_completion) == 32, "completion");
AT(tlsnic_tx_completion, token, 0);
AT(tlsnic_tx_completion, descriptors, 4);
AT(tlsnic_tx_completion, context, 8);
AT(tlsnic_tx_completion, frames, 12);
AT(tlsnic_tx_completion, time_ns, 16);
AT(tlsnic_tx_completion, opcode, 24);
AT(tlsnic_tx_completion, status, 25);
AT(tlsnic_tx_completion, phase, 31);

_Static_assert(sizeof(struct tlsnic_tx_context) == 160, "context");
_Static_assert(sizeof(struct tlsnic_tx_context) <= TLSNIC_TX_CONTEXT_MAX_SIZE, "context");
AT(tlsnic_tx_context, gcm, 0);
AT(tlsnic_tx_context, record_number, 88);
AT(tlsnic_tx_context, key_index, 96);
AT(tlsnic_tx_context, expected_sequence, 100);
AT(tlsnic_tx_context, record_offset, 104);
AT(tlsnic_tx_context, record_length, 108);
AT(tlsnic_tx_context, iv, 110);
AT(tlsnic_tx_context, header, 122);
AT(tlsnic_tx_context, explicit_nonce, 127);
AT(tlsnic_tx_context, tag, 135);
AT(tlsnic_tx_context, tls_version, 151);
AT(tlsnic_tx_context, key_is_256, 152);
AT(tlsnic_tx_context, state, 153);

/* Registers do not overlap, and doorbells have side effects: 0x800 and up. */
_Static_assert(TLSNIC_REG_MAX_TX_CONTEXTS == TLSNIC_REG_MAX_CONTEXTS + 4, "register");
_Static_assert(TLSNIC_REG_TX_RING_ADDRESS >= TLSNIC_REG_RX_CQ_ENTRIES + 4, "register");
_Static_assert(TLSNIC_REG_TX_CQ_ADDRESS >= TLSNIC_REG_TX_RING_ENTRIES + 4, "register");
_Static_assert(TLSNIC_DB_TX_PRODUCER == TLSNIC_DB_RX_ARM + 4, "doorbell");
_Static_assert(TLSNIC_DB_TX_ARM == TLSNIC_DB_TX_PRODUCER + 4, "doorbell");

int tlsnic_transmit_abi_compiles_as_c(void) {
  return 1;
}
