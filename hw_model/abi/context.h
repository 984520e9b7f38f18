/* The state that the chip keeps for the receive side of one connection, as
 * TLSNIC_CMD_RX_CONTEXT_DUMP writes it. Keys are not in it, they are referred to by index; the iv
 * is. 208 bytes is what a ConnectX-6 Dx keeps per flow (Pismenny et al., ASPLOS 2021, section 6).
 */
#ifndef TLSNIC_ABI_CONTEXT_H
#define TLSNIC_ABI_CONTEXT_H

#include <stdint.h>

#define TLSNIC_RX_CONTEXT_MAX_SIZE 208u

#define TLSNIC_SYNC_OFFLOAD 0u   /* position in the stream known */
#define TLSNIC_SYNC_WAITING 1u   /* lost; the stream is not yet far enough for a scan */
#define TLSNIC_SYNC_SEARCHING 2u /* lost; scanning for a header */
#define TLSNIC_SYNC_TRACKING 3u  /* a candidate is followed and confirmation awaited */

/* AES-GCM between two pieces of a record; hw_model/tls/aead/gcm_state.h says what is in each field.
 */
struct tlsnic_gcm_state {
  uint8_t ghash[16];
  uint64_t aad_length;
  uint64_t text_length;
  uint8_t key_stream[16];
  uint8_t j0[16];
  uint8_t counter[16];
  uint64_t partial_length;
};

struct tlsnic_rx_context {
  struct tlsnic_gcm_state gcm;   /* partial block and authentication state */
  uint64_t record_number;        /* of the record at expected_sequence */
  uint32_t key_index;            /* 24 bits would do */
  uint32_t expected_sequence;    /* next byte in sync; where sync was lost otherwise */
  uint32_t record_offset;        /* bytes of the current record already seen, header included */
  uint32_t candidate_sequence;   /* first byte of the candidate header */
  uint32_t records_tracked;      /* headers followed since the candidate */
  uint32_t next_header_sequence; /* tracking: where the next header must be */
  uint32_t scan_sequence;        /* sequence that follows the carried bytes */
  uint32_t passed_sequence;      /* lost: end of the furthest segment that was passed */
  uint16_t record_length;        /* the header's length field */
  uint8_t iv[12];
  uint8_t header[5];         /* partial or whole header of the record */
  uint8_t explicit_nonce[8]; /* TLS 1.2: partial or whole */
  uint8_t tag[16];           /* partial tag */
  uint8_t carry[4];          /* last bytes of the segment before, where a header may begin */
  uint8_t carry_size;
  uint8_t tls_version; /* TLSNIC_TLS_* */
  uint8_t key_is_256;
  uint8_t sync;              /* TLSNIC_SYNC_* */
  uint8_t gap_can_be_filled; /* lost: the fields still are those of expected_sequence */
};

#endif
