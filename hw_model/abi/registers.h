/* Registers of the chip: BAR 0, 4 KiB, little-endian, accessed in aligned words of 4 or 8 bytes.
 *
 * Only the doorbells (0x800 and up) have side effects when written; every other register is plain
 * memory that the chip reads when a doorbell rings. So the BAR can be a page of shared memory.
 * This header, like the others in abi/, compiles as C11 and as C++17. */
#ifndef TLSNIC_ABI_REGISTERS_H
#define TLSNIC_ABI_REGISTERS_H

#include <stdint.h>

#define TLSNIC_BAR_SIZE 0x1000u

/* Read-only identity and capabilities, valid from reset. */
#define TLSNIC_REG_ID 0x000u           /* u32: TLSNIC_ID */
#define TLSNIC_REG_ABI_VERSION 0x004u  /* u32: TLSNIC_ABI_VERSION */
#define TLSNIC_REG_CAPABILITIES 0x008u /* u32: TLSNIC_CAP_* */
#define TLSNIC_REG_MAX_KEYS 0x00cu     /* u32: key indices are 0 .. MAX_KEYS-1 */
#define TLSNIC_REG_MAX_CONTEXTS 0x010u /* u32: receive contexts are 0 .. MAX_CONTEXTS-1 */
#define TLSNIC_REG_MAX_TX_CONTEXTS \
  0x014u /* u32: transmit contexts are 0 .. MAX_TX_CONTEXTS-1; 0: no transmit ring */

/* Rings in host memory; read by the chip when TLSNIC_DB_CONTROL enables it. Entries: powers of two,
 * 2 .. 65536. A completion queue has as many entries as the ring that it answers, or more. */
#define TLSNIC_REG_CMD_RING_ADDRESS 0x100u /* u64: struct tlsnic_command[] */
#define TLSNIC_REG_CMD_RING_ENTRIES 0x108u /* u32 */
#define TLSNIC_REG_CMD_CQ_ADDRESS 0x110u   /* u64: struct tlsnic_command_completion[] */
#define TLSNIC_REG_CMD_CQ_ENTRIES 0x118u   /* u32 */
#define TLSNIC_REG_RX_RING_ADDRESS 0x140u  /* u64: struct tlsnic_rx_descriptor[] */
#define TLSNIC_REG_RX_RING_ENTRIES 0x148u  /* u32 */
#define TLSNIC_REG_RX_CQ_ADDRESS 0x150u    /* u64: struct tlsnic_rx_completion[] */
#define TLSNIC_REG_RX_CQ_ENTRIES 0x158u    /* u32 */
#define TLSNIC_REG_TX_RING_ADDRESS 0x180u  /* u64: struct tlsnic_tx_descriptor[] */
#define TLSNIC_REG_TX_RING_ENTRIES 0x188u  /* u32 */
#define TLSNIC_REG_TX_CQ_ADDRESS 0x190u    /* u64: struct tlsnic_tx_completion[] */
#define TLSNIC_REG_TX_CQ_ENTRIES 0x198u    /* u32 */

/* u32: TLSNIC_FEATURE_*, read by the chip when TLSNIC_DB_CONTROL enables it. */
#define TLSNIC_REG_FEATURES 0x1c0u

/* Doorbells, u32. Indices run freely modulo 2^32; the slot is index modulo entries. */
#define TLSNIC_DB_CONTROL 0x800u      /* 1: read the ring registers and start; 0: stop and reset */
#define TLSNIC_DB_CMD_PRODUCER 0x804u /* index after the last command written */
#define TLSNIC_DB_RX_PRODUCER 0x808u  /* index after the last receive descriptor written */
#define TLSNIC_DB_RX_ARM \
  0x80cu /* index of the first completion not yet read; asks for one interrupt */
#define TLSNIC_DB_TX_PRODUCER 0x810u /* index after the last transmit descriptor written */
#define TLSNIC_DB_TX_ARM 0x814u      /* as TLSNIC_DB_RX_ARM, for transmit completions */

#define TLSNIC_ID 0x4e534c54u /* "TLSN" */
#define TLSNIC_ABI_VERSION 1u

#define TLSNIC_CAP_RX_TLS12_AES_GCM_128 0x1u
#define TLSNIC_CAP_RX_TLS12_AES_GCM_256 0x2u
#define TLSNIC_CAP_RX_TLS13_AES_GCM_128 0x4u
#define TLSNIC_CAP_RX_TLS13_AES_GCM_256 0x8u
#define TLSNIC_CAP_TX_TLS12_AES_GCM_128 0x10u
#define TLSNIC_CAP_TX_TLS12_AES_GCM_256 0x20u
#define TLSNIC_CAP_TX_TLS13_AES_GCM_128 0x40u
#define TLSNIC_CAP_TX_TLS13_AES_GCM_256 0x80u
#define TLSNIC_CAP_TX_CHECKSUM 0x100u     /* IPv4 header and TCP checksum, TLSNIC_TX_CHECKSUM */
#define TLSNIC_CAP_TX_SEGMENTATION 0x200u /* TLSNIC_TX_SEGMENT */
#define TLSNIC_CAP_RX_LRO 0x400u          /* TLSNIC_FEATURE_RX_LRO */

/* Joins consecutive segments of a connection into one frame of up to 65,535 bytes behind the link
 * header; the receive ring must have buffers for so much. */
#define TLSNIC_FEATURE_RX_LRO 0x1u

/* MSI-X vectors. */
#define TLSNIC_VECTOR_COMMAND 0u
#define TLSNIC_VECTOR_RX 1u
#define TLSNIC_VECTOR_TX 2u

#endif
