// What of the program's memory is in use, by who asked for it. Counts from the program's start on:
// operator new and delete are this program's own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tlsnic::bench {

// Blocks of operator new are counted by size up to here, in steps of the allocator's.
constexpr std::size_t largest_counted = 131072;
constexpr std::size_t size_step = 16;

// In bytes, the allocator's own part of each block included.
struct MemoryUsage {
  std::size_t allocator = 0;  // all that malloc() says is in use
  std::size_t openssl = 0;    // of that, by OpenSSL
  std::size_t aligned = 0;    // ... by operator new with an alignment beyond malloc()'s
  std::array<std::uint32_t, largest_counted / size_step> blocks{};
};

// To be called before anything of OpenSSL; false: it was not.
bool count_openssl_memory();
MemoryUsage memory_usage();

}  // namespace tlsnic::bench
