// The three worlds in which the same calls must return the same.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace tlsnic::host::test {

enum class WorldKind : std::uint8_t { software, hardware, hardware_lossy };
constexpr WorldKind all_world_kinds[] = {WorldKind::software, WorldKind::hardware,
                                         WorldKind::hardware_lossy};

struct Batch {
  std::uint64_t first = 0;  // seed
  std::uint64_t count = 0;
};

// Of one world.
struct BatchResult {
  std::vector<std::string> logs;  // per seed; fewer than asked for if the last one did not end well
  std::uint64_t in_device = 0;    // directions that got into a device
  std::uint64_t retransmitted = 0;  // segments
};

std::string to_text(const BatchResult& result);
BatchResult from_text(const std::string& text);

// One connection after the other. To be run in a process of its own, which SIGALRM ends if a
// connection does not. at: the seed under way, for whoever survives this process.
BatchResult run_batch(WorldKind kind, const Batch& batch, std::atomic<std::uint64_t>& at);

}  // namespace tlsnic::host::test
