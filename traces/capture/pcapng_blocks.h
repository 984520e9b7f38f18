// Numbers of the pcapng format (draft-ietf-opsawg-pcapng).
#pragma once

#include <cstddef>
#include <cstdint>

namespace tlsnic::traces {

constexpr std::uint32_t block_section_header = 0x0a0d0d0a;
constexpr std::uint32_t block_interface = 1;
constexpr std::uint32_t block_packet = 2;  // obsolete
constexpr std::uint32_t block_simple_packet = 3;
constexpr std::uint32_t block_enhanced_packet = 6;
constexpr std::uint32_t block_secrets = 10;

constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint32_t byte_order_magic_swapped = 0x4d3c2b1a;
constexpr std::uint32_t secrets_tls_key_log = 0x544c534b;  // "TLSK"

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t option_if_tsresol = 9;
constexpr std::uint16_t option_if_tsoffset = 14;

constexpr std::size_t block_overhead = 12;  // type, total length, total length again
constexpr std::size_t section_header_fixed = 16;
constexpr std::size_t enhanced_packet_fixed = 20;

// Blocks that hold no packet of a network and yet have a frame number in Wireshark: the systemd
// journal, custom blocks, sysdig events.
inline bool is_numbered_event(std::uint32_t block_type) {
  switch (block_type) {
    case 0x00000009:
    case 0x00000bad:
    case 0x40000bad:
    case 0x00000204:
    case 0x00000216:
    case 0x00000221:
      return true;
    default:
      return false;
  }
}

// Reads numbers in the byte order of a section, whatever this machine's is.
struct ByteOrder {
  bool big_endian = false;

  std::uint16_t load16(const std::uint8_t* p) const {
    return static_cast<std::uint16_t>(big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
  }
  std::uint32_t load32(const std::uint8_t* p) const {
    const std::uint32_t low = load16(big_endian ? p + 2 : p);
    const std::uint32_t high = load16(big_endian ? p : p + 2);
    return high << 16 | low;
  }
  std::uint64_t load64(const std::uint8_t* p) const {
    const std::uint64_t low = load32(big_endian ? p + 4 : p);
    const std::uint64_t high = load32(big_endian ? p : p + 4);
    return high << 32 | low;
  }
};

}  // namespace tlsnic::traces
