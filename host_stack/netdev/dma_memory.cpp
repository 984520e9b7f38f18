#include "host_stack/netdev/dma_memory.h"

#include <new>
#include <utility>

namespace tlsnic::netdev {

DmaMemory::DmaMemory(std::size_t size) : size_(size), bytes_(new std::uint8_t[size]) {}

DmaAddress DmaMemory::allocate(std::size_t size) {
  const std::size_t start = (used_ + 63) / 64 * 64;
  if (size > size_ || start > size_ - size) throw std::bad_alloc();
  used_ = start + size;
  std::memset(bytes_.get() + start, 0, size);
  return base + start;
}

std::optional<DmaAddress> DmaMemory::allocate_page() {
  DmaAddress page;
  if (free_pages_.empty()) {
    const std::size_t start = (used_ + page_size - 1) / page_size * page_size;
    if (start > size_ - page_size) return std::nullopt;
    used_ = start + page_size;
    page = base + start;
  } else {
    page = free_pages_.back();
    free_pages_.pop_back();
  }
  ++pages_in_use_;
  return page;
}

void DmaMemory::free_page(DmaAddress page) {
  free_pages_.push_back(page);
  --pages_in_use_;
}

MutableBytes DmaMemory::at(DmaAddress address, std::size_t size) {
  if (address < base || size > size_ || address - base > size_ - size) return {};
  return {bytes_.get() + (address - base), size};
}

DmaAddress DmaMemory::map(Bytes bytes) {
  std::size_t slot = mappings_.size();
  if (free_mappings_.empty()) {
    mappings_.push_back(bytes);
  } else {
    slot = free_mappings_.back();
    free_mappings_.pop_back();
    mappings_[slot] = bytes;
  }
  return mapping_base + slot * max_mapping;
}

void DmaMemory::unmap(DmaAddress address) {
  const std::size_t slot = (address - mapping_base) / max_mapping;
  mappings_[slot] = {};
  free_mappings_.push_back(slot);
}

Bytes DmaMemory::readable(DmaAddress address, std::size_t size) {
  if (address < mapping_base) return at(address, size);
  const std::size_t slot = (address - mapping_base) / max_mapping;
  const std::size_t offset = (address - mapping_base) % max_mapping;
  if (slot >= mappings_.size()) return {};
  const Bytes mapped = mappings_[slot];
  if (size > mapped.size() || offset > mapped.size() - size) return {};
  return mapped.subspan(offset, size);
}

PacketBuffer::PacketBuffer(PacketBuffer&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      page_(other.page_),
      heap_(std::move(other.heap_)) {}

PacketBuffer& PacketBuffer::operator=(PacketBuffer&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(page_, other.page_);
  std::swap(heap_, other.heap_);
  return *this;
}

PacketBuffer::~PacketBuffer() {
  if (memory_ != nullptr) memory_->free_page(page_);
}

std::uint8_t* PacketBuffer::data() const {
  if (memory_ == nullptr) return heap_.get();
  return memory_->at(page_, DmaMemory::page_size).data();
}

}  // namespace tlsnic::netdev
