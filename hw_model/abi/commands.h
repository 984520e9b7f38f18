/* Command queue: written by the driver to host memory, run in order, answered in host memory.
 * Little-endian; TLS byte strings as on the wire. */
#ifndef TLSNIC_ABI_COMMANDS_H
#define TLSNIC_ABI_COMMANDS_H

#include <stdint.h>

#define TLSNIC_CMD_KEY_CREATE 1u
#define TLSNIC_CMD_KEY_DESTROY 2u
#define TLSNIC_CMD_RX_CONTEXT_CREATE 3u
#define TLSNIC_CMD_RX_CONTEXT_DESTROY 4u
#define TLSNIC_CMD_RX_STATIC_PARAMS \
  5u /* secrets and numbers; on a running context: a resync answer */
#define TLSNIC_CMD_RX_PROGRESS_PARAMS 6u /* where in the TCP stream to start */
#define TLSNIC_CMD_RX_PROGRESS_QUERY 7u  /* writes struct tlsnic_rx_progress */
#define TLSNIC_CMD_RX_CONTEXT_DUMP 8u    /* writes struct tlsnic_rx_context */
#define TLSNIC_CMD_FLOW_ADD 9u
#define TLSNIC_CMD_FLOW_DELETE 10u
#define TLSNIC_CMD_TX_CONTEXT_CREATE 11u
#define TLSNIC_CMD_TX_CONTEXT_DESTROY 12u
#define TLSNIC_CMD_TX_CONTEXT_DUMP 13u /* writes struct tlsnic_tx_context */

#define TLSNIC_STATUS_OK 0u
#define TLSNIC_STATUS_BAD_OPCODE 1u
#define TLSNIC_STATUS_BAD_OBJECT 2u    /* no such key or context, or index out of range */
#define TLSNIC_STATUS_IN_USE 3u        /* exists already, is referred to, or no place is left */
#define TLSNIC_STATUS_BAD_PARAMETER 4u /* a field has no meaning */
#define TLSNIC_STATUS_BAD_ADDRESS 5u   /* the bus refused the address */

#define TLSNIC_TLS_1_2 2u /* values of tls_version */
#define TLSNIC_TLS_1_3 3u

struct tlsnic_key {
  uint32_t length; /* 16 or 32 bytes */
  uint8_t key[32];
};

struct tlsnic_rx_static_params {
  uint64_t initial_record_number; /* of the record at the start, or of the header asked about */
  uint32_t resync_tcp_sn; /* sequence of the header that is confirmed; unused at the start */
  uint32_t key_index;
  uint8_t iv[12]; /* TLS 1.2: 4-byte salt, then zeros; TLS 1.3: static iv */
  uint8_t tls_version;
};

struct tlsnic_rx_progress_params {
  uint32_t next_record_tcp_sn;
};

struct tlsnic_dma_target {
  uint64_t address;
};

struct tlsnic_flow {
  uint8_t source[16]; /* as in arriving packets, network order; IPv4 in the first four bytes */
  uint8_t destination[16];
  uint16_t source_port;
  uint16_t destination_port;
  uint8_t is_ipv6;
};

struct tlsnic_command {
  uint8_t opcode;
  uint8_t reserved0;
  uint16_t token;  /* comes back in the completion */
  uint32_t object; /* key index or context */
  union {
    struct tlsnic_key key;
    struct tlsnic_rx_static_params rx_static;
    struct tlsnic_rx_progress_params rx_progress;
    struct tlsnic_dma_target dma;
    struct tlsnic_flow flow;
    uint8_t bytes[56];
  } body;
};

struct tlsnic_command_completion {
  uint16_t token;
  uint8_t opcode;
  uint8_t status; /* TLSNIC_STATUS_* */
  uint32_t object;
  uint8_t reserved[7];
  uint8_t phase; /* as in struct tlsnic_rx_completion */
};

#define TLSNIC_TRACKER_START 0u
#define TLSNIC_TRACKER_TRACKING 1u
#define TLSNIC_TRACKER_SEARCHING 2u
#define TLSNIC_AUTH_NO_OFFLOAD 0u
#define TLSNIC_AUTH_OFFLOAD 1u

struct tlsnic_rx_progress {
  uint32_t next_record_tcp_sn; /* in sync: next byte expected; tracking: next header expected */
  uint32_t hw_resync_tcp_sn;   /* first byte of the header candidate that is tracked */
  uint32_t hw_offset_record_number; /* records counted since the candidate */
  uint8_t record_tracker_state;     /* TLSNIC_TRACKER_* */
  uint8_t auth_state;               /* TLSNIC_AUTH_* */
  uint8_t reserved[50];
};

#endif
