#include "bench/memory_usage.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

namespace tlsnic::bench {
namespace {

MemoryUsage usage;  // of now, but for what malloc() says

std::size_t cost(void* block) {
  return malloc_usable_size(block) + sizeof(std::size_t);
}

void* openssl_malloc(std::size_t size, const char*, int) {
  void* block = std::malloc(size);
  if (block != nullptr) usage.openssl += cost(block);
  return block;
}

void openssl_free(void* block, const char*, int) {
  if (block != nullptr) usage.openssl -= cost(block);
  std::free(block);
}

void* openssl_realloc(void* block, std::size_t size, const char*, int) {
  const std::size_t before = block != nullptr ? cost(block) : 0;
  void* moved = std::realloc(block, size);
  if (moved != nullptr) usage.openssl += cost(moved) - before;
  return moved;
}

}  // namespace

bool count_openssl_memory() {
  return CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;
}

MemoryUsage memory_usage() {
  MemoryUsage out = usage;
  const struct mallinfo2 info = mallinfo2();
  out.allocator = info.uordblks + info.hblkhd;
  return out;
}

}  // namespace tlsnic::bench

using tlsnic::bench::usage;

void* operator new(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  const std::size_t step = tlsnic::bench::cost(block) / tlsnic::bench::size_step;
  if (step < usage.blocks.size()) ++usage.blocks[step];
  return block;
}

void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  const std::size_t step = tlsnic::bench::cost(block) / tlsnic::bench::size_step;
  if (step < usage.blocks.size()) --usage.blocks[step];
  std::free(block);
}

void operator delete(void* block, std::size_t) noexcept {
  operator delete(block);
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto multiple = static_cast<std::size_t>(alignment);
  void* block = std::aligned_alloc(multiple, (size + multiple - 1) / multiple * multiple);
  if (block == nullptr) throw std::bad_alloc();
  usage.aligned += tlsnic::bench::cost(block);
  return block;
}

void operator delete(void* block, std::align_val_t) noexcept {
  if (block != nullptr) usage.aligned -= tlsnic::bench::cost(block);
  std::free(block);
}

void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
  operator delete(block, alignment);
}
