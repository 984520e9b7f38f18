/* Transmit ring: packets and TLS parameters, written by the driver to host memory, run in the order
 * of the ring, answered in host memory. Little-endian; TLS byte strings as on the wire. Numbers at
 * the left of fields are offsets in bytes.
 *
 * One completion answers each operation. A packet is one operation, of one or more
 * TLSNIC_TX_OP_SEND descriptors; every other descriptor is an operation of its own. An operation
 * that fails is counted and answered, puts nothing on the wire and leaves the context as it was: a
 * packet that TLS offload cannot handle must be dropped (tls-offload.rst, "Error handling", TX). */
#ifndef TLSNIC_ABI_TRANSMIT_H
#define TLSNIC_ABI_TRANSMIT_H

#include <stdint.h>

#include "hw_model/abi/commands.h"
#include "hw_model/abi/context.h"
#include "hw_model/abi/descriptors.h"

/* Opcodes. 0 is none, so that a zeroed ring does nothing. */
#define TLSNIC_TX_OP_SEND 1u          /* a fragment of a packet */
#define TLSNIC_TX_OP_DUMP 2u          /* stream bytes for the crypto state only; not transmitted */
#define TLSNIC_TX_OP_STATIC_PARAMS 3u /* key, iv and version of a context */
#define TLSNIC_TX_OP_PROGRESS_PARAMS 4u /* where a record begins, and its number */
#define TLSNIC_TX_OP_NOP 5u

/* Flags. FENCE is valid with every opcode, FIRST and LAST with SEND, the rest with a SEND that has
 * FIRST: they, context and mss count for the whole packet. */
#define TLSNIC_TX_FIRST 0x01u
#define TLSNIC_TX_LAST 0x02u
#define TLSNIC_TX_CHECKSUM 0x04u /* fill in IP length, IPv4 header checksum and TCP checksum */
#define TLSNIC_TX_SEGMENT 0x08u  /* cut into frames of mss payload bytes; includes CHECKSUM */
#define TLSNIC_TX_TLS 0x10u   /* encrypt with `context`, whatever the addresses; incl. CHECKSUM */
#define TLSNIC_TX_FENCE 0x20u /* start only when every operation before has taken effect */

#define TLSNIC_TX_MIN_PACKET 14u    /* bytes of a packet: an Ethernet header at least; ... */
#define TLSNIC_TX_MAX_PACKET 69632u /* ... 64 KiB of payload and 4 KiB for headers at most */
#define TLSNIC_TX_MAX_DUMP 65536u   /* bytes of one DUMP, 1 at least */

/* A packet is Ethernet header to end of payload, without padding and frame check sequence. Its
 * length and checksum fields need not be right if CHECKSUM, SEGMENT or TLS is set. */
struct tlsnic_tx_fragment {
  /*  0 */ uint64_t address;
  /*  8 */ uint32_t length; /* 1 .. TLSNIC_TX_MAX_PACKET */
  /* 12 */ uint16_t mss;    /* TCP payload bytes per frame; 0: the packet is one frame */
  /* 14 */ uint16_t reserved;
};

struct tlsnic_tx_dump {
  /*  0 */ uint64_t address;
  /*  8 */ uint32_t length;
  /* 12 */ uint32_t tcp_sequence; /* of the first byte; must be the one expected */
};

/* On a running context too; progress parameters must follow before it encrypts again. */
struct tlsnic_tx_static_params {
  /*  0 */ uint32_t key_index;
  /*  4 */ uint8_t iv[12];      /* TLS 1.2: 4-byte salt, then zeros; TLS 1.3: static iv */
  /* 16 */ uint8_t tls_version; /* TLSNIC_TLS_1_2, TLSNIC_TLS_1_3 */
  /* 17 */ uint8_t reserved[3];
};

/* Static parameters first. The next byte that the context expects is this record's first. */
struct tlsnic_tx_progress_params {
  /*  0 */ uint64_t record_number;
  /*  8 */ uint32_t next_record_tcp_sn;
  /* 12 */ uint32_t reserved;
};

struct tlsnic_tx_descriptor {
  /*  0 */ uint8_t opcode; /* TLSNIC_TX_OP_* */
  /*  1 */ uint8_t flags;  /* TLSNIC_TX_* */
  /*  2 */ uint16_t reserved0;
  /*  4 */ uint32_t token;   /* the last descriptor's comes back in the completion */
  /*  8 */ uint32_t context; /* transmit context, where the operation has one */
  /* 12 */ uint32_t reserved1;
  /* 16 */ union {
    struct tlsnic_tx_fragment fragment;
    struct tlsnic_tx_dump dump;
    struct tlsnic_tx_static_params static_params;
    struct tlsnic_tx_progress_params progress;
    uint8_t bytes[48];
  } body;
};

/* Status of an operation. */
#define TLSNIC_TX_OK 0u              /* sent, or taken */
#define TLSNIC_TX_BAD_DESCRIPTOR 1u  /* a field has no meaning, or FIRST and LAST do not match */
#define TLSNIC_TX_BAD_LENGTH 2u      /* fragment, packet, DUMP or frame too short or too long */
#define TLSNIC_TX_BAD_ADDRESS 3u     /* the bus refused the address */
#define TLSNIC_TX_BAD_PACKET 4u      /* not TCP; or SYN with TLS; or SYN, RST, URG and a cut */
#define TLSNIC_TX_NO_CONTEXT 5u      /* no such context */
#define TLSNIC_TX_NO_PARAMETERS 6u   /* static or progress parameters are missing */
#define TLSNIC_TX_NO_KEY 7u          /* no such key */
#define TLSNIC_TX_OUT_OF_SEQUENCE 8u /* does not begin at the byte that the context expects */
#define TLSNIC_TX_BAD_HEADER 9u      /* no TLS record header where one must be */

struct tlsnic_tx_completion {
  /*  0 */ uint32_t token;
  /*  4 */ uint32_t descriptors; /* that the operation took, from the ring's oldest on */
  /*  8 */ uint32_t context;     /* or TLSNIC_NO_CONTEXT */
  /* 12 */ uint32_t frames;      /* put on the wire */
  /* 16 */ uint64_t time_ns;     /* when the last bit left, in the chip's time */
  /* 24 */ uint8_t opcode;       /* of the operation */
  /* 25 */ uint8_t status;       /* TLSNIC_TX_OK .. */
  /* 26 */ uint8_t reserved[5];
  /* 31 */ uint8_t phase; /* 1 on the first pass over the queue, 0 on the second, and so on */
};

#define TLSNIC_TX_CONTEXT_MAX_SIZE 208u

#define TLSNIC_TX_STATE_EMPTY 0u   /* created */
#define TLSNIC_TX_STATE_STATIC 1u  /* has static parameters */
#define TLSNIC_TX_STATE_RUNNING 2u /* has its place in the stream too */

/* The state that the chip keeps for the transmit side of one connection, as
 * TLSNIC_CMD_TX_CONTEXT_DUMP writes it. Secrets are not in it: keys are referred to by index. */
struct tlsnic_tx_context {
  /*   0 */ struct tlsnic_gcm_state gcm; /* partial block and authentication state */
  /*  88 */ uint64_t record_number;      /* of the record at expected_sequence */
  /*  96 */ uint32_t key_index;
  /* 100 */ uint32_t expected_sequence; /* next byte */
  /* 104 */ uint32_t record_offset; /* bytes of the record before expected_sequence, header incl. */
  /* 108 */ uint16_t record_length; /* the header's length field */
  /* 110 */ uint8_t iv[12];
  /* 122 */ uint8_t header[5];         /* partial or whole header of the record */
  /* 127 */ uint8_t explicit_nonce[8]; /* TLS 1.2: partial or whole */
  /* 135 */ uint8_t tag[16];           /* whole, from the tag's first byte on */
  /* 151 */ uint8_t tls_version;       /* TLSNIC_TLS_*; 0 before the static parameters */
  /* 152 */ uint8_t key_is_256;
  /* 153 */ uint8_t state; /* TLSNIC_TX_STATE_* */
  /* 154 */ uint8_t reserved[6];
};

#endif
