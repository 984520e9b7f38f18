/* Receive ring: buffers that the driver offers, completions that the chip writes. Little-endian. */
#ifndef TLSNIC_ABI_DESCRIPTORS_H
#define TLSNIC_ABI_DESCRIPTORS_H

#include <stdint.h>

/* A buffer for received bytes. A frame larger than one buffer fills as many as it needs, in order.
 */
struct tlsnic_rx_descriptor {
  uint64_t address;
  uint32_t length; /* bytes, 64 .. 65536 */
  uint32_t reserved;
};

/* What TLS offload did with the packet. */
#define TLSNIC_TLS_NOT_DECRYPTED 0u /* as on the wire */
#define TLSNIC_TLS_DECRYPTED 1u     /* every record byte in it decrypted, no failure known */
#define TLSNIC_TLS_RESYNC 2u /* as on the wire; a header candidate lies in it: ask the stack */
#define TLSNIC_TLS_ERROR 3u  /* as on the wire; a record that ends in it failed */

#define TLSNIC_L4_UNKNOWN 0u /* not a whole TCP segment */
#define TLSNIC_L4_GOOD 1u
#define TLSNIC_L4_BAD 2u

#define TLSNIC_NO_CONTEXT 0xffffffffu

struct tlsnic_rx_completion {
  uint32_t byte_count; /* of the frame */
  uint16_t buffers;    /* descriptors it used, from the ring's oldest on */
  uint8_t tls;         /* TLSNIC_TLS_* */
  uint8_t l4_checksum; /* TLSNIC_L4_* */
  uint32_t context;    /* receive context, or TLSNIC_NO_CONTEXT */
  uint16_t segments;   /* frames that LRO has joined into this one; 1: as on the wire */
  uint16_t reserved0;
  uint64_t time_ns; /* arrival of the (first) frame's last bit, in the chip's time */
  uint8_t reserved1[7];
  uint8_t phase; /* 1 on the first pass over the queue, 0 on the second, and so on */
};

#endif
