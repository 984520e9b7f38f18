// Host memory that a device may read and write: coherent rings, a pool of pages for packets, and
// mappings through which it reads bytes that lie elsewhere in the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::netdev {

using DmaAddress = std::uint64_t;

class DmaMemory {
 public:
  static constexpr DmaAddress base = 0x1000'0000;  // nothing valid near zero
  static constexpr std::size_t page_size = 2048;   // bytes; holds a frame of MTU 1500 with tags
  static constexpr DmaAddress mapping_base = DmaAddress{1} << 40;
  static constexpr std::size_t max_mapping = std::size_t{1} << 17;  // bytes

  // size: bytes of address space; resident only as far as it is touched.
  explicit DmaMemory(std::size_t size = std::size_t{40} << 20);

  // A region for the life of this memory, aligned to 64 bytes, zeroed. Throws std::bad_alloc.
  DmaAddress allocate(std::size_t size);

  // The last page given back is the next one handed out: it is still in the host's cache.
  // Nothing when no page is left.
  std::optional<DmaAddress> allocate_page();
  void free_page(DmaAddress page);
  std::size_t pages_in_use() const { return pages_in_use_; }

  // The bytes [address, address + size), or an empty view if any of them is outside. size > 0.
  MutableBytes at(DmaAddress address, std::size_t size);

  // dma_map_single(DMA_TO_DEVICE): the device may read these bytes, 1 to max_mapping of them, until
  // unmap(). They stay where they are for as long.
  DmaAddress map(Bytes bytes);
  void unmap(DmaAddress address);
  std::size_t mappings() const { return mappings_.size() - free_mappings_.size(); }
  // As at(), mappings included.
  Bytes readable(DmaAddress address, std::size_t size);

 private:
  std::size_t size_;
  std::size_t used_ = 0;
  std::size_t pages_in_use_ = 0;
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::vector<DmaAddress> free_pages_;
  std::vector<Bytes> mappings_;  // empty: free
  std::vector<std::size_t> free_mappings_;
};

// Bytes of one received frame: a page of a DmaMemory, or heap memory for a frame larger than a
// page. Gives the page back when it goes.
class PacketBuffer {
 public:
  PacketBuffer() = default;
  PacketBuffer(DmaMemory& memory, DmaAddress page) : memory_(&memory), page_(page) {}
  explicit PacketBuffer(std::size_t size) : heap_(std::make_unique<std::uint8_t[]>(size)) {}
  PacketBuffer(PacketBuffer&& other) noexcept;
  PacketBuffer& operator=(PacketBuffer&& other) noexcept;
  ~PacketBuffer();

  std::uint8_t* data() const;

 private:
  DmaMemory* memory_ = nullptr;
  DmaAddress page_ = 0;
  std::unique_ptr<std::uint8_t[]> heap_;
};

}  // namespace tlsnic::netdev
