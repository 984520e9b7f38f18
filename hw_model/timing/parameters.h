// Everything about the chip that can be set. The defaults make a generic 100 Gb/s device; no vendor
// publishes per-unit numbers, so none of them claims to be a product's (docs/accuracy.md).
#pragma once

#include "hw_model/timing/stage.h"
#include "hw_model/tls/rx_policy.h"

namespace tlsnic::hw {

struct NicParameters {
  Picoseconds clock_period = 1000;     // 1 GHz
  Picoseconds wire_per_byte = 80;      // 100 Gb/s, in each direction
  std::uint32_t buffer_packets = 512;  // received, in the MAC; when full, the link is paused

  StageParameters parser{1, 64, 4};
  StageParameters checksum{1, 64, 2};
  StageParameters flow{4, 64, 8};            // table look-up; bytes do not pass through it
  StageParameters tls{8, 16, 20};            // one AES block per cycle
  StageParameters dma{8, 16, 400};           // PCIe 3 x16: about 15.5 bytes per ns
  std::uint32_t tls_cycles_per_record = 20;  // hash key, first counter block, tag; both directions
  Picoseconds lro_time_out = 32'000'000;     // mlx5's default

  StageParameters tx_dma{8, 16, 800};  // descriptors and bytes from host memory: there and back
  StageParameters tx_tls{8, 16, 20};   // an engine of its own: the directions do not compete
  // Operations are fetched while those in the transmit path hold fewer bytes than this (64 at least
  // count for each), so that one packet more than this is there at most.
  std::uint32_t tx_buffer_bytes = 1u << 18;

  std::uint32_t max_keys = 1u << 18;
  std::uint32_t max_contexts =
      1u << 17;  // in each direction; 128 Ki flows were run on a ConnectX-6 Dx
  std::uint32_t cached_contexts =
      20165;  // in each direction; 4 MiB / 208 bytes (ASPLOS 2021, section 6.5)
  Picoseconds context_fetch = 1'000'000;  // from host memory; the real value is unknown

  Picoseconds firmware_command =
      30'000'000;                        // object create/destroy: half of a measured 60 us pair
  Picoseconds fast_command = 1'000'000;  // parameters, query: posted to the data path

  RxPolicy rx;
};

}  // namespace tlsnic::hw
